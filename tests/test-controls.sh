#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What a sweep says of its arms: null arms, tests over folds by hand, controls that withhold the
# verdict; and the same in a graph.
set -u
# shellcheck source=tests/sweep/common.sh
. "${srcdir:-$(dirname "$0")/..}/tests/sweep/common.sh"
export FORNIX_CACHE="$work/cache"

written() { # NAME ELEMENTS: a sweep of three arms in two folds with two seeds
    {
        echo "<sweep xmlns='urn:fornix:graph:1' name='$1' graph='vectors.xml'>"
        echo '<axis name="fold" in="0..1"/><axis name="seed" in="1 2"/>'
        echo '<axis name="arm" in="none weights smote"/><metric name="auc" of="scores.auc"/>'
        echo "$2</sweep>"
    } >"$work/$1.xml"
}
compare='<compare scores="scores" over="arm" baseline="none" draws="100"'
told() { # TEXT: in results.json
    grep -qF -- "$1" "$work/$name/results.json" || fail "$name: no '$1' in results.json"
}

# ---- Null arms, effects, the test over folds ----

written nulls "$compare null=\"weights\"/>
    <control name='positive' of='scores.auc' between='0 1'/>"
sweep nulls "$work/nulls.xml"
expect 0 "control 'positive': mean [.0-9]* of 12, has to lie between .000 and 1.000: passed"
expect 0 "'smote': [a-z ]*: .* 'none' (.*; .* 'weights' (.*; 4 runs, from 64 subjects"
grep -q "'weights': .*'smote' (" "$work/nulls.log" && fail "a null arm is judged by other arms"
told '"passed": true'
told '"arm": "weights",'
told '"verdict": "baseline"'

# Mean over deviation of the differences of runs, and the t of Nadeau and Bengio: 32 subjects are
# tested in each fold, 32 others trained on.
by_hand=$(awk -F, '{ for (k = 1; k <= NF; k++) gsub(/["\r]/, "", $k) }
    NR == 1 { for (k = 1; k <= NF; k++) column[$k] = k + 2; next } # a name holds two commas
    { auc[$(column["arm"]) " " $(column["fold"]) " " $(column["seed"])] = $(column["auc"]) }
    END { n = 0; for (f = 0; f < 2; f++) for (s = 1; s < 3; s++) {
            d[n++] = auc["smote " f " " s] - auc["none " f " " s]; mean += d[n - 1] / 4 }
        for (k = 0; k < 4; k++) square += (d[k] - mean) ^ 2 / 3
        t = mean / sqrt((1 / 4 + 1) * square)
        printf "%.9f ", mean / sqrt(square)
        x = 3 / (3 + t * t) # two-sided p of t with three degrees of freedom, in closed form
        a = atan2(sqrt(t * t), sqrt(3)); pi = atan2(0, -1)
        printf "%.9f\n", 1 - 2 / pi * (a + sqrt(x) * sqrt(1 - x)) }' "$work/nulls/results.csv")
found=$(awk '/"comparisons"/ { on = 1 } on && /"arm": "smote"/ { arm = 1 } arm && /"auc": / { auc = 1 }
    auc && /"effect": / { effect = $2 + 0 }
    auc && /"resampled_p": / { printf "%.9f %.9f\n", effect, $2; exit }' "$work/nulls/results.json")
[ "$found" = "$by_hand" ] || fail "effect and p over folds are '$found', by hand '$by_hand'"

written pinned "$compare null='weights'/>"
sweep pinned "$work/pinned.xml" -p arm=none
expect 0 "null arm 'weights' is not there: no verdict is against it"

# ---- Controls ----

for what in "between='0 0.01'" "between='0 1' when='arm = none and fold &gt; 5'"; do
    written failed "$compare/><control name='permuted' of='scores.auc' $what/>"
    sweep failed "$work/failed.xml"
    expect 0 "! control 'permuted': mean .*: failed"
    expect 0 "! the verdict is withheld: control 'permuted' failed"
    grep -q "^  'smote': " "$work/failed.log" && fail "there is a verdict where a control failed"
    told '"withheld": "permuted"'
    told '"verdict": "withheld"'
    told '"passed": false'
done

# A comparison takes the jobs that its when= holds for.
written some "$compare when='fold = 1'/>"
sweep some "$work/some.xml"
expect 0 "'smote': .*; 2 runs, from 32 subjects"
grep -q 'resampled_p' "$work/some/results.json" && fail "two seeds of one fold are no folds"

refused() { # ELEMENT WORDS
    written wrong "$1"
    sweep wrong "$work/wrong.xml"
    expect 2 "$2"
}
refused '<control name="c" of="scores.auc" between="0.6"/>' 'two numbers are wanted: 0.45 0.55'
refused '<control name="c" of="scores.auc" between="1 0"/>' 'the first number is above the second'
refused '<control name="c" of="scores.auc" between="0 1" when="amr = none"/>' "amr"
refused "$compare null='wieghts'/>" "axis 'arm' has no value 'wieghts'"
refused "$compare null='wieghts'/>" "did you mean 'weights'"
refused "$compare when='fold = '/>" "wrong.xml:4"
refused '<metric name="x" of="scorse.auc"/>' "no node of any job fits 'scorse.auc'"
refused '<metric name="x" of="scorse.auc"/>' "did you mean 'scores.auc'"
refused '<control name="c" of="scores[*].auc" between="0 1"/>' "no node of any job fits 'scores\[\*\].auc'"
refused '<compare scores="scoers" over="arm"/>' "did you mean 'scores'"
refused '<compare scores="scores" over="arm" baseline="nonne"/>' "no arm is called 'nonne'; the first one is 'none'"
refused '<compare scores="scores" over="arm fold" baseline="none"/>' "did you mean 'none 0'"
refused '<contrl name="c"/>' "did you mean 'control'"

# ---- What a reader must not overlook: told where it is so, and nowhere else ----

table_of() { # NAME RARE SIGNAL: 64 subjects, every so many high, which lie so far off
    awk -v rare="$2" -v signal="$3" 'BEGIN { print "subject,grade,a,b,c,d"; x = 12345
        for (k = 0; k < 64; k++) { high = k % rare == 0
            printf "s%02d,%s", k, high ? "high" : "low"
            for (c = 0; c < 4; c++) { x = (x * 1103 + 12345) % 65536
                printf ",%.4f", 3 * x / 65536 - 1.5 + signal * high }
            print "" } }' >"$work/$1.csv"
}
warnings='chance lies in the interval of the AUC
it names one class always
the totals do not follow from the figures and counts of the classes
something was fitted or chosen on subjects that are judged
is better, and balanced accuracy is not: other classes paid for it
subjects of class'
warns() { # WORDS...: these of all warnings, in the log and in results.json
    echo "$warnings" | while read -r line; do
        wanted=0
        for words; do case $line in *"$words"*) wanted=1 ;; esac done
        for file in "$work/$name.log" "$work/$name/results.json"; do
            [ "$(grep -cF "$line" "$file" | sed 's/^[1-9].*/1/')" = $wanted ] ||
                echo "$name: warned of '$line' is not $wanted"
        done
    done >"$work/wrong.txt"
    [ ! -s "$work/wrong.txt" ] || fail "$(cat "$work/wrong.txt")"
}

