#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Sweeps: the grid, what is shared, one worker and two, shards, failures, growth, kills.
set -u
# shellcheck source=tests/sweep/common.sh
. "${srcdir:-$(dirname "$0")/..}/tests/sweep/common.sh"

rows() { # FILE PATTERN: how many of its lines
    grep -c -e "$2" "$1"
}

# ---- The grid: axes, zip, when, ranges ----

grid_of() { # NAME AXES JOBS STAGES: what `check` has to count
    {
        echo '<sweep xmlns="urn:fornix:graph:1" name="g" graph="vectors.xml">'
        echo "$2</sweep>"
    } >"$work/$1.xml"
    found=$("$fornix" check "$work/$1.xml" 2>&1)
    [ "$found" = "sweep g: $3 jobs, $4 distinct stages" ] || fail "grid $1: $found"
}
grid_of none '' 1 4
grid_of list '<axis name="seed" in="1 2 3"/>' 3 12
grid_of range '<axis name="seed" in="5..2"/><axis name="fold" in="0..1"/>' 8 32
grid_of zip '<zip><axis name="seed" in="1 2"/><axis name="fold" in="0 1"/></zip>' 2 8
grid_of when '<axis name="arm" in="none weights gan"/>
    <axis name="count" in="4 8" when="arm = gan"/>' 4 12
grid_of zip_when '<axis name="seed" in="1 2"/>
    <zip when="seed &gt; 1"><axis name="fold" in="0 1"/><axis name="rate" in="1 2"/></zip>' 3 12
grid_of linear '<axis name="rate" from="0" to="1" count="5"/>' 5 12
grid_of value '<axis name="arm"><value is="none"/><value is="smote"/></axis>' 2 6
grid_of whole '<axis name="seed" from="1" to="3" count="9" whole="yes"/>' 3 12
grid_of list_when '<axis name="arm"><value is="none"/><value is="gan"/></axis>
    <axis name="count" in="4 8" when="has(arm, gan)"/>' 3 10
grid_of value_when '<axis name="seed" in="1 2"/>
    <axis name="arm"><value is="none"/><value is="smote" when="seed = 2"/></axis>' 3 10
grid_of no_value_fits '<axis name="seed" in="1 2"/>
    <axis name="arm"><value is="smote" when="seed = 2"/></axis>' 2 8
grid_of zip_value_when '<axis name="seed" in="1 2"/>
    <zip><axis name="fold" in="0 1"/><axis name="arm"><value is="none"/><value is="smote" when="seed = 2"/></axis></zip>' 3 12
grid_of fixed '<set name="arm" value="smote"/><axis name="seed" in="1 2"/>' 2 8

values_of() { # AXIS VALUES: what the axis stands for, as the names of jobs tell
    echo "<sweep xmlns='urn:fornix:graph:1' name='v' graph='vectors.xml'>$1</sweep>" >"$work/v.xml"
    sweep v "$work/v.xml" --shard 1/4000 --threads 1
    found=$(sed 1d "$work/v/results.csv" | sed 's/^[^=]*=\([^,]*\),.*/\1/' | tr '\n' ' ')
    [ "$found" = "$2" ] || fail "$1 gives '$found', not '$2'"
    rm -rf "$work/v"
}
values_of '<axis name="rate" from="0.001" to="1" count="4" spacing="log"/>' '0.001 0.01 0.1 1 '
values_of '<axis name="rate" from="0" to="0.6" count="3"/>' '0 0.3 0.6 '
sed -i 's/name="steps" value="40"/name="steps" value="20"/' "$grid"
drawn='<sweep xmlns="urn:fornix:graph:1" name="d" graph="vectors.xml"><axis name="rate" from="1e-3" to="1e-1" count="5" spacing="log" draw="random" seed="3"/></sweep>'
echo "$drawn" >"$work/d.xml"
sweep drawn "$work/d.xml" --shard 5/5 --threads 1
sweep drawn_again "$work/d.xml" --shard 5/5 --threads 1
same_table drawn
awk -F, 'NR > 1 { if ($2 < 1e-3 || $2 > 1e-1) exit 1; if ($2 == last) exit 1; last = $2 }' \
    "$work/drawn/results.csv" || fail "draws at random: $(cat "$work/drawn/results.csv")"

