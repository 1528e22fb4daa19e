#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Whole volumes through windows: the bits that a net without neighbours gives at once, for any
# number of threads; masks in the image's own space; a finished run applied to new volumes.
set -u
# shellcheck source=tests/run/common.sh
. "${srcdir:-$(dirname "$0")/..}/tests/run/common.sh"
files=$srcdir/tests/windows
data=$work/data

run cohorts "$files/cohorts.xml" -p folder="$data"
expect 0 'results:'

table() { # RUN STAGE: the tensors that it collected
    echo "$work/$1/stages/$2/table/tensors.safetensors"
}

run first "$files/graph.xml" -p data="$data/known"
expect 0 'results:'
[ -s "$(table first whole)" ] || fail "nothing was collected"
for windows in gaussian flat even large; do
    cmp -s "$(table first whole)" "$(table first $windows)" ||
        fail "windows ($windows) give other bits than the whole volume"
done
[ "$(find "$work/first/stages/masks" -name '*.nii.gz' | wc -l)" = 2 ] || fail "not two masks"

# A net that sees its neighbours knows less at the border of a window.
run near "$files/graph.xml" -p data="$data/known" -p kernel=3
expect 0 'results:'
for windows in gaussian even; do
    ! cmp -s "$(table near whole)" "$(table near $windows)" ||
        fail "the net does not see its neighbours, so that this proves nothing"
done
! cmp -s "$(table near gaussian)" "$(table near flat)" || fail "weights make no difference"

OMP_NUM_THREADS=1 run serial "$files/graph.xml" -p data="$data/known" -p kernel=3 --fresh
expect 0 'results:'
same near

# What the windows are is part of what a stage is.
sed 's/overlap="0.3"/overlap="0.4"/' "$files/graph.xml" >"$work/edited.xml"
run edited "$work/edited.xml" -p data="$data/known" -p kernel=3
expect 0 'gaussian .*from the cache'
! grep -q 'even .*from the cache' "$work/edited.log" || fail "other windows, and nothing was made anew"

# ---- Applied ----

cut -d, -f1,4,5 "$data/known/manifest.csv" | tr -d '\r' | sed '1!s|,0|,known/0|g' >"$data/same.csv"
"$fornix" apply "$work/near" --manifest "$data/same.csv" -o "$work/same" >"$work/same.log" 2>&1
code=$? name=same
expect 0 'clean .*8 masks'
for mask in "$work"/near/stages/masks/cohort/known/*.nii.gz; do
    cmp -s "$mask" "$work/same/clean/known/$(basename "$mask")" ||
        fail "applied, $(basename "$mask") is not what the run gave"
done
cut -d, -f1,4,5 "$data/new/manifest.csv" | tr -d '\r' | sed '1!s|,0|,new/0|g' >"$data/new.csv"
"$fornix" apply "$work/near" --manifest "$data/new.csv" -o "$work/new" >"$work/new.log" 2>&1
code=$? name=new
expect 0 'clean .*2 masks'

run smoke "$files/graph.xml" -p data="$data/known" --smoke --fresh
expect 0 'results:'
exit $bad
