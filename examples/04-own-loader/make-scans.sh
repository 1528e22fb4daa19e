#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Twelve made-up scans of 16 x 16 x 16 voxels and their masks: a bright ball in noise. Images as a
# header and a raw file (.mhd), masks in one file (.mha).
set -eu

voxels() { # SUBJECT what: the voxels as escapes for printf; image: two bytes each, mask: one
    awk -v s="$1" -v what="$2" 'BEGIN {
        srand(s)
        for (z = 0; z < 16; z++) for (y = 0; y < 16; y++) for (x = 0; x < 16; x++) {
            far = (x - 6 - s % 4)^2 + (y - 6 - s % 3)^2 + (z - 8)^2
            inside = far < (3 + s % 3)^2
            if (what == "mask") printf "\\%03o", inside
            else {
                value = int(100 + 150 * inside + 120 * rand())
                printf "\\%03o\\%03o", value % 256, int(value / 256)
            }
        }
    }'
}

header() { # TYPE FILE
    printf 'ObjectType = Image\nNDims = 3\nDimSize = 16 16 16\nElementSpacing = 1 1 1\n'
    printf 'ElementType = %s\nElementDataFile = %s\n' "$1" "$2"
}

mkdir -p scans
echo subject,image,mask >scans.csv
for subject in 1 2 3 4 5 6 7 8 9 10 11 12; do
    header MET_SHORT "$subject.raw" >"scans/$subject.mhd"
    printf "$(voxels "$subject" image)" >"scans/$subject.raw"
    { header MET_UCHAR LOCAL && printf "$(voxels "$subject" mask)"; } >"scans/$subject-mask.mha"
    echo "patient$subject,scans/$subject.mhd,scans/$subject-mask.mha" >>scans.csv
done
