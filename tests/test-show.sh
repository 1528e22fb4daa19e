#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Pictures: every graph, stage and net gives one that Graphviz takes without a word; a U-Net's has
# its levels in rows; no name in a graph breaks any of it.
set -u
# shellcheck source=tests/show/common.sh
. "${srcdir:-$(dirname "$0")/..}/tests/show/common.sh"
data=$srcdir/../shared/data
dot='dot'
! missing dot 'what is drawn is not parsed' || dot=

# draw STATUS NAME ARGUMENT...: makes NAME.dot, looked at by Graphviz with all others at the end
draw() {
    want=$1 name=$2
    shift 2
    "$program" show "$@" -o "$work/$name.dot" >"$work/log" 2>&1
    found=$?
    [ "$found" = "$want" ] || { fail "show $* ended with $found" && cat "$work/log"; }
    [ -s "$work/$name.dot" ] || fail "show $* draws nothing"
}

offered() { # GRAPH OPTION: what may stand behind it
    "$program" complete -- show "$1" "$2" '' | cut -f 1
}

# ---- Every graph ----

number=0
for graph in "$srcdir"/graphs/*.xml "$srcdir"/graphs/[!n]*/*.xml; do
    ! grep -q '<sweep ' "$graph" || continue # no graph
    number=$((number + 1))
    paths=$(sed -n 's/.*<param name="\([a-z_]*\)" *type="path".*/\1/p' "$graph")
    if [ -n "$paths" ]; then
        set -- "$graph"
        for path in $paths; do set -- "$@" -p "$path=$work/missing"; done
        draw 2 "g$number" "$@" # its data is not here: drawn from its text
        grep -q 'drawn without shapes' "$work/log" || fail "$graph: not told what is missing"
    else
        draw 0 "g$number" "$graph"
        draw 0 "g$number-rounds" "$graph" --rounds
        for stage in $(offered "$graph" --stage | sed 's/\[.*//' | sort -u); do
            draw 0 "g$number-$stage" "$graph" --stage "$stage"
        done
        for net in $(offered "$graph" --open); do draw 0 "g$number-$net" "$graph" --open "$net"; done
    fi
done
if [ -e "$data/lgg/index.csv" ]; then
    draw 0 lgg "$srcdir/graphs/tcga-lgg.xml" -p data="$data" --stage tapped --open unet
else
    echo "test-show: no cohorts in $data: tcga-lgg.xml is drawn without them alone"
fi
[ "$number" -ge 10 ] || fail "only $number graphs were found"

# ---- What the demo's pictures say ----

demo=$srcdir/graphs/feature-augmentation.xml
draw 0 demo "$demo"
for words in 'classify × 7' 'net unet, 352 k parameters' 'image 32³×4' '600 rows' 'style=dashed'; do
    grep -q "$words" "$work/demo.dot" || fail "the demo's picture does not say '$words'"
done
boxes=$(grep -c '^n[0-9]* \[' "$work/demo.dot")
[ "$boxes" -le 24 ] || fail "the demo's picture has $boxes boxes: loops are not folded"

draw 0 unet "$srcdir/tests/bench/unet3d.xml" --open unet
draw 0 opened "$demo" --stage synthetic --open G --open generator
grep -q 'x: generator' "$work/opened.dot" || fail "what is opened in a stage is not drawn"

# level NAME: the row in which the U-Net's picture puts it, and its place from the left
level() {
    box=$(sed -n "s/^\(n[0-9]*\) .*<B>$1<\/B>.*/\1/p" "$work/unet.dot")
    sed -n "s/^{rank=same; l\([0-9]*\) .* $box;.*/\1/p" "$work/unet.dot"
}
for pair in 'enc0 dec0 0' 'enc1 dec1 1' 'enc2 up2 2' 'pool3 dec2 2' 'bottleneck dec3 3'; do
    # shellcheck disable=SC2086 # three words
    set -- $pair
    { [ "$(level "$1")" = "$3" ] && [ "$(level "$2")" = "$3" ]; } ||
        fail "the U-Net's $1 and $2 stand in rows '$(level "$1")' and '$(level "$2")', not in $3"
done

# ---- Names that mean something elsewhere ----