# A mistake that few of many jobs have is told once, at its place.
sed 's/in="8 16"/in="8 1600"/; s/name="seed" in="1 2"/name="rate" in="1 2 3"/' "$grid" >"$work/few.xml"
found=$("$fornix" check "$work/few.xml" 2>&1 | sed "s|$work/||g" | head -n 1)
[ "$found" = "few.xml:6:28: error: param 'count': 1600 is outside 1 to 1000 (declared in vectors.xml:9)" ] ||
    fail "a mistake of few jobs: $found"

# ---- The plan: what is shared, what it takes ----

planned() { # STAGE JOBS DISTINCT: of the small sweep
    grep -qE "^  $1 +$2 +$3 +[0-9]+ +[0-9.]+ MB +[0-9.]+ MB\$" "$work/plan.log" ||
        fail "the plan's line of $1: $(grep "^  $1 " "$work/plan.log")"
}
export FORNIX_CACHE="$work/cache.plan"
"$fornix" plan "$grid" >"$work/plan.log" 2>&1 || fail "plan: $(cat "$work/plan.log")"
planned encode 16 4
planned classify 16 16
planned gan 8 4
name=plan code=0
expect 0 '^sweep small: 16 jobs of '
expect 0 '^80 stages in all jobs, 48 distinct: 32 are shared with another job$'
expect 0 '^0 stages and 0 jobs are there already$'
memory() { # WIDTH: MB in each worker, of a sweep whose nets are that wide
    sed "s/channels=\"8\"/channels=\"$1\"/" "$work/vectors.xml" >"$work/wide.xml"
    sed 's/vectors.xml/wide.xml/' "$grid" >"$work/wide-sweep.xml"
    "$fornix" plan "$work/wide-sweep.xml" | sed -n 's/.*at most \([0-9.]*\) MB in each worker.*/\1/p'
}
awk -v small="$(memory 1000)" -v large="$(memory 4000)" \
    'BEGIN { exit !(small > 0 && large > 14 * small && large < 17 * small) }' ||
    fail "nets four times as wide take $(memory 1000) and $(memory 4000) MB"

# As many at once as fit into memory, unless somebody says how many.
many() { # LIMIT OPTION...: what a sweep of one job of wide nets says, with four processors
    limit=$1
    shift
    (ulimit -v "$limit" && OMP_NUM_THREADS=4 "$fornix" sweep "$work/wide-sweep.xml" -p arm=gan -p count=8 -p seed=1 -p fold=0 \
        -p steps=1 -o "$work/wide" "$@") >"$work/wide.log" 2>&1 || fail "wide: $(tail -n 3 "$work/wide.log")"
    rm -rf "$work/wide" "$FORNIX_CACHE"
}
if (ulimit -v 1300000 && "$fornix" version) >/dev/null 2>&1; then # not under sanitizers
    memory 4000 >/dev/null
    many 1300000
    grep -qE '^3 at a time: a stage takes up to 3[0-9][0-9] MB, and there are 1331 MB$' "$work/wide.log" ||
        fail "of little memory: $(cat "$work/wide.log")"
    many 1300000 --jobs 4
    grep 'at a time' "$work/wide.log" && fail 'four at a time were asked for'
    many 8000000
    grep 'at a time' "$work/wide.log" && fail 'memory was not short'
fi

# ---- One worker and two; every stage once ----

export FORNIX_CACHE="$work/cache.one"
sweep one "$grid" --jobs 1
expect 0 '16 of 16 jobs done'
expect 0 '48 stages made, 0 were there'
[ "$(stages_made "$work/one")" = 48 ] || fail "made $(stages_made "$work/one") stages, not 48"
[ "$(rows "$work/one/results.csv" ',done,')" = 16 ] || fail "no sixteen jobs in results.csv"
sweep one "$grid" --jobs 1
expect 0 '0 stages made, 48 were there'
"$fornix" plan "$grid" -o "$work/one" >"$work/plan.log" 2>&1
name=plan code=0
expect 0 '^48 stages and 16 jobs are there already$'
name=one

