#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# A finished run applied to new subjects: the same masks and probabilities that the run itself gave,
# in each image's own space, wherever the run's folder went.
set -u
# shellcheck source=tests/run/common.sh
. "${srcdir:-$(dirname "$0")/..}/tests/run/common.sh"
files=$srcdir/tests/apply
data=$work/data

# apply RUN LIST ARGUMENT...: into a folder called as the list is.
apply() {
    run=$1
    name=$2
    shift 2
    "$fornix" apply "$run" --manifest "$data/$name.csv" -o "$work/$name" "$@" >"$work/$name.log" 2>&1
    code=$?
}

check() { # WHAT ARGUMENT...: by nifti.py, where there is a Python
    [ -z "$python" ] || "$python" "$files/nifti.py" "$@" || fail "nifti.py: not $*"
}
python=$(command -v python3 || :)

list() { # COHORT COLUMNS: of its manifest, with paths as seen from the folder of lists
    cut -d, -f"$2" "$data/$1/manifest.csv" | tr -d '\r' | sed "1!s|,0|,$1/0|g"
}

run cohorts "$files/cohorts.xml" -p folder="$data"
expect 0 'results:'
run first "$files/graph.xml" -p data="$data/known"
expect 0 'results:'
first=$work/first
! grep -rq 'known/0' "$first/bundle" || fail "the bundle names subjects"

# ---- The run's own images, without their labels and masks ----

