#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Does here what README.md says, and looks at what came of it.
. "$(dirname "$0")/../page.sh"
follow "$(dirname "$0")/README.md"
has runs/metaimages/final.json
dice=$(sed -n 's/^ *"dice": \([0-9.]*\).*/\1/p' runs/metaimages/final.json | tail -n 1)
echo "dice ${dice:-none}" | awk '{ exit !($2 > .6) }' || fail "it found nothing: Dice ${dice:-none}"
