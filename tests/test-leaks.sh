#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Leaks, each planted in a small graph of its own, and the same graph without it.
#
# The comment at the top of tests/leaks/NAME.xml says which params plant the leak, whether a check
# tells or only a run can, what is said, and on what line. Without those params the graph must run;
# with them it must not, and leave no figures; where somebody answers for the leak, it runs, and
# both reports say so.
set -u
# shellcheck source=tests/run/common.sh
. "${srcdir:-$(dirname "$0")/..}/tests/run/common.sh"
leaks=$work/leaks
cp -R "$srcdir/tests/leaks" "$leaks"
chmod -R u+w "$leaks"
cd "$leaks" || exit 1

# ---- Whom the graphs are about ----

list() { # PREFIX SUBJECTS SEED: subjects with a grade and two numbers
    awk -v prefix="$1" -v n="$2" -v seed="$3" 'BEGIN { srand(seed); print "subject,grade,a,b"
        for (k = 0; k < n; k++)
            printf "%s%02d,%s,%.3f,%.3f\n", prefix, k, k % 2 ? "low" : "high", rand() + k % 2, rand() }'
}
list s 24 1 >table.csv
list s 24 2 | sed '1!p' >again.csv
list o 24 3 >others.csv
awk -F, 'NR == 1 { print $0 ",visit,centre"; next }
    { centre = NR % 3 ? "one" : "two"; print $0 ",one," centre; print $0 ",two," centre }' \
    table.csv >visits.csv

pixel='\211PNG\r\n\032\n\000\000\000\rIHDR\000\000\000\001\000\000\000\001\010\000\000\000\000:~\233U\000\000\000\nIDATx\234ch\000\000\000\202\000\201w\315r\266\000\000\000\000IEND\256B`\202'
for k in 1 2 3 4 5 6 7 8; do
    # shellcheck disable=SC2059 # the bytes are the format
    printf "$pixel" >"p$k.png"
    cp "p$k.png" "q$k.png"
    grade=$((k % 2))
    echo "p$k,p$k.png,g$grade" >>pictures.csv
    echo "q$k,q$k.png,g$grade" >>unlike.csv
    echo "q$k,p$k.png,g$grade" >>same.csv
done
for manifest in pictures unlike same; do
    { echo subject,image,grade && cat $manifest.csv; } >new.csv && mv new.csv $manifest.csv
done

features() { # FILE: a row for each subject in the order that stdin has them
    subjects=$(paste -s -d, - | sed 's/,/\\n/g')
    header="{\"__metadata__\":{\"subjects\":\"$subjects\"},\"feature\":{\"dtype\":\"F32\",\"shape\":[24,2],\"data_offsets\":[0,192]}}"
    {
        # shellcheck disable=SC2059 # the length as a byte
        printf "\\$(printf '%03o' $((${#header} % 256)))\\$(printf '%03o' $((${#header} / 256)))\000\000\000\000\000\000"
        printf '%s' "$header"
        head -c 192 /dev/zero
    } >"$1"
}
sed '1d; s/,.*//' table.csv | features fixed.safetensors
sed '1d; s/,.*//' table.csv | sort -k 1.3 | sed '1{h;d;}; $G' | features moved.safetensors

for part in train all; do
    parts=$part
    [ $part = all ] && parts='train validation test'
    cp earlier/graph.xml earlier.xml
    run "earlier-$part" earlier.xml -p part="$parts"
    expect 0 'results:'
    cp "$work/earlier-$part/stages/earlier/weights.safetensors" $part.safetensors
    cp "$work/earlier-$part/stages/tapped/table/tensors.safetensors" tapped-$part.safetensors
done
! grep -aq 's0[0-9]' all.safetensors tapped-all.safetensors || fail "weights name subjects"

# ---- One leak after another ----

field() { # NAME: of the comment at the top
    sed -n "s/^ *$1: \(.*[^ ]\) *\$/\1/p" "$graph" | sed 's/ -->$//' | head -n 1
}

