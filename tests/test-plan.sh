#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What plan foretells of a run, against the run: its peak memory, its steps, its disk.
set -u
# shellcheck source=tests/run/common.sh
. "${srcdir:-$(dirname "$0")/..}/tests/run/common.sh"
clock=$(command -v time || :)
if [ ! -x "$clock" ] || ! "$clock" -f %M true >/dev/null 2>&1; then
    echo "no GNU time to measure memory with"
    exit 77
fi

if grep -q __ubsan_ "${builddir:-$srcdir}/src/.libs/libfornix.so"; then
    echo 'test-plan: sanitizers take memory of their own'
    exit 77
fi

cat >"$work/graph.xml" <<XML
<graph xmlns="urn:fornix:graph:1" name="plan">
  <param name="subjects" type="int" value="12" doc="of the cohort"/>
  <param name="steps" type="int" value="6" doc="of training"/>
  <param name="batch" type="int" value="2" doc="patches in a step"/>
  <include href="$srcdir/graphs/nets/unet3d.xml" base="8" levels="3" classes="2"/>
  <phantom id="cohort" subjects="\${subjects}" size="40" seed="1"/>
  <split id="parts" samples="cohort" validation="0.25" test="0.25"/>
  <patches id="pieces" samples="parts" size="32" per_volume="4" foreground="0.5"/>
  <train id="seg" samples="pieces" steps="\${steps}" batch="\${batch}" select="best" monitor="watch.dice">
    <use id="u" net="unet" image="batch.image"/>
    <dice_cross_entropy id="loss" logits="u/logits" mask="batch.mask"/>
    <update nets="unet" minimise="loss"><adam rate="2e-3"/></update>
    <validate id="watch" part="validation" every="\${steps} steps">
      <use id="u" net="unet" image="batch.image"/>
      <dice_score id="dice" logits="u/logits" mask="batch.mask"/>
    </validate>
  </train>
  <apply id="segmented" samples="parts" part="test" batch="2">
    <window size="32"/>
    <use id="u" net="unet" image="batch.image" weights="seg"/>
    <collect logits="u/logits" mask="batch.mask"/>
  </apply>
  <evaluate_segmentation id="dice" predictions="segmented"/>
</graph>
XML

# compare NAME ARGUMENT...: the forecast of memory within a tenth of what was used, and what
# the phantoms take to be drawn.
compare() {
    name=$1
    shift
    "$fornix" plan "$work/graph.xml" "$@" >"$work/$name.plan" || fail "$name can't be planned"
    told=$(sed -n 's/^the run .*peak memory \([0-9]*\) MB.*/\1/p' "$work/$name.plan")
    "$clock" -f %M -o "$work/$name.used" "$fornix" run "$work/graph.xml" --fresh "$@" \
        -o "$work/$name" >"$work/$name.log" 2>&1
    code=$?
    expect 0 'results:'
    used=$(tail -n 1 "$work/$name.used")
    awk -v told="$told" -v used="$used" 'BEGIN {
        used *= 1.024e-3; off = told - used; exit !(off * off <= (used / 10 + 16) ^ 2) }' ||
        fail "$name: $told MB foretold, $used kB used: $(sed -n '/^what each/,$p' "$work/$name.plan")"
}
compare small
compare many -p subjects=40 -p steps=40
compare wide -p batch=5
grep -q "train seg  *[0-9]*  *40 " "$work/many.plan" || fail "other steps than it will make"
grep -q 'apply segmented  *3  *12 ' "$work/small.plan" || fail "other windows than it will see"
exit $bad
