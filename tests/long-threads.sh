#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Every graph of graphs/, in a short form, with 1, 2, 3, 4 and 8 threads on a disturbed machine: the
# same bits of all weights, samples and figures. Real cohorts are cut to a few subjects; where they
# are not there (DATA names their folder), their graphs are left out, with a word. Arguments choose
# graphs, such as controls/permuted.
set -u
# shellcheck source=tests/run/common.sh
. "${srcdir:-$(dirname "$0")/..}/tests/run/common.sh"
data=$(cd "${DATA:-$srcdir/../shared/data}" 2>/dev/null && pwd) || data=/nowhere
threads=${THREADS:-1 2 3 4 8}

# some COHORT AWK-CONDITION: a cohort whose index has the rows that hold; false: it is not there.
some() {
    [ -e "$data/$1/index.csv" ] || return 1
    mkdir -p "$work/data/$1"
    ln -sf "$data/$1"/* "$work/data/$1"
    rm "$work/data/$1/index.csv"
    awk -F, "NR == 1 { for (k = 1; k <= NF; k++) at[\$k] = k }
        NR == 1 || ($2)" "$data/$1/index.csv" >"$work/data/$1/index.csv"
}
# shellcheck disable=SC2016 # awk's
some_cheng() { some cheng 'n[$at["class"], $at["fold"]]++ < 10'; }
some_lgg() { some lgg 'n[$at["who_grade"]]++ < 4'; }
some_lgg_of_all() { some lgg 'n[$at["who_grade"]]++ < 8'; }

# Volumes of phantoms with a manifest, for graphs that read any cohort.
volumes() {
    cat >"$work/volumes.xml" <<'XML'
<graph xmlns="urn:fornix:graph:1" name="volumes">
  <phantom id="source" grades="low:4 high:4" size="16" seed="1"/>
  <phantom id="target" grades="low:8 high:8" size="16" seed="2" shift="scanner-b"/>
  <write_volumes id="sources" samples="source"/>
  <write_volumes id="targets" samples="target"/>
</graph>
XML
    run volumes "$work/volumes.xml"
    expect 0 'results:'
}

short() { # NAME PARAM...: the graph of that name
    graph=$1
    shift
    for param; do set -- "$@" -p "$param"; shift; done
    began=$(date +%s)
    agree "$(basename "$graph")" "$threads" "$srcdir/graphs/$graph.xml" "$@"
    echo "  $(($(date +%s) - began)) s"
}

# imported GRAPH FILE PARAM...: a net of others with its weights, brought in first.
imported() {
    name=$1 from=$2
    shift 2
    if [ ! -e "$from" ]; then
        echo "$name: left out, no $from"
        return
    fi
    to=$work/$(basename "$name").safetensors
    for param; do set -- "$@" -p "$param"; shift; done
    "$fornix" import "$from" "$srcdir/graphs/$name.xml" "$@" -o "$to" >"$work/import.log" 2>&1 ||
        fail "$name: $(cat "$work/import.log")"
    for param; do
        [ "$param" = -p ] || set -- "$@" "$param"
        shift
    done
    short "$name" "$@" weights="$to"
}

disturb
all=$(cd "$srcdir/graphs" && find . -name '*.xml' ! -path './nets/*' ! -path './sweeps/*' | sort)
for graph in ${*:-$all}; do
    graph=${graph#./}
    graph=${graph%.xml}
    case $graph in
    first) short first ;;
    feature-augmentation)
        short "$graph" sources=12 targets=30 pretrain_epochs=1 finetune_epochs=1 gan_steps=100 \
            generated=100 count=20 classify_steps=40
        ;;
    paper-2d)
        [ -e "$work/volumes" ] || volumes
        short "$graph" source="$work/volumes/stages/sources/manifest.csv" \
            target="$work/volumes/stages/targets/manifest.csv" \
            source_images='image_1 image_2 image_3 image_4' images='image_1 image_1 image_1 image_1' \
            classes='low:LGG high:HGG' test=0.25 size='32 32' base=4 width=8 pretrain_epochs=1 \
            finetune_epochs=2 gan_epochs=2 generated=64 count=16 classify_epochs=2 \
            arms='none weights oversample smote gaussian acgan'
        ;;
    tcga-lgg)
        if some_cheng && some_lgg; then
            short "$graph" data="$work/data" pretrain_epochs=1 finetune_epochs=1 gan_epochs=2 \
                classify_epochs=1 generated=96 count=24
        else
            echo "$graph: left out, no $data/cheng or $data/lgg"
        fi
        ;;
    lgg-fold)
        if some_cheng && some_lgg_of_all; then
            short "$graph" data="$work/data" pretrain_epochs=1 finetune_epochs=1 gan_epochs=2 \
                classify_steps=20 generated=800 arms='none adjusted acgan_300 wgan_300'
        else
            echo "$graph: left out, no $data/cheng or $data/lgg"
        fi
        ;;
    hippocampus)
        if some hippocampus 'NR < 14'; then
            short "$graph" data="$work/data/hippocampus" steps=8
        else
            echo "$graph: left out, no $data/hippocampus"
        fi
        ;;
    brats-patches)
        if [ -e "$data/brats2015" ]; then
            short "$graph" data="$data" size=32 steps=2 levels=2 base=2 overlap=0
        else
            echo "$graph: left out, no $data/brats2015"
        fi
        ;;
    imported/meshnet)
        [ -e "$work/volumes" ] || volumes
        awk -F, 'NR == 1 { for (k = 1; k <= NF; k++) at[$k] = k; print "subject,image" }
            NR > 1 { print $at["subject"] "," $at["image_1"] }' \
            "$work/volumes/stages/targets/manifest.csv" >"$work/volumes/stages/targets/scans.csv"
        imported "$graph" "$data/meshnet/meshnet5.safetensors" \
            scans="$work/volumes/stages/targets/scans.csv"
        ;;
    imported/unet-brain)
        imported "$graph" "$data/unet_ref/unet_random_f8.safetensors" \
            images="$data/unet_ref/input.npy" features=8
        ;;
    controls/cheng-type)
        if some_cheng; then
            short "$graph" data="$work/data" thin=meningioma:1:2 segment_epochs=1 gan_epochs=2 \
                classify_steps=20 generated=150
        else
            echo "$graph: left out, no $data/cheng"
        fi
        ;;
    controls/grade-table)
        if [ -e "$data/tables" ]; then
            short "$graph" data="$data" gan_steps=200 classify_steps=60 generated=200 \
                arms='none focal adjusted posthoc undersample borderline adasyn smote_tomek smote_enn
                acgan_judged acgan_dense acgan_new'
        else
            echo "$graph: left out, no $data/tables"
        fi
        ;;
    generators) short "$graph" gan=projection subjects=40 epochs=1 steps=60 classify_steps=20 count=5 ;;
    controls/permuted) short "$graph" draws=3 subjects=40 epochs=1 steps=30 ;;
    *) fail "no short form of graphs/$graph.xml is known" ;;
    esac
done
exit $bad
