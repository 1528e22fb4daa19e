#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# A net trained elsewhere segments a whole head, 256 x 256 x 256: as many voxels of each class as
# PyTorch gives with the same weights, in the image's own space, in 4 GB of memory.
set -u
# shellcheck source=tests/run/common.sh
. "${srcdir:-$(dirname "$0")/..}/tests/run/common.sh"
data=$srcdir/../shared/data/meshnet
graph=$srcdir/graphs/imported/meshnet.xml
if [ ! -e "$data/t1_crop.nii.gz" ]; then
    echo "skipped: no $data"
    exit 77
fi
data=$(cd "$data" && pwd)

printf 'subject,image\nhead,%s\n' "$data/t1_crop.nii.gz" >"$work/scans.csv"
"$fornix" import "$data/meshnet5.safetensors" "$graph" -p scans="$work/scans.csv" \
    -o "$work/meshnet.safetensors" || fail "the weights do not come in"

ulimit -v 4000000
began=$(date +%s)
run head "$graph" -p scans="$work/scans.csv" -p weights="$work/meshnet.safetensors"
expect 0 '1 masks'
echo "256 x 256 x 256: $(($(date +%s) - began)) s"

header() { # of a NIfTI file: FIRST LENGTH, bytes
    gzip -dc "$3" | dd bs=1 skip="$1" count="$2" 2>/dev/null
}
mask=$work/head/stages/masks/heads/head.nii.gz
for part in '40 16' '76 32' '252 76'; do # sizes, spacing, where it lies
    # shellcheck disable=SC2086 # two words
    header $part "$mask" >"$work/bits.1" && header $part "$data/t1_crop.nii.gz" >"$work/bits.2"
    cmp -s "$work/bits.1" "$work/bits.2" || fail "the mask lies elsewhere (bytes $part)"
done

count() { # voxels of a class, its byte in octal
    gzip -dc "$mask" | tail -c 16777216 | tr -dc "\\$1" | wc -c | tr -d ' '
}
found="$(count 000) $(count 001) $(count 002)"
[ "$found" = '15523464 518540 735212' ] || fail "voxels of each class: $found"
exit $bad
