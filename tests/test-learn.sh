#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Small nets learn what they have to, and do not once a node's gradient has a mistake: each graph
# runs as it is, and again with plugins that were built with one (see learn/faulty.c).
set -u
# shellcheck source=tests/run/common.sh
. "${srcdir:-$(dirname "$0")/..}/tests/run/common.sh"
export OMP_NUM_THREADS=1

# A CSV of normally distributed numbers, the same with every awk.
table() { # SUBJECTS HEADER ROW: what awk prints of subject k, from normal()
    awk -v subjects="$1" "function uniform() {
            state = (state * 16807) % 2147483647
            return state / 2147483647
        }
        function normal() { return sqrt(-2 * log(uniform())) * cos(6.283185307 * uniform()) }
        BEGIN {
            state = 12345
            print \"subject,$2\"
            for (k = 0; k < subjects; k++) { $3 }
        }"
}
cp "$srcdir"/tests/learn/*.xml "$work"
sed -i "s|../../graphs|$srcdir/graphs|" "$work/phantom.xml"
table 400 agree,a,b 'a = (k % 4 < 2 ? 1 : -1) + .4 * normal(); b = (k % 2 ? 1 : -1) + .4 * normal()
    print k "," (a * b > 0) "," a "," b' \
    >"$work/xor.csv"
table 800 class,a,b,c,d 'low = int(k / 2) % 2
    print k "," (low ? "low" : "high") "," (low ? -1 : 1) + .4 * normal() "," \
        (low ? 1 : 2) + .8 * normal() "," 3 + .5 * normal() "," (low ? 2 : 0) + .6 * normal()' \
    >"$work/gaussians.csv"

figure() { # NAME: of the last run
    sed -n "s/^ *\"$1\": \(-*[0-9.e+-]*\),*\$/\1/p" "$work/$name/final.json" | head -n 1 |
        awk '{ printf "%.4f", $1 }'
}

learnt() { # FIGURE RELATION LIMIT, and again: what holds when a net has learnt
    while [ $# -gt 0 ]; do
        value=$(figure "$1")
        said="$said $1 ${value:-missing}"
        [ -n "$value" ] && awk "BEGIN { exit !($value $2 $3) }" || return 1
        shift 3
    done
}

# The criteria: all of them hold, or the net has not learnt.
xor_learns() { learnt auc '>' .995; }
phantom_learns() { learnt dice '>' .75; }
acgan_learns() {
    for class in low high; do
        learnt "means.$class" '<' .4 "spreads.$class" '>' .75 "spreads.$class" '<' 1.35 || return 1
    done
}

learns() { # GRAPH
    run "$1" "$work/$1.xml"
    expect 0 'results:'
    said=
    "$1_learns" || fail "$1 does not learn:$said"
    echo "$1:$said"
}

unlearns() { # GRAPH MISTAKE NODE PASSES GRADIENT NEED: the graph with a node that has that mistake
    faulty "$work/faults/$1-$3" "$3" -DPASSES="$4" -DGRADIENT="$5" -DNEED="$6" -DGRAINS=1 \
        -DMISTAKE="$2"
    FORNIX_PLUGIN_PATH="$work/faults/$1-$3" run "$1-$3" "$work/$1.xml"
    said=
    if [ "$code" = 0 ] && "$1_learns"; then
        fail "$1 learns with '$2' in $5 of $3:$said"
    fi
    if [ "$code" != 0 ]; then
        said=" $(grep -m 1 'not finite' "$work/$name.log")" || fail "$(tail -n 3 "$work/$name.log")"
    fi
    echo "$1 with '$2' in $5 of $3:$said"
}

# Adam follows a gradient of any length: only SGD, in as few steps as do, tells of a factor; what
# losses weigh against one another shows in an ACGAN.
learns xor
for factor in -1 0.25f 4; do
    unlearns xor "scale(wrong, $factor)" dense DENSE_PASSES 'dweight[0]' FORNIX_FOR_WEIGHT
done
learns phantom
unlearns phantom 'scale(wrong, -1)' conv CONV_PASSES 'din[0]' FORNIX_FOR_INPUT
learns acgan
unlearns acgan 'scale(wrong, 32)' bce_loss LOSS_PASSES 'din[0]' FORNIX_FOR_INPUT
exit $bad