# The mean difference of a figure by hand, from the table.
difference() { # ARM, of the last sweep
    awk -F, -v arm="$1" '{ for (k = 1; k <= NF; k++) gsub(/"/, "", $k) }
        NR == 1 { for (k = 1; k <= NF; k++) column[$k] = k + 2; next } # a name holds two commas
        $(column["arm"]) == arm || $(column["arm"]) == "none" {
            auc[$(column["arm"]) " " $(column["fold"]) " " $(column["seed"])] = $(column["auc"]) }
        END { for (f = 0; f < 2; f++) for (s = 1; s < 3; s++) {
                if (!((arm " " f " " s) in auc)) exit 1
                sum += auc[arm " " f " " s] - auc["none " f " " s] }
            printf "%.9f\n", sum / 4 }' "$work/$name/results.csv"
}
told=$(awk '/"comparisons"/ { on = 1 } on && /"arm": "smote"/ { arm = 1 }
    arm && /"auc": / { auc = 1 } auc && /"value": / { printf "%.9f\n", $2; exit }' \
    "$work/one/results.json")
by_hand=$(difference smote) || fail "the table lacks runs"
[ "$told" = "$by_hand" ] || fail "smote differs from none by '$told', by hand by $by_hand"
expect 0 'gan 16 *4 .*[.][0-9]* \[-*[.0-9]*, -*[.0-9]*\]'

# A comparison of some of the jobs.
sed 's/draws="200"/draws="200" when="fold = 0"/' "$grid" >"$work/part.xml"
sweep part "$work/part.xml" --jobs 1
expect 0 '^scores where fold = 0, each run paired'
expect 0 'gan 16 *2 '
grep -q '"when": "fold = 0"' "$work/part/results.json" || fail "results.json does not say of which jobs"

# Both tables in a line of Python.
if command -v python3 >/dev/null; then
    (cd "$work/one" && python3 -c 'import csv, json
rows = list(csv.DictReader(open("results.csv"))); jobs = json.load(open("results.json"))["jobs"]
assert len(rows) == len(jobs) == 16 and all(0 <= float(r["auc"]) <= 1 for r in rows), rows') ||
        fail 'Python does not read the tables'
    # Curves of an arm are those of all its runs' predictions: confusion and areas by hand.
    (cd "$work/one" && python3 - <<'PY'
import json
comparison = json.load(open("results.json"))["comparisons"][0]
curves = json.load(open("curves.json"))["comparisons"][0]
assert set(curves) == {arm["arm"] for arm in comparison["arms"]} and len(curves) == 4
for arm in comparison["arms"]:
    truth, score, predicted = [], [], []
    assert len(arm["scores"]) == 4
    for run in arm["scores"]:
        table = json.load(open(f"jobs/{run['job']}/stages/{run['node']}/table/table.json"))
        truth += table["cells"]["truth"]
        predicted += table["cells"]["predicted"]
        score += table["cells"]["score_1"]
    own = curves[arm["arm"]]
    for t in (0, 1):
        for p in (0, 1):
            assert own["confusion"]["rows"][t][p] == list(zip(truth, predicted)).count((t, p))
    ones = [s for s, t in zip(score, truth) if t]
    noughts = [s for s, t in zip(score, truth) if not t]
    area = sum((a > b) + (a == b) / 2 for a in ones for b in noughts) / len(ones) / len(noughts)
    for roc in (own["roc.high"]["rows"], own["roc.low"]["rows"]): # mirror images
        sum_of = sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in zip(roc, roc[1:]))
        assert abs(sum_of - area) < 1e-12, (arm["arm"], sum_of, area)

# The interval of an arm's mean: subjects drawn again within their classes, over all runs at once.
import random
random.seed(1)
subjects, runs = {}, []
for run in comparison["arms"][0]["scores"]:
    table = json.load(open(f"jobs/{run['job']}/stages/{run['node']}/table/table.json"))
    rows = list(zip([row[0] for row in table["rows"]], table["cells"]["truth"],
                    table["cells"]["score_1"]))
    subjects.update({subject: truth for subject, truth, _ in rows})
    runs.append(rows)
means = []
for draw in range(400):
    times = dict.fromkeys(subjects, 0)
    for truth in (0, 1):
        of_class = [subject for subject in subjects if subjects[subject] == truth]
        for subject in random.choices(of_class, k=len(of_class)):
            times[subject] += 1
    areas = []
    for rows in runs:
        ones = [(score, times[s]) for s, t, score in rows if t and times[s]]
        noughts = [(score, times[s]) for s, t, score in rows if not t and times[s]]
        if ones and noughts:
            pairs = sum(m * n for _, m in ones for _, n in noughts)
            areas.append(sum(m * n * ((a > b) + (a == b) / 2) for a, m in ones
                             for b, n in noughts) / pairs)
    means.append(sum(areas) / len(areas))
means.sort()
found = comparison["arms"][0]["figures"]["auc"]
assert abs(found["low"] - means[10]) < .07 and abs(found["high"] - means[389]) < .07, (
    found, means[10], means[389])
PY
    ) || fail 'curves and intervals of arms are not those of their runs'
else
    echo 'no python3: the tables are not read'
fi

export FORNIX_CACHE="$work/cache.two"
"$fornix" sweep "$grid" -o "$work/two" --jobs 2 --threads 1 >"$work/other.log" 2>&1 &
sweep two "$grid" --jobs 2
wait $! || fail "one of two sweeps at once failed: $(tail -n 3 "$work/other.log")"
expect 0 '16 of 16 jobs done'
same_table one
[ "$(stages_made "$work/two")" = 48 ] ||
    fail "two sweeps at once made $(stages_made "$work/two") stages, not 48"
[ "$(jobs_run "$work/two")" = 16 ] ||
    fail "two sweeps at once ran $(jobs_run "$work/two") jobs, not 16"
ls "$work/two/claims" | grep . && fail "claims are left"

# ---- Growth: what is new, and no more ----

sed 's/seed" in="1 2"/seed" in="1 2 3"/' "$grid" >"$work/grown.xml"
sweep two "$work/grown.xml"
expect 0 '24 of 24 jobs done'
expect 0 '24 stages made, 48 were there'
sweep two "$grid"
expect 0 '0 stages made, 48 were there'
same_table one
sweep two "$grid" -p steps=21 -p arm=none
expect 0 '16 stages made, 0 were there'
sweep pinned "$grid" -p seed=2 -p arm=none
expect 0 '2 of 2 jobs done'
expect 0 '0 stages made, 8 were there'

# Arms of a loop inside the graph, over the seeds of a sweep.
cp "$srcdir/tests/bad/table.xml" "$work"
awk 'BEGIN { print "subject,grade,a,b"
    for (k = 0; k < 16; k++) print "s" k "," (k % 2 ? "low" : "high") "," k / 16 "," k % 3 }' \
    >"$work/table.csv"
