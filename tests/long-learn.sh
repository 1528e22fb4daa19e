#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Learns as well as PyTorch does: graphs/hippocampus.xml beside the same in PyTorch, each on one
# thread. The median of the test Dice over SEEDS may be lower by .01 at most, at 300 and at 500
# steps.
set -u
# shellcheck source=tests/run/common.sh
. "${srcdir:-$(dirname "$0")/..}/tests/run/common.sh"
data=${HIPPOCAMPUS:-$srcdir/../shared/data/hippocampus}
seeds=${SEEDS:-1 2 3}
steps='300 500'
export OMP_NUM_THREADS=1

skip() {
    echo "skipped: $*"
    exit 77
}

[ -e "$data/index.csv" ] || skip "no $data; HIPPOCAMPUS names the folder"
for python in ${PYTHON:-/usr/bin/python3 python3} none; do
    "$python" -c 'import torch, nibabel' 2>/dev/null && break
done
[ "$python" != none ] || skip "no Python with torch and nibabel; PYTHON names one"

for seed in $seeds; do
    run "seed$seed" "$srcdir/graphs/hippocampus.xml" -p data="$data" -p seed="$seed" -p steps=500
    expect 0 'results:'
    for step in $steps; do
        sed -n "s/^{\"step\": $step, .*\"watch.dice\": \([0-9.]*\).*/fornix $seed $step \1/p" \
            "$work/seed$seed/stages/segment/metrics.jsonl"
    done
    # shellcheck disable=SC2086 # two words
    "$python" "$srcdir/tests/learn/hippocampus.py" "$data" "$seed" $steps |
        sed "s/^/pytorch $seed /"
done | tee "$work/dice"

# shellcheck disable=SC2086 # lists of words
awk -v seeds="$(echo $seeds | wc -w)" -v least=-.01 '
    function median(side, step,    n, i, k, x) {
        n = 0
        for (i = 1; i <= NR; i++)
            if (who[i] == side && at[i] == step) {
                for (k = n++; k > 0 && x[k - 1] > dice[i]; k--) x[k] = x[k - 1]
                x[k] = dice[i]
            }
        if (n != seeds) { print side ": " n " of " seeds " seeds at step " step; bad = 1; return 0 }
        return n % 2 ? x[(n - 1) / 2] : (x[n / 2 - 1] + x[n / 2]) / 2
    }
    { who[NR] = $1; at[NR] = $3; dice[NR] = $4 + 0 }
    END {
        print "steps  fornix  pytorch  difference: medians of " seeds " seeds"
        for (step = 300; step <= 500; step += 200) {
            ours = median("fornix", step); theirs = median("pytorch", step)
            printf "%5d  %.4f   %.4f  %+.4f\n", step, ours, theirs, ours - theirs
            if (ours - theirs < least) bad = 1
        }
        exit bad
    }' "$work/dice" || fail "it learns worse"
exit $bad