table_of clear 2 2
table_of noise 8 0
table_of payer 4 0
written poor "$compare/>"
sweep clear "$work/poor.xml" -p table="$work/clear.csv" -p steps=100
warns
sweep poor "$work/poor.xml" -p table="$work/noise.csv" -p steps=100
expect 0 "! only 8 subjects of class 'high'"
warns chance 'names one class' 'subjects of class'
sweep pays "$work/poor.xml" -p table="$work/payer.csv" -p steps=100
expect 0 "! sensitivity.high is better, and balanced accuracy is not: other classes paid for it: 'weights'"
warns chance 'names one class' 'other classes'

# A total that does not follow from what stands below it, in one run of twelve.
found=$(ls -d "$work/clear/jobs/"*arm=smote*)
spoilt=$(echo "$found" | head -n 1)/stages/scores/table
chmod -R u+w "$spoilt"
sed -i 's/"name":"accuracy","value":[0-9.e-]*/"name":"accuracy","value":0.123/' "$spoilt/table.json"
sweep clear "$work/poor.xml" -p table="$work/clear.csv" -p steps=100
expect 0 "! the totals do not follow from .*: 'smote' in 1 of 4 runs"
warns 'the totals'

# A cut that was chosen on those whom it is judged by.
sed '/<evaluate_classification/d; /<\/graph>/d' "$work/vectors.xml" >"$work/cut.xml"
cat >>"$work/cut.xml" <<'XML'
  <threshold id="cut" samples="predicted" fit="test"/>
  <evaluate_classification id="scores" predictions="predicted" cut="cut" acknowledge="to see that it is told"/>
</graph>
XML
sed 's/graph="vectors.xml"/graph="cut.xml"/; s/graph=.vectors.xml./graph="cut.xml"/' "$work/poor.xml" >"$work/chosen.xml"
sweep chosen "$work/chosen.xml" -p table="$work/clear.csv" -p steps=100
expect 0 "! something was fitted or chosen on .*: 'none' in 4 of 4 runs, "
warns 'something was'

# ---- In a graph ----

for low in 0 0.999; do
    {
        sed '/<\/graph>/d' "$work/vectors.xml"
        echo "<mean_scores id='mean' scores='scores' figure='auc' between='$low 1'/>"
        echo '<compare id="verdict" positive="mean" scores="scores"/></graph>'
    } >"$work/graph$low.xml"
done
run passes "$work/graph0.xml"
expect 0 "positive control 'mean': mean .* has to lie between .000 and 1.000: passed"
run fails "$work/graph0.999.xml"
expect 0 'the verdict is withheld: the positive control failed'
told_in() { # FILE TEXT
    grep -qF -- "$2" "$work/$name/$1" || fail "$name: no '$2' in $1"
}
told_in final.json '"controls_failed": 1.0'
told_in lines.json 'the verdict is withheld'
for curve in roc.low precision_recall.high reliability confusion; do
    told_in curves.json "\"$curve\": {"
done

# A cut that was chosen on those who are judged: acknowledged there, and told in the comparison.
{
    sed '/<\/graph>/d; /<evaluate_classification/d' "$work/vectors.xml"
    echo '<threshold id="cut" samples="predicted" fit="test"/>'
    echo '<evaluate_classification id="scores" predictions="predicted" cut="cut" acknowledge="why"/>'
    echo '<compare id="verdict" scores="scores"/></graph>'
} >"$work/chosen.xml"
run chosen "$work/chosen.xml"
expect 0 "! 'scores': something was fitted or chosen on subjects that are judged here"
grep -q 'chosen on subjects' "$work/passes.log" && fail "what was chosen elsewhere is warned of"
exit $bad