cat >"$work/inside.xml" <<'XML'
<sweep xmlns="urn:fornix:graph:1" name="inside" graph="table.xml">
  <set name="arms" value="plain weights"/>
  <axis name="rate" in="1e-3 1e-2 1e-1"/>
  <metric name="auc" of="scores[*].auc"/>
  <compare scores="scores[*]" over="*" baseline="plain" figures="auc accuracy"/>
</sweep>
XML
sweep inside "$work/inside.xml"
expect 0 '^  weights  *3  '
sed -i 's|<compare|<metric name="all" of="scores[*].*"/><compare|' "$work/inside.xml"
sweep inside "$work/inside.xml"
expect 0 '^  auc\[plain\]  *[.0-9]*  *[.0-9]*  *[.0-9]*$' # many figures: a row each
head -n 1 "$work/inside/results.csv" | grep -q '^job,rate,status,auc\[plain\],auc\[weights\]' ||
    fail "columns: $(head -n 1 "$work/inside/results.csv")"

# ---- Shards: all of it, and nothing twice ----

export FORNIX_CACHE="$work/cache.shards"
for shard in 1 2 3; do
    sweep shards "$grid" --shard $shard/3
    expect 0 'jobs done'
    cp "$work/shards.log" "$work/part$shard.log"
done
same_table one
each=$(cat "$work"/part?.log | grep -c '^\[[0-9]* of [0-9]*\] ')
share=$(for part in "$work"/part?.log; do sed -n 's/^\[[0-9]* of \([0-9]*\)\].*/\1/p' "$part" | tail -n 1; done |
    awk '{ n += $1 } END { print n }')
