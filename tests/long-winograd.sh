#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Minimal filtering changes roundings, not what is learnt: graphs/hippocampus.xml with 16 channels in
# its first level, so that all convolutions but the first have tiles, from the same weights and
# batches directly, by F(2) and by F(4). The median of the test Dice over SEEDS may be lower than
# that of direct convolution by .01 at most; printed are all curves' ends, and how far losses are
# apart in the first 20 steps, before chaos takes over.
set -u
# shellcheck source=tests/run/common.sh
. "${srcdir:-$(dirname "$0")/..}/tests/run/common.sh"
data=${HIPPOCAMPUS:-$srcdir/../shared/data/hippocampus}
seeds=${SEEDS:-1 2 3}
steps=${STEPS:-300}

if ! [ -e "$data/index.csv" ]; then
    echo "skipped: no $data; HIPPOCAMPUS names the folder"
    exit 77
fi

for seed in $seeds; do
    for tiles in none f2 f4; do
        run "$tiles$seed" "$srcdir/graphs/hippocampus.xml" -p data="$data" -p seed="$seed" \
            -p steps="$steps" -p base=16 -p winograd=$tiles
        expect 0 'results:'
        sed -n "s/^{\"step\": \([0-9]*\), .*\"loss\": \([0-9.]*\).*/$tiles $seed \1 loss \2/p
            s/^{\"step\": \([0-9]*\), .*\"watch.dice\": \([0-9.]*\).*/$tiles $seed \1 dice \2/p" \
            "$work/$tiles$seed/stages/segment/metrics.jsonl"
    done
done >"$work/curves"

# shellcheck disable=SC2086 # a list of words
awk -v seeds="$(echo $seeds | wc -w)" -v last="$steps" '
    function median(way,    n, i, k, x) {
        n = 0
        for (i in dice)
            if (index(i, way " ") == 1) {
                for (k = n++; k > 0 && x[k - 1] > dice[i]; k--) x[k] = x[k - 1]
                x[k] = dice[i]
            }
        if (n != seeds) { print way ": " n " of " seeds " seeds"; bad = 1; return 0 }
        return n % 2 ? x[(n - 1) / 2] : (x[n / 2 - 1] + x[n / 2]) / 2
    }
    $4 == "dice" && $3 == last { dice[$1 " " $2] = $5 + 0; print $1, "seed", $2, "Dice", $5 }
    $4 == "loss" && $1 == "none" { direct[$2, $3] = $5 }
    $4 == "loss" && $1 != "none" && $3 <= 20 {
        apart = $5 / direct[$2, $3] - 1
        apart = apart < 0 ? -apart : apart
        if (apart > most[$1]) most[$1] = apart
    }
    END {
        truth = median("none")
        printf "none: median Dice %.4f\n", truth
        for (i = 2; i <= 4; i += 2) {
            got = median("f" i)
            printf "f%d: median Dice %.4f (%+.4f), losses of the first 20 steps %.1e apart\n", i, got, got - truth, most["f" i]
            if (got - truth < -.01 || !(most["f" i] < 5e-3)) bad = 1
        }
        exit bad
    }' "$work/curves" || fail "tiles change what is learnt"
exit $bad
