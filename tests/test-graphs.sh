#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The graphs that come along: each passes a check, and the paper's protocol runs to its end, small.
set -u
# shellcheck source=tests/run/common.sh
. "${srcdir:-$(dirname "$0")/..}/tests/run/common.sh"

looked() { # NAME COMMAND ARGUMENT...: a look at a graph that must find nothing wrong
    name=$1
    shift
    "$fornix" "$@" >"$work/$name.log" 2>&1
    code=$?
}

for graph in first feature-augmentation controls/permuted; do
    looked "$(basename $graph)" check "$srcdir/graphs/$graph.xml"
    expect 0 '^train '
done

# The demo, a batch of each stage: what is fitted by class finds every class.
run smoke "$srcdir/graphs/feature-augmentation.xml" --smoke
expect 0 'results:'

# Sweeps over real cohorts: all that they would do, where those are.
data=$(cd "${DATA:-$srcdir/../shared/data}" 2>/dev/null && pwd) || data=/nowhere
planned() { # SWEEP COHORT JOBS STAGES ARGUMENT...
    if [ ! -e "$data/$2" ]; then
        echo "sweeps/$1.xml: left out, no $data/$2"
        return
    fi
    graph=$1 jobs=$3 stages=$4
    shift 4
    looked "$graph" check "$srcdir/graphs/sweeps/$graph.xml" -p data="$data" "$@"
    expect 0 "^sweep $graph: $jobs jobs, $stages distinct stages"
}
planned table-arms tables 15 810
if [ -e "$data/tables" ]; then # every arm, a batch of each stage
    run arms "$srcdir/graphs/controls/grade-table.xml" -p data="$data" --smoke
    expect 0 'results:'
fi
planned cheng-arms cheng 3 117 -p fold=1
planned lgg-arms lgg 4 94 -p fold=0 -p seed=1

cat >"$work/cohort.xml" <<'XML'
<graph xmlns="urn:fornix:graph:1" name="cohort">
  <phantom id="heads" subjects="6" size="4 32 32" modalities="4" grades="LGG:3 HGG:3" seed="1"/>
  <write_volumes id="volumes" samples="heads" folder="volumes" channels="together"/>
  <phantom id="others" subjects="3" size="4 32 32" modalities="4" seed="2"/>
  <write_volumes id="other_volumes" samples="others" folder="others" channels="together"/>
</graph>
XML
run cohort "$work/cohort.xml"
expect 0 'results:'
paper() { # NAME COMMAND ARGUMENT...
    name=$1 command=$2
    shift 2
    looked "$name" "$command" "$srcdir/graphs/paper-2d.xml" -p source="$work/others/manifest.csv" \
        -p source_images=image -p target="$work/volumes/manifest.csv" -p images=image \
        -p test=0.34 "$@"
}

# The sizes of the paper: 240 x 240 x 4 becomes 15 x 15 x 1024 at the tap.
paper sizes check
expect 0 'image  *an image  *1 x 1 x 240 x 240 x 4'
expect 0 'feature  *a feature  *1 x 1 x 15 x 15 x 1024'
paper plan plan
expect 0 'train pretrain: batch 10'
paper little run -p base=1 -p width=2 -p "size=32 32" -p pretrain_epochs=1 -p finetune_epochs=1 \
    -p gan_epochs=1 -p generated=40 -p count=2 -p classify_epochs=1 -o "$work/little"
expect 0 'results:'
expect 0 "! 'scores\[none\]' judges 2 of 2 subjects that were used to fit 'slices', 'finetune', "
exit $bad
