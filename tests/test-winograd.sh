#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# A stage's winograd attribute reaches its convolutions: other roundings, the same training.
set -u
# shellcheck source=tests/run/common.sh
. "${srcdir:-$(dirname "$0")/..}/tests/run/common.sh"
graph=$srcdir/tests/run/winograd.xml

for tiles in none f2 f4; do
    run $tiles "$graph" -p tiles=$tiles
    expect 0 'results:'
    cksum <"$work/$tiles/stages/fit/weights.safetensors" >>"$work/sums"
    sed -n 's/.*"loss": *\([-+.0-9e]*\).*/\1/p' "$work/$tiles/stages/fit/metrics.jsonl" | tail -n 1 >>"$work/losses"
done
run default "$graph"
expect 0 'from the cache'
[ "$(sort -u "$work/sums" | wc -l)" = 3 ] || fail "weights are the same: $(cat "$work/sums")"
[ "$(wc -l <"$work/losses")" = 3 ] || fail "no losses: $(cat "$work/none/stages/fit/metrics.jsonl")"
awk 'NR == 1 { first = $1 } { apart = $1 / first - 1; if (apart < -1e-4 || apart > 1e-4) exit 1 }' \
    "$work/losses" || fail "losses differ: $(cat "$work/losses")"

run wrong "$graph" -p tiles=f8
expect 2 'f2'
exit $bad
