#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Bad input: what fornix says to it, word for word, and how it ends.
#
# tests/bad/cases.txt holds the cases, in the form that tests/cases.sh tells; each spoils graphs and
# files. At the end bytes of good graphs are changed at random: fornix may refuse them, but not break.
set -u
srcdir=${srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
case $srcdir in /*) ;; *) srcdir=$(cd "$srcdir" && pwd) ;; esac
builddir=${builddir:-$srcdir}
case $builddir in /*) ;; *) builddir=$(cd "$builddir" && pwd) ;; esac
program=${FORNIX:-$builddir/src/fornix}
work=$(mktemp -d "${TMPDIR:-/tmp}/fornix-bad.XXXXXX") || exit 1
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
export FORNIX_CACHE="$work/cache" OMP_NUM_THREADS="${OMP_NUM_THREADS:-2}" LC_ALL=C
. "$srcdir/tests/cases.sh"

# ---- Bytes ----

put() { # FILE OFFSET BYTES: over what is there, written as for printf
    # shellcheck disable=SC2059 # the bytes are the format
    printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

header() { # FILE.nii.gz OFFSET BYTES: as put, in what is compressed
    gzip -dc "$1" >unpacked
    put unpacked "$2" "$3"
    gzip -c unpacked >"$1"
    rm unpacked
}

nifti2() { # FILE.nii.gz OUT.nii: an image of 8 x 8 x 8 floats with the header of NIfTI-2
    head -c 544 /dev/zero >"$2"
    put "$2" 0 '\034\002\000\000n+2\000\r\n\032\n\020\000\040\000\003'
    for at in 24 32 40; do put "$2" $at '\010'; done
    for at in 48 56 64 72; do put "$2" $at '\001'; done
    for at in 110 118 126 134; do put "$2" $at '\360\077'; done
    put "$2" 168 '\040\002'
    gzip -dc "$1" | tail -c 2048 >>"$2"
}

# ---- Good files ----

good=$work/good
mkdir "$good" "$work/cache"
cp "$srcdir"/tests/bad/*.xml "$srcdir"/tests/imported/* "$good"
cd "$good" || exit 1
awk 'BEGIN { print "subject,grade,a,b"
    for (k = 0; k < 16; k++) print "s" k "," (k % 2 ? "low" : "high") "," k / 16 "," k % 3 }' \
    >table.csv
if ! fornix run cohort.xml -o made >log 2>&1; then
    cat log
    exit 1
fi
cp large/*_0001_mask.nii.gz large.nii.gz
gzip -dc volumes/*_0003_image.nii.gz >nan.nii
put nan.nii 1200 '\000\000\300\177'
gzip nan.nii
mkdir pictures
cp made/stages/pictures/cuts/*.png pictures
cp "$(find made/stages/large_pictures -name "*.png" | head -n 1)" large.png
(cd pictures && ls ./*.png) | awk 'BEGIN { print "file,grade" } { print $0 ",g" NR % 2 }' >index.csv
mv index.csv pictures
header='{"feature":{"dtype":"F32","shape":[16,2],"data_offsets":[0,128]}}'
{
    printf "\\$(printf '%03o' ${#header})\000\000\000\000\000\000\000%s" "$header"
    head -c 128 /dev/zero
} >tensors.safetensors
rm -rf made log
for graph in table images acgan pictures tensors; do
    if ! fornix run $graph.xml -o made >log 2>&1; then
        echo "the good $graph.xml fails:"
        cat log
        exit 1
    fi
    rm -rf made log
done

# ---- Cases ----

judge_cases "$srcdir/tests/bad/cases.txt"

# ---- Bytes at random ----

# A file with a few bytes changed, lost or doubled, by a generator with a seed of its own.
mangle() { # SEED FILE OUT
    od -An -v -tu1 -w1 "$2" | awk -v seed="$1" '
        BEGIN { srand(seed); bytes = "<>/\"=&;${}[]*. \n09azé\1\377" }
        { byte[NR] = $1 + 0 }
        END {
            for (i = 1 + int(rand() * 4); i > 0; i--) {
                at = 1 + int(rand() * NR); what = rand()
                if (what < .5) byte[at] = 32 + int(rand() * 96)
                else if (what < .6) byte[at] = int(rand() * 256)
                else if (what < .8) byte[at] = -1
                else byte[at] = byte[1 + int(rand() * NR)]
            }
            for (k = 1; k <= NR; k++) if (byte[k] >= 0) printf "\\%03o", byte[k]
        }' >"$work/octal"
    # shellcheck disable=SC2059 # the octal numbers are the format
    printf "$(cat "$work/octal")" >"$3"
}

spoil() { # SEED FILE OUT: as mangle; a compressed file as it is, or what is in it
    case $2 in
    *.gz)
        if [ $(($1 % 2)) = 0 ]; then
            mangle "$1" "$2" "$3"
        else
            gzip -dc "$2" >"$work/inner" && mangle "$1" "$work/inner" "$work/spoilt"
            gzip -c "$work/spoilt" >"$3"
        fi
        ;;
    *) mangle "$1" "$2" "$3" ;;
    esac
}

allow() { # NAME SEED: how a try may end
    tried=$((tried + 1))
    case $ended in 0 | 1 | 2) return ;; esac
    failed=$((failed + 1))
    echo "test-bad-input: $1 mangled with seed $2 ended with $ended"
    tail -n 5 "$work/errors"
}

begin fuzz
tried=0 seed=0 seconds=${FUZZ_SECONDS:-8}
start=$(date +%s)
until [ $(($(date +%s) - start)) -ge $((seconds / 2)) ]; do
    seed=$((seed + 1))
    for graph in table images acgan grid; do
        mangle $seed "$good/$graph.xml" "$work/case/mangled.xml"
        (cd "$work/case" && exec "$program" check mangled.xml) >"$work/output" 2>"$work/errors"
        ended=$?
        [ $ended = 1 ] && ended="1: a check can't fail"
        allow $graph.xml $seed
    done
done

# What graphs read, each in its turn; what can't be seen to be damaged, may be used.
until [ $(($(date +%s) - start)) -ge "$seconds" ]; do
    seed=$((seed + 1))
    for pair in table:table.csv images:volumes/manifest.csv tensors:tensors.safetensors \
        pictures:pictures/0001.png images:volumes/000003_heads_0003_image.nii.gz \
        images:volumes/000003_heads_0003_mask.nii.gz; do
        file=${pair#*:}
        spoil $seed "$good/$file" "$work/case/$file"
        (cd "$work/case" && exec "$program" run "${pair%%:*}.xml" -o out) >"$work/output" 2>"$work/errors"
        ended=$?
        allow "$file" $seed
        cp "$good/$file" "$work/case/$file"
    done
done
passed=$((passed + 1))

echo "$tried mangled files"
total=$((passed + failed))
echo "$((100 * passed / total))%: Checks: $total, Failures: $failed, Errors: 0"
[ "$failed" = 0 ]
