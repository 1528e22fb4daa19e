#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Does here what README.md says, and looks at what came of it.
. "$(dirname "$0")/../page.sh"
follow "$(dirname "$0")/README.md"
has runs/feature-augmentation/final.json runs/first/final.json fornix.rng
grep -q '<element name="focal_tversky">' fornix.rng || fail 'the schema does not know the node'
dice=$(sed -n 's/^ *"dice": \([0-9.]*\).*/\1/p' runs/first/final.json | tail -n 1)
echo "dice ${dice:-none}" | awk '{ exit !($2 > .5) }' || fail "it has not learnt: Dice ${dice:-none}"
