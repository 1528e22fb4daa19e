#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Does here what README.md says, and looks at what came of it.
. "$(dirname "$0")/../page.sh"
follow "$(dirname "$0")/README.md"
has results/results.csv results/results.json results/times.csv
[ "$(wc -l <results/results.csv)" = 25 ] || fail '24 jobs were wanted'