list known 1,4,5 >"$data/same.csv"
apply "$first" same --probability
expect 0 'segmented .*12 masks'
for mask in "$first"/stages/masks/cohort/known/*.nii.gz; do
    own=$work/same/segmented/known/$(basename "$mask")
    cmp -s "$mask" "$own" || fail "$own is not what the run gave"
    [ -s "${own%.nii.gz}-probability.nii.gz" ] || fail "no probability beside $own"
done
check some "$work/same/segmented/known/0001.nii.gz"
check logits "$first" "$work/same/by_subject[none]/predictions.csv" none
check logits "$first" "$work/same/by_subject[posthoc]/predictions.csv" posthoc # with the run's priors

# ---- New ones ----

list new 1,4,5 >"$data/new.csv"
apply "$first" new
expect 0 'segmented .*4 masks'
for image in "$data"/new/*_image_1.nii.gz; do
    number=$(basename "$image" | cut -d_ -f3)
    check like "$work/new/segmented/new/$number.nii.gz" "$image"
done
head -n 1 "$work/new/by_subject[none]/predictions.csv" | tr -d '\r' |
    grep -qx 'subject,predicted,probability_high,probability_low' || fail "other columns"
[ "$(wc -l <"$work/new/by_subject[none]/predictions.csv")" = 5 ] || fail "not four predictions"
[ ! -e "$work/new/.work" ] || fail "what it worked with is left"

# Each arm by its own threshold: between them, only classes may differ.
cut=$(sed -n 's/^ *"threshold": \([0-9.]*\),*$/\1/p' "$first/final.json")
tr -d '\r' <"$work/new/by_subject[threshold]/predictions.csv" | awk -F, -v cut="$cut" 'NR > 1 &&
    ($2 != ($4 > cut ? "low" : "high")) { exit 1 }' || fail "the threshold $cut is not kept"

# ---- An image stored in another order ----

if [ -n "$python" ]; then
    mkdir "$data/turned"
    for image in "$data"/new/*_image_?.nii.gz; do
        check turn "$image" "$data/turned/$(basename "$image")"
    done
    list new 1,4,5 | sed 's|,new/|,turned/|g' >"$data/around.csv"
    apply "$first" around
    expect 0 'segmented .*4 masks'
    for number in 0001 0002 0003 0004; do
        check same "$work/new/segmented/new/$number.nii.gz" "$work/around/segmented/new/$number.nii.gz"
    done
    cmp -s "$work/new/by_subject[none]/predictions.csv" \
        "$work/around/by_subject[none]/predictions.csv" || fail "turned images are of other classes"
fi

# ---- Another machine: no cache, no training data, another folder, another order, one thread ----

mv "$first" "$work/moved"
mv "$data/known" "$data/gone"
rm -rf "$FORNIX_CACHE"
{ head -n 1 "$data/new.csv"; sed 1d "$data/new.csv" | sort -r; } >"$data/reversed.csv"
OMP_NUM_THREADS=1 apply "$work/moved" reversed
expect 0 'segmented .*4 masks'
for number in 0001 0002 0003 0004; do
    cmp -s "$work/new/segmented/new/$number.nii.gz" \
        "$work/reversed/segmented/new/$number.nii.gz" || fail "moved, it segments otherwise"
done
sort "$work/new/by_subject[none]/predictions.csv" >"$work/bits.1"
sort "$work/reversed/by_subject[none]/predictions.csv" >"$work/bits.2"
cmp -s "$work/bits.1" "$work/bits.2" || fail "moved, it predicts otherwise"
[ ! -e "$FORNIX_CACHE" ] || fail "what is applied has no business in the cache"

# ---- Weights from a file, which is gone ----

mkdir "$work/given"
cp "$files/net.xml" "$work/moved/stages/segment/weights.safetensors" "$work/given"
cat >"$work/given/graph.xml" <<'XML'
<graph xmlns="urn:fornix:graph:1" name="given">
  <include href="net.xml"/>
  <nifti id="cohort" manifest="../data/new.csv" subject="subject" images="image_1 image_2"
         normalise="foreground" size="16"/>
  <apply id="segmented" samples="cohort">
    <use id="seg" net="unet" image="batch.image" weights="weights.safetensors"/>
    <collect logits="seg/logits"/>
  </apply>
</graph>
XML
run borrowed "$work/given/graph.xml"
expect 0 'results:'
rm -r "$work/given"
cp "$data/new.csv" "$data/borrowing.csv"
apply "$work/borrowed" borrowing
expect 0 'segmented .*4 masks'
for number in 0001 0002 0003 0004; do
    cmp -s "$work/new/segmented/new/$number.nii.gz" \
        "$work/borrowing/segmented/new/$number.nii.gz" || fail "its weights are others"
done

# ---- What is chosen ----

cp "$data/new.csv" "$data/chosen.csv"
apply "$work/moved" chosen --node 'by_subject[none]' --input cohort
expect 0 'results:'
[ "$(ls -A "$work/chosen")" = 'by_subject[none]' ] || fail "more than was chosen"
list fine 1,4,5 >"$data/fine.csv"
apply "$work/moved" fine
expect 0 '2 of 2 samples have other voxels (8.33 x 8.33 x 8.33 mm'

# ---- Mistakes ----

refuse() { # PATTERN ARGUMENT...: of apply to the list `new`
    pattern=$1
    shift
    "$fornix" apply "$@" -o "$work/refused" >"$work/refused.log" 2>&1
    code=$? name=refused
    expect 2 "$pattern"
    [ ! -e "$work/refused" ] || fail "refused with '$pattern', but something was written"
}

cp -r "$work/moved" "$work/broken"
rm "$work/broken/final.json"
new="--manifest $data/new.csv"
# shellcheck disable=SC2086 # two words
{
    refuse 'usage: fornix apply RUN --manifest' "$work/moved"
    refuse 'nowhere is no folder of a run' nowhere $new
    refuse 'no run has been finished in it' "$work/broken" $new
    refuse 'no node of the graph reads a list of subjects' "$work/cohorts" $new
    refuse "no such node (did you mean 'segmented'?)" "$work/moved" $new --node segmentd
    refuse 'it predicts nothing' "$work/moved" $new --node features
    refuse 'it reads no list of subjects' "$work/moved" $new --input parts
}
list thick 1,4 | awk -F, '{ print $0 "," (NR > 1 ? $2 : "image_2") }' |
    sed 's/,image,/,image_1,/' >"$data/thick.csv"
refuse 'has 4 channels; the run was trained on 2' "$work/moved" --manifest "$data/thick.csv"
cut -d, -f1,2 "$data/new.csv" >"$data/half.csv"
refuse "no column 'image_2'" "$work/moved" --manifest "$data/half.csv"
sed 's/0002_image_1/0002_image_9/' "$data/new.csv" >"$data/missing.csv"
refuse 'image_9.nii.gz: No such file' "$work/moved" --manifest "$data/missing.csv"
refuse 'nothing.csv: No such file' "$work/moved" --manifest "$data/nothing.csv"

touch "$work/broken/final.json"
printf ' ' >>"$work/broken/bundle/sources/net.xml"
# shellcheck disable=SC2086
refuse 'net.xml was changed since' "$work/broken" $new
cp "$work/moved/bundle/sources/net.xml" "$work/broken/bundle/sources"
printf X | dd of="$work/broken/stages/segment/weights.safetensors" bs=1 seek=900 conv=notrunc 2>/dev/null
cp "$data/new.csv" "$data/damaged.csv"
apply "$work/broken" damaged
expect 2 'weights.safetensors was changed since'
[ ! -e "$work/damaged/.work" ] || fail "after a failure, what it worked with is left"
exit $bad
