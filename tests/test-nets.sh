#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Every net of graphs/nets in a graph that runs: in 2-D and 3-D, of other sizes than its own, with as
# many parameters as its drawing has.
set -u
# shellcheck source=tests/run/common.sh
. "${srcdir:-$(dirname "$0")/..}/tests/run/common.sh"
nets=$srcdir/graphs/nets
files=$srcdir/tests/nets

# segment NAME NET PARAMS ARGUMENT...: trains NET.xml for a few steps.
segment() {
    as=$1 net=$2 params=$3
    shift 3
    echo "$net.xml" >>"$work/used"
    sed "s|@NET@|$nets/$net.xml|; s|params=.@PARAMS@.|$params|" "$files/segment.xml" >"$work/$as.xml"
    run "$as" "$work/$as.xml" "$@"
    expect 0 'results:'
    "$fornix" check "$work/$as.xml" "$@" >"$work/$as.check"
}

# parameters KERNEL CHANNELS_UP BASE LEVELS CLASSES: of a residual U-Net of one channel, counted here.
parameters() {
    awk -v k="$1" -v up="$2" -v base="$3" -v levels="$4" -v classes="$5" '
        function conv(size, from, to) { return size * from * to + 3 * to } # bias and norm
        BEGIN {
            for (l = 0; l < levels; l++) {
                c = base * 2 ^ l; from = l ? c / 2 : 1
                sum += conv(k, from, c) + conv(k, c, c) + conv(1, from, c)
                if (l < levels - 1)
                    sum += up * 2 * c * c + c + conv(k, 2 * c, c) + conv(k, c, c) + conv(1, 2 * c, c)
            }
            print sum + base * classes + classes
        }'
}

count() { # of the parameters that the last net has
    wanted=$(parameters "$@")
    grep -q "net unet  *$wanted parameters$" "$work/$name.check" ||
        fail "$name has not $wanted parameters: $(grep 'net unet' "$work/$name.check" | head -n 1)"
}

# In 2-D and in 3-D it is one drawing, and only what the params say differs.
for flat in unet2d residual-unet2d; do
    for net in $flat ${flat%2d}3d; do sed -n '/<net /,$p' "$nets/$net.xml" >"$work/$net.net"; done
    cmp -s "$work/$flat.net" "$work/${flat%2d}3d.net" || fail "$flat and ${flat%2d}3d are two nets"
done

segment solid residual-unet3d 'base="4" levels="3" classes="1"'
count 27 8 4 3 1
segment flat residual-unet2d 'base="6" levels="4"' -p size='1 16 16'
count 9 4 6 4 1
segment deep residual-unet3d 'base="2" levels="4" classes="2" widest="4" norm="batch" activation="elu"' -p steps=2
segment plain residual-unet2d 'base="4" levels="2" norm="none" classes="2"' -p size='1 12 20' -p steps=2
segment old unet3d 'base="2" levels="2" classes="2"' -p steps=2
segment old_flat unet2d 'base="4" levels="3"' -p size='1 16 16' -p steps=2

# generate NAME KIND PARAMS ARGUMENT...: an ACGAN and a classifier for KIND.
generate() {
    as=$1 kind=$2 params=$3
    shift 3
    printf '%s.xml\n' "acgan-$kind" "classifier-$kind" >>"$work/used"
    sed "s|@ACGAN@|$nets/acgan-$kind.xml|; s|@CLASSIFIER@|$nets/classifier-$kind.xml|
         s|params=.@PARAMS@.|$params|" "$files/generate.xml" >"$work/$as.xml"
    run "$as" "$work/$as.xml" "$@"
    expect 0 'results:'
}

generate points vectors 'width="8" depth="1" slope="0.1" dropout="0"' -p pool=mean
generate planes maps 'width="2" norm="batch"' -p size='1 18 18'
generate bodies maps 'width="2" depth="2"' -p size=12

for net in "$nets"/*.xml; do
    net=$(basename "$net")
    grep -qx "$net" "$work/used" || grep -rq "nets/$net" "$srcdir/graphs" "$srcdir/tests" ||
        fail "no graph includes $net"
done
exit $bad
