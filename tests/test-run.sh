#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Whole runs: what is computed again and what is not, breaks of every kind, failures that are told.
set -u
# shellcheck source=tests/run/common.sh
. "${srcdir:-$(dirname "$0")/..}/tests/run/common.sh"
nodes=${NODES:-${builddir:-$srcdir}/nodes/.libs}

made() { # STAGES: those that the last run made, all others came from the cache
    found=$(sed -n 's/^\([a-z]*\) .* \(s  .*\)$/\1/p' "$work/$name.log" | sort | tr '\n' ' ')
    [ "$found" = "$1" ] || fail "$name made '$found', not '$1'"
}
all='classify confirmed gan predicted segment synthetic tapped '

# ---- What is computed again ----

run first "$small"
expect 0 'results:'
made "$all"
for file in final.json manifest.json graph.xml report.txt report.html \
    stages/segment/weights.safetensors stages/segment/metrics.jsonl \
    stages/tapped/table/tensors.safetensors; do
    [ -s "$work/first/$file" ] || fail "no $file"
done

run again "$small"
made ''
same first

run edited "$small" -p last=2e-2
expect 0 'tapped .*from the cache'
made 'classify predicted '

run fresh "$small" --fresh
made "$all"
same first

mkdir "$work/plugins"
cp "$nodes/dropout.so" "$work/plugins" && echo >>"$work/plugins/dropout.so"
FORNIX_PLUGIN_PATH="$work/plugins:${FORNIX_PLUGIN_PATH:-}" run rebuilt "$small"
expect 0 'segment .*from the cache'
made 'confirmed gan synthetic '

# The files of a run are second names of those in the cache; the first run's were replaced since.
weights=$(find "$FORNIX_CACHE" -samefile "$work/fresh/stages/segment/weights.safetensors")
printf X | dd of="$weights" bs=1 seek=900 conv=notrunc 2>/dev/null
run mended "$small"
expect 0 'is damaged in the cache, and made again'
same first

flip() { # FILE OFFSET: one bit
    byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
    # shellcheck disable=SC2059 # the byte is the format
    printf "\\$(printf '%03o' $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

# A bit of a figure: 0x1.9p-1 is one as good as 0x1.8p-1.
find "$FORNIX_CACHE" -name stage.json | while read -r file; do
    at=$(grep -bo '0x1\.[0-9a-f]' "$file" | tail -n 1 | sed 's/:.*//')
    [ -z "$at" ] || flip "$file" $((at + 4))
done
run refigured "$small"
expect 0 'segment .*is damaged in the cache, and made again'
same first

# A bit of every other file.
for kind in metrics.jsonl table.json tensors.safetensors weights.safetensors; do
    find "$FORNIX_CACHE" -name $kind | while read -r file; do
        flip "$file" $(($(wc -c <"$file") - 7))
    done
done
run flipped "$small"
made "$all"
same first

awk 'BEGIN { print "subject,grade,a,b"
    for (k = 0; k < 12; k++) print "s" k "," (k % 2 ? "low" : "high") "," k / 12 "," k % 3 }' \
    >"$work/table.csv"
cat >"$work/table.xml" <<'XML'
<graph xmlns="urn:fornix:graph:1" name="table">
  <features id="data" manifest="table.csv" subject="subject" columns="a b" labels="grade"/>
  <split id="parts" samples="data" test="0.25" seed="1"/>
  <net id="n" input="x"><dense id="logits" x="x" channels="2"/></net>
  <train id="fit" samples="parts" steps="4" batch="4">
    <use id="c" net="n" x="batch.feature"/>
    <cross_entropy id="loss" logits="c/logits" label="batch.grade"/>
    <update nets="n" minimise="loss"><adam rate="1e-2"/></update>
  </train>
</graph>
XML
run table "$work/table.xml"
made 'fit '
run table "$work/table.xml"
made ''
printf 5 | dd of="$work/table.csv" bs=1 seek=30 conv=notrunc 2>/dev/null
run table "$work/table.xml"
made 'fit '

# ---- Breaks ----

