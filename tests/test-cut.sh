#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Thresholds from the part that they are fitted on to the class that is written of a new subject:
# of three classes and of two, side by side in one table.
set -u
# shellcheck source=tests/run/common.sh
. "${srcdir:-$(dirname "$0")/..}/tests/run/common.sh"
cd "$work" || exit 1

# 90 subjects of three kinds, few of the third, and of two sexes.
awk 'BEGIN { print "subject,kind,sex,a,b"; x = 12345
    for (k = 0; k < 90; k++) {
        kind = k % 9 == 0 ? "c" : k % 9 < 4 ? "b" : "a"; sex = k * 7 % 5 < 2 ? "m" : "f"
        x = (x * 1103 + 12345) % 65536; a = 2 * x / 65536 + (kind == "b")
        x = (x * 1103 + 12345) % 65536; b = 2 * x / 65536 + 1.2 * (kind == "c") + (sex == "m")
        printf "s%02d,%s,%s,%.3f,%.3f\n", k, kind, sex, a, b } }' >table.csv
cat >graph.xml <<'XML'
<graph xmlns="urn:fornix:graph:1" name="kinds">
  <features id="data" manifest="table.csv" subject="subject" columns="a b" labels="kind sex"/>
  <split id="parts" samples="data" stratify="kind" validation="0.4" test="0.3"/>
  <net id="n" input="x"><dense id="kind" x="x" channels="3"/><dense id="sex" x="x" channels="2"/></net>
  <train id="fit" samples="parts" steps="100" batch="8">
    <use id="c" net="n" x="batch.feature"/>
    <cross_entropy id="kinds" logits="c/kind" label="batch.kind"/>
    <cross_entropy id="sexes" logits="c/sex" label="batch.sex"/>
    <sum id="loss" x="kinds sexes"/>
    <update nets="n" minimise="loss"><adam rate="1e-1"/></update>
  </train>
  <apply id="predicted" samples="parts" part="validation test" batch="8">
    <use id="c" net="n" x="batch.feature" weights="fit"/>
    <softmax id="p" x="c/sex"/>
    <collect logits="c/kind" sexed="p"/>
  </apply>
  <threshold id="kinds_cut" samples="predicted" column="logits" label="kind"/>
  <threshold id="sexes_cut" samples="predicted" column="sexed" label="sex"/>
  <evaluate_classification id="kinds" predictions="predicted" column="logits" label="kind" draws="100"
                           cut="kinds_cut"/>
  <evaluate_classification id="sexes" predictions="predicted" column="sexed" label="sex" draws="100"
                           cut="sexes_cut"/>
</graph>
XML
run first graph.xml
expect 0 'the largest of p / threshold: a '

# The list names all subjects and nothing that is true of them.
cut -d, -f1,4,5 table.csv >new.csv
"$fornix" apply first --manifest new.csv -o new >new.log 2>&1
code=$? name=new
expect 0 '90 predictions in .*predictions-sexed.csv'

judged() { # NODE CLASSES: what the evaluator took its subjects for: "s03 b"
    sed -n 's/.*"predicted":\[\([0-9,]*\)\].*/\1/p' "first/stages/$1/table/table.json" | tr , '\n' |
        awk -v names="$2" '{ print substr(names, $1 + 1, 1) }' >classes
    grep -o '\["data/s[0-9]*","",' "first/stages/$1/table/table.json" | sed 's|.*/||; s|".*||' | paste -d' ' - classes
}

written() { # SHEET [CLASSES]: of the same subjects the class there, or the likeliest of CLASSES
    tr -d '\r' <"new/predicted/$1" | awk -F, -v names="${2-}" '
        NR == FNR { split($0, of, " "); wanted[of[1]]; next }
        $1 in wanted { best = 3; for (c = 4; c <= NF; c++) if ($c > $best) best = c
            print $1, names ? substr(names, best - 2, 1) : $2 }' judged.txt -
}

for of in 'kinds abc predictions.csv' 'sexes fm predictions-sexed.csv'; do
    # shellcheck disable=SC2086 # three words
    set -- $of
    judged "$1" "$2" | sort >judged.txt
    [ "$(wc -l <judged.txt)" = 27 ] || fail "$1: others were judged: $(cat judged.txt)"
    written "$3" | sort >written.txt
    cmp -s judged.txt written.txt ||
        fail "$1: other classes are written: $(diff judged.txt written.txt | head -n 4)"
    written "$3" "$2" | sort >likeliest.txt
    cmp -s judged.txt likeliest.txt && fail "$1: its thresholds change nothing"
done

# Thresholds of others.
sed 's/cut="kinds_cut"/cut="sexes_cut"/' graph.xml >swapped.xml
run swapped swapped.xml
expect 1 "swapped.xml:20:33: error: .*'sexes_cut' was fitted for two classes, these are 3"
sed 's/cut="sexes_cut"/cut="kinds_cut"/' graph.xml >swapped.xml
run swapped swapped.xml
expect 1 "'kinds_cut' holds 3 thresholds; 2 classes have 1"
exit $bad