cp "$srcdir/tests/show/hostile.xml" "$work"
awk 'BEGIN { print "subject,grade,<b>a,\"&b\"\"\\n\""
    for (k = 0; k < 16; k++) print "s" k "," (k % 2 ? "<low> & \\N" : "hi\"\"gh") "," k / 16 "," k % 3 }' |
    sed 's/,hi""gh,/,"hi""gh",/' >"$work/hostile.csv"
draw 0 hostile "$work/hostile.xml"
draw 0 hostile-rounds "$work/hostile.xml" --rounds
stage=$(offered "$work/hostile.xml" --stage | head -n 1)
draw 0 hostile-stage "$work/hostile.xml" --stage "$stage" --open n

# ---- What Graphviz says to all of them ----

if [ -n "$dot" ]; then
    { $dot -Tcanon "$work"/*.dot >/dev/null 2>"$work/log" && [ ! -s "$work/log" ]; } ||
        { fail 'Graphviz says of these pictures:' && head -n 20 "$work/log"; }
    for name in hostile hostile-rounds; do
        set -- "$work/hostile.xml" -o "$work/$name.svg"
        [ "$name" = hostile ] || set -- "$@" --rounds
        "$program" show "$@" >"$work/log" 2>&1 || { fail "$name: no SVG" && cat "$work/log"; }
        grep -q 'a&lt;b&gt; &amp; &quot;c&quot; \\N\\G' "$work/$name.svg" ||
            fail "$name: the graph's name is not in its SVG as it is written"
        grep -q 'grade: &lt;low&gt; &amp; \\N hi&quot;gh' "$work/$name.svg" ||
            fail "$name: a class is not called as the table calls it"
        ! grep -q '<b>' "$work/$name.svg" || fail "$name: a name became a tag"
        missing xmllint "$name.svg was not parsed" ||
            xmllint --noout "$work/$name.svg" >"$work/log" 2>&1 ||
            { fail "$name.svg is no XML" && cat "$work/log"; }
    done
    # The README's pictures are those of its graph.
    for picture in first first-unet; do
        set -- "$srcdir/graphs/first.xml" -o "$work/$picture.svg"
        [ "$picture" = first ] || set -- "$@" --open unet
        "$program" show "$@" >"$work/log" 2>&1 || { fail "$picture: no SVG" && cat "$work/log"; }
        for side in "$srcdir/graphs" "$work"; do
            sed -n 's|.*<text[^>]*>\(.*\)</text>.*|\1|p' "$side/$picture.svg"
            echo --
        done | awk 'BEGIN { side = 0 } $0 == "--" { side++; next } { said[side] = said[side] "\n" $0 }
            END { exit said[0] == "" || said[0] != said[1] }' ||
            fail "graphs/$picture.svg is not what fornix show draws now"
    done
    "$program" show "$demo" -o "$work/demo.png" >"$work/log" 2>&1 || fail "no PNG"
    head -c 4 "$work/demo.png" | grep -q PNG || fail "demo.png is no PNG"
fi

# ---- What can be wrong ----

refused() { # STATUS WORDS ARGUMENT...
    want=$1 words=$2
    shift 2
    "$program" show "$@" >"$work/log" 2>&1
    found=$?
    { [ "$found" = "$want" ] && grep -q "$words" "$work/log"; } ||
        { fail "show $*: ended with $found, does not say '$words'" && cat "$work/log"; }
}
first=$srcdir/graphs/first.xml
refused 2 "there is no stage 'sge'; did you mean 'seg'" "$first" --stage sge -o "$work/x.dot"
refused 2 "a net 'unit'; did you mean 'unet'" "$first" --open unit -o "$work/x.dot"
refused 2 'a picture ends in .svg' "$first" -o "$work/x.bmp"
refused 2 'no node works in this graph' "$srcdir/graphs/nets/unet3d.xml" -o "$work/x.dot"
refused 1 'cannot' "$first" -o "$work/missing/x.dot"
mkdir "$work/empty"
shell=$(command -v sh)
PATH=$work/empty "$shell" -c '"$@"' sh "$program" show "$first" -o "$work/none.svg" >"$work/log" 2>&1
{ [ $? = 1 ] && grep -q 'Graphviz is not here.*-o NAME.dot' "$work/log"; } ||
    { [ -e "$builddir/src/.libs" ] && grep -q 'not found' "$work/log"; } ||
    { fail "without Graphviz it says:" && cat "$work/log"; }
[ ! -e "$work/none.svg" ] || fail "a picture without Graphviz"
exit $bad