break_run() { # SIGNAL: at a moment when the first stage has a checkpoint
    "$fornix" run "$small" -p steps=300 -o "$work/broken" >"$work/broken.log" 2>&1 &
    process=$!
    until ls "$FORNIX_CACHE"/*.work/checkpoint.safetensors >/dev/null 2>&1; do
        kill -0 $process 2>/dev/null || break
        sleep 0.02
    done
    kill -"$1" $process
    wait $process 2>/dev/null
    code=$? name=broken
}

FORNIX_CACHE=$work/cache1 OMP_NUM_THREADS=1 run undisturbed "$small" -p steps=300
expect 0 'results:'
export FORNIX_CACHE="$work/cache2"
break_run KILL
[ -e "$work/broken/final.json" ] && fail "a killed run left final figures"
run killed "$small" -p steps=300
expect 0 ' goes on at step [1-9][0-9]* of '
same undisturbed
export FORNIX_CACHE="$work/cache3"
break_run TERM
expect 1 'fornix: train .* stopped at step [1-9][0-9]* of '
OMP_NUM_THREADS=3 run stopped "$small" -p steps=300
expect 0 ' goes on at step [1-9][0-9]* of '
same undisturbed
find "$FORNIX_CACHE" -name '.*' -type f | grep . && fail "leftovers in the cache"

# A broken stage whose checkpoint is damaged begins anew.
export FORNIX_CACHE="$work/cache7"
break_run KILL
for file in "$FORNIX_CACHE"/*.work/checkpoint.safetensors; do
    flip "$file" $(($(wc -c <"$file") - 6))
done
run spoilt "$small" -p steps=300
expect 0 'begins anew: .*checkpoint.safetensors is damaged'
same undisturbed

# Two at once: each stage is made by one of them.
export FORNIX_CACHE="$work/cache4"
"$fornix" run "$small" -p steps=300 -o "$work/other" >"$work/other.log" 2>&1 &
run beside "$small" -p steps=300
wait $! || fail "the other of two runs failed"
expect 0 'results:'
same undisturbed
name=other
same undisturbed
both=$(cat "$work/other.log" "$work/beside.log" | grep -c '^segment .* s  watch')
[ "$both" = 1 ] || fail "two runs at once made 'segment' $both times"

# ---- Failures ----

export FORNIX_CACHE="$work/cache5"
broken() { # NAME SED-COMMAND CODE PATTERN: the small graph changed so that it fails
    sed "$2" "$small" >"$work/$1.xml"
    run "$1" "$work/$1.xml"
    expect "$3" "$4"
    [ -e "$work/$1/final.json" ] && fail "$1 left final figures"
}
sed -i 's/,[01],/,3e38,/; s/,0[.][0-9]*,/,-3e38,/' "$work/table.csv"
sed -i 's/rate="1e-2"/rate="100"/' "$work/table.xml"
run diverged "$work/table.xml"
expect 1 "train 'fit': a loss is not finite"
broken weightless 's/weights="segment"/weights="nowhere.safetensors"/' 2 'there is no file .*nowhere'
broken partless 's/samples="parts" batch="3">/samples="parts" part="none" batch="3">/' 2 \
    "none of the 16 rows of 'parts' is in part 'none'"
broken starved 's/batch="4" remainder="drop"/batch="400" remainder="drop"/' 1 'fill no batch of 400'
broken unmonitored 's/monitor="watch.dice"/monitor="watch.dise"/' 2 "did you mean 'watch.dice'"
run unknown "$small" -p stpes=3
expect 2 "stpes"
name=nowhere
"$fornix" run "$small" -o /proc/nowhere >"$work/nowhere.log" 2>&1
code=$?
expect 1 '/proc/nowhere'
FORNIX_CACHE=/proc/nowhere run cacheless "$small"
expect 1 '/proc/nowhere'
(
    trap '' XFSZ
    ulimit -f 8
    FORNIX_CACHE=$work/cache6 run full "$small"
    expect 1 'cannot write: File too large'
    exit $bad
) || bad=1
FORNIX_CACHE=$work/cache6 run refilled "$small"
expect 0 'results:'
same first
exit $bad