look() { # ARGUMENT...: a check of the graph
    "$fornix" check "$graph" "$@" >"$work/$name.log" 2>&1
    code=$?
}

told() { # CODE: what is said, at a line with that text, or at the -p that brought it
    [ "$code" = "$1" ] || fail "$graph with $leak: ended with $code, not $1"
    ! grep -F "$says" "$work/$name.log" | grep -q '^\(fornix: \)*-p:[0-9:]* error: ' || return 0
    line=$(grep -F "$says" "$work/$name.log" | sed -n "s/^[^:]*$graph:\([0-9]*\):[0-9]*: error: .*/\1/p" | head -n 1)
    if [ -z "$line" ]; then
        fail "$graph with $leak: nothing says '$says': $(head -n 4 "$work/$name.log")"
    elif ! sed -n "${line}p" "$graph" | grep -qF "$at"; then
        fail "$graph with $leak: told at line $line, not at $at"
    fi
}

planted=0
for graph in *.xml; do
    [ "$graph" = earlier.xml ] && continue
    leak=$(field leak) says=$(field says) at=$(field at) when=$(field told) name=${graph%.xml}
    [ -n "$leak" ] && [ -n "$says" ] && [ -n "$at" ] && [ -n "$when" ] || fail "$graph says too little"
    planted=$((planted + 1))
    look
    [ "$code" = 0 ] || fail "$graph without a leak: $(cat "$work/$name.log")"
    run "$name" "$graph"
    expect 0 'results:'
    ! grep -q acknowledged "$work/$name/report.txt" || fail "$graph answers for nothing"
    eval "look $leak"
    case $when in check) told 2 ;; *) [ "$code" = 0 ] || fail "$graph: a check knew" ;; esac
    eval "run $name-leak $graph $leak"
    case $when in check) told 2 ;; *) told 1 ;; esac
    [ ! -e "$work/$name/final.json" ] || fail "$graph with $leak left figures"
    grep -q 'acknowledge="${why}"' "$graph" || continue
    eval "run $name-known $graph $leak -p why='it must be seen'"
    expect 0 'results:'
    grep -q '! .*judge.*acknowledged: it must be seen' "$work/$name/report.txt" ||
        fail "$name: report.txt does not say who answers"
    sed -n '/<ul class="warnings">/,/<\/ul>/p' "$work/$name/report.html" |
        grep -q 'acknowledged: it must be seen' || fail "$name: no red line in report.html"
done
[ $planted -ge 20 ] || fail "only $planted leaks"

# ---- What cannot be known is told ----

LC_ALL=C sed 's/"fitted_on"/"fitted_by"/' all.safetensors >mute.safetensors
graph=file-of-weights.xml
name=mute
look -p weights=mute.safetensors
expect 0 "-p:1:.*: warning: 'mute.safetensors' does not say on whom it was fitted"
run mute $graph -p weights=mute.safetensors
expect 0 'results:'
grep -q "! nobody knows on whom 'mute.safetensors' was fitted" "$work/mute/report.txt" ||
    fail "the report does not say that nobody knows"
LC_ALL=C sed 's/"earlier [0-9a-f]\{4\}/"earlier XYZ!/' all.safetensors >damaged.safetensors
run damaged $graph -p weights=damaged.safetensors
expect 2 'of whom it was fitted on is damaged'
LC_ALL=C sed 's/"subjects":/"whoisit_":/' fixed.safetensors >silent.safetensors
run silent joined-by-position.xml -p features=silent.safetensors
expect 0 'does not say whose its rows are: they are joined with the lines of .* by position'

# ---- A finished run, applied to those whom it was trained on ----

apply() { # NAME LIST
    name=$1
    "$fornix" apply "$work/earlier-train" --manifest "$2" -o "$work/$1" >"$work/$1.log" 2>&1
    code=$?
}
apply known table.csv
expect 0 "warning: 14 of these subjects were used to fit 'earlier'"
apply unknown others.csv
expect 0 'results:'
! grep -q 'were used to fit' "$work/unknown.log" || fail "strangers are taken for known"

echo "$planted leaks"
exit $bad