[ "$share" = 16 ] || fail "three shards think that $share jobs are theirs, not 16"
[ "$each" = 16 ] || fail "three shards ran $each jobs, not 16"
[ "$(stages_made "$work/shards")" = 48 ] || fail "shards made $(stages_made "$work/shards") stages"

# ---- Failures ----

sed 's/<axis name="seed".*/<axis name="batch" in="8 4000"\/>/' "$grid" >"$work/failing.xml"
sweep failing "$work/failing.xml"
expect 1 'job arm=none,fold=0,batch=4000 failed: .*fill no batch of 4000'
expect 1 '8 of 16 jobs done, 8 failed'
[ "$(rows "$work/failing/results.csv" ',failed,')" = 8 ] || fail "no eight failures in the table"
grep -q '"message": .*fill no batch of 4000' "$work/failing/results.json" ||
    fail "results.json does not say what failed"
sweep failing "$work/failing.xml"
expect 1 '^0 stages made'
[ "$(rows "$work/failing/times.csv" ',failed,')" = 8 ] || fail "what had failed was tried again"
sweep failing "$work/failing.xml" --retry-failed
[ "$(rows "$work/failing/times.csv" ',failed,')" = 16 ] || fail "--retry-failed did not try again"
sweep fast "$work/failing.xml" --fail-fast --jobs 1
expect 1 'stops at the first failure'
[ "$(rows "$work/fast/times.csv" ',failed,')" = 1 ] || fail "--fail-fast went on"

# A stage that several jobs share fails once, for all of them.
sweep shared "$grid" -p seed=1 -p fold=0 -p encode_batch=4000
expect 1 '0 of 4 jobs done, 4 failed'
[ "$(rows "$work/shared/times.csv" ',failed,')" = 1 ] ||
    fail "a shared stage failed $(rows "$work/shared/times.csv" ',failed,') times"

# ---- A budget ----

export FORNIX_CACHE="$work/cache.budget"
sed 's/name="small"/name="small" budget="0.4 s"/' "$grid" >"$work/budget.xml"
sweep budget "$work/budget.xml" --jobs 1
expect 1 'the budget is spent: the same command goes on'
sweep budget "$grid"
expect 0 '16 of 16 jobs done'
same_table one

# ---- Another instruction set is refused ----

if FORNIX_ISA=plain "$fornix" version >/dev/null 2>&1; then
    FORNIX_ISA=plain sweep two "$grid"
    expect 2 'was begun with instruction set'
    # Pinned, all go on together.
    export FORNIX_ISA=plain
    sweep pinned_isa "$grid" -p seed=1 -p arm=none
    expect 0 '2 of 2 jobs done'
    sweep pinned_isa "$grid" -p arm=none
    expect 0 '4 of 4 jobs done'
    grep -q '"isa": "plain"' "$work/pinned_isa/results.json" || fail 'the instruction set is not told'
    unset FORNIX_ISA
fi

# ---- Killed ----

export FORNIX_CACHE="$work/cache.killed"
for moment in 0.3 0.9 1.6; do
    "$fornix" sweep "$grid" -o "$work/killed" --jobs 2 >"$work/killed.log" 2>&1 &
    process=$!
    sleep $moment
    kill -9 $process 2>/dev/null
    wait $process 2>/dev/null
done
sweep killed "$grid"
expect 0 '16 of 16 jobs done'
same_table one
exit $bad
