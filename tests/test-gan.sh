#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Every generator of graphs/nets/gan.xml learns two classes, each a mixture of two normal
# distributions, and does not once a node's gradient has a mistake (learn/faulty.c). It ends when
# what it makes becomes no better; the same bits come of any number of threads and of a run that was
# killed; on maps all of it runs, in 2-D and 3-D.
set -u
# shellcheck source=tests/run/common.sh
. "${srcdir:-$(dirname "$0")/..}/tests/run/common.sh"

awk 'function uniform() { state = (state * 16807) % 2147483647; return state / 2147483647 }
    function normal() { return sqrt(-2 * log(uniform())) * cos(6.283185307 * uniform()) }
    BEGIN {
        state = 12345
        print "subject,class,a,b"
        for (k = 0; k < 400; k++) {
            low = int(k / 2) % 2
            a = (uniform() < .5 ? -2 : 2) + .4 * normal()
            b = (low ? 2 : -2) + .4 * normal()
            print k "," (low ? "low" : "high") "," a "," b
        }
    }' >"$work/pairs.csv"
for graph in learn/gan nets/gan-maps; do
    sed "s|../../graphs|$srcdir/graphs|" "$srcdir/tests/$graph.xml" >"$work/$(basename $graph).xml"
done

# The best of all validations, and whether the classes are two.
figure() { # NAME: of the stage
    sed -n "s/^ *\"$1\": \(-*[0-9.e+-]*\),*\$/\1/p" "$work/$name/final.json" | head -n 1 |
        awk '{ printf "%.3f", $1 }'
}

learnt() {
    said="likeness $(figure best) separation $(figure watch.likeness.separation)"
    [ "$code" = 0 ] && awk "BEGIN { exit !($(figure best) < .06 &&
        $(figure watch.likeness.separation) > .6 && $(figure watch.likeness.separation) < 1.5) }"
}

learns() { # NAME PARAM...
    as=$1
    shift
    run "$as" "$work/gan.xml" "$@"
    expect 0 'results:'
    learnt || fail "$as does not learn: $said"
    echo "$as: $said"
}

unlearns() { # NAME NODE MISTAKE PARAM...: with a node whose gradient has that mistake
    as=$1 node=$2 mistake=$3
    shift 3
    faulty "$work/faults/$as" "$node" -DPASSES=1 -DGRADIENT='din[0]' -DNEED=FORNIX_FOR_INPUT \
        -DGRAINS=1 -DMISTAKE="$mistake"
    FORNIX_PLUGIN_PATH="$work/faults/$as" run "$as-$node" "$work/gan.xml" "$@"
    if learnt; then fail "$as learns with '$mistake' in $node: $said"; fi
    [ "$code" = 0 ] || said=$(grep -m 1 'not finite' "$work/$name.log") ||
        fail "$name: $(tail -n 3 "$work/$name.log")"
    echo "$as with '$mistake' in $node: $said"
}

both() { # NAME NODE MISTAKE PARAM...
    as=$1 node=$2 mistake=$3
    shift 3
    learns "$as" -p gan="$as" "$@"
    unlearns "$as" "$node" "$mistake" -p gan="$as" "$@"
}

both acgan adversarial_loss 'scale(wrong, -1)'
both acgan-real cross_entropy 'scale(wrong, -1)' -p loss=least-squares
both projection inner_product 'scale(wrong, -1)' -p loss=hinge -p spectral=yes -p average=0.99 -p d_rate=2e-3
both f-clswgan gradient_penalty 'scale(wrong, -4)' -p loss=wasserstein -p penalty=1 -p d_times=3 \
    -p class_weight=0.01 -p steps=400
both reacgan data_to_data_loss 'scale(wrong, 0); scale(step->din[1], 0)' -p loss=hinge

# Ended by what is watched.
run stopped "$work/gan.xml" -p steps=5000 -p patience=2
expect 0 'results:'
steps=$(sed -n 's/^ *"steps": \([0-9]*\).*/\1/p' "$work/stopped/final.json" | head -n 1)
[ "${steps:-5000}" -lt 5000 ] || fail "it did not end when it became no better"

# All that has a state: averages, power iterations, draws.
all="-p gan=projection -p loss=hinge -p spectral=yes -p average=0.999 -p r1=0.1 -p penalty=10"
# shellcheck disable=SC2086 # words
agree bits '1 4' "$work/gan.xml" $all -p steps=40
# shellcheck disable=SC2086
run whole "$work/gan.xml" $all -p steps=400
FORNIX_CACHE=$work/cache-killed
# shellcheck disable=SC2086
"$fornix" run "$work/gan.xml" $all -p steps=400 -o "$work/killed" >"$work/first.log" 2>&1 &
process=$!
waited=0
while [ $waited -lt 300 ]; do
    grep -qs '"step": 1[0-9][0-9],.*g_loss' "$FORNIX_CACHE"/*.work/metrics.jsonl && break
    sleep .1
    waited=$((waited + 1))
done
kill -9 $process
wait $process 2>/dev/null
# shellcheck disable=SC2086
run killed "$work/gan.xml" $all -p steps=400
expect 0 'gan .*goes on at step'
same whole

for gan in acgan acgan-real projection reacgan; do
    run "maps-$gan" "$work/gan-maps.xml" -p gan=$gan
    expect 0 'results:'
done
run solid "$work/gan-maps.xml" -p gan=projection -p size=12 -p loss=bce
expect 0 'results:'
exit $bad
