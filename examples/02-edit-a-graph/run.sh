#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Does here what README.md says, and looks at what came of it.
. "$(dirname "$0")/../page.sh"
follow "$(dirname "$0")/README.md"
has runs/first/final.json graphs/cleaned.xml fornix.rng
[ "$(grep -c 'results:' printed)" = 3 ] || fail 'three runs were wanted'
