#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Fused nodes act wherever their chains stand, and nobody can tell: what is tapped between keeps them
# out, and changes no bit of what comes of it.
set -u
# shellcheck source=tests/run/common.sh
. "${srcdir:-$(dirname "$0")/..}/tests/run/common.sh"
graph=$srcdir/tests/run/fused.xml

acting() { # STAGE TAP: the kinds of norms and rectifiers in the plan of a stage
    "$fornix" plan "$graph" -p tap="$2" | awk -v stage="$1" '
        /^[a-z]/ { here = $2 == stage ":" }
        here && $3 ~ /norm|relu/ { print $3 }' | sort -u | paste -sd' '
}
expect_acting() { # STAGE TAP KINDS
    [ "$(acting "$1" "$2")" = "$3" ] || fail "stage $1 with tap $2 has $(acting "$1" "$2"), not $3"
}
expect_acting fit no 'fused_batch_norm_relu fused_instance_norm_leaky_relu'
expect_acting predicted no 'fused_batch_norm_relu fused_instance_norm_leaky_relu'
expect_acting predicted yes 'batch_norm instance_norm leaky_relu relu'

logits() { # RUN: a checksum of what it collected under that name
    file=$work/$1/stages/predicted/table/tensors.safetensors
    header=$(od -An -tu8 -N8 "$file" | tr -d ' ')
    place=$(tail -c +9 "$file" | head -c "$header" |
        sed 's/.*"logits": *{[^}]*"data_offsets": *\[\([0-9]*\), *\([0-9]*\)\].*/\1 \2/')
    tail -c +$((9 + header + ${place% *})) "$file" | head -c $((${place#* } - ${place% *})) | cksum
}
for tap in no yes; do
    FORNIX_CACHE="$work/cache-$tap" run "$tap" "$graph" -p tap=$tap
    expect 0 'results:'
done
cmp "$work/no/stages/fit/weights.safetensors" "$work/yes/stages/fit/weights.safetensors" || fail "weights differ"
[ "$(logits no)" = "$(logits yes)" ] || fail "a tap changes bits: $(logits no), $(logits yes)"
case $(logits no) in *' 196608') ;; *) fail "logits have other sizes: $(logits no)" ;; esac
exit $bad
