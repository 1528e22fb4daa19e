#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The schema: xmllint accepts every graph that there is, and refuses what is wrong in structure,
# names or values. A plugin of one's own is in it.
set -u
srcdir=${srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
builddir=${builddir:-$srcdir}
program=${FORNIX:-$builddir/src/fornix}
if ! command -v xmllint >/dev/null; then
    echo 'test-schema: no xmllint (Debian: libxml2-utils)'
    exit 77
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/fornix-schema.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
passed=0 failed=0

count() { # whether a check passed, and what to say if not
    if [ "$1" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "test-schema: $2"
    fi
}

valid() { # FILE
    xmllint --noout --nonet --relaxng "$work/fornix.rng" "$1" >"$work/said" 2>&1
}

"$program" schema -o "$work/fornix.rng"
count $? 'no schema is written'
"$program" schema | cmp -s - "$work/fornix.rng"
count $? 'it differs when it is not written to a file'

for graph in "$srcdir"/graphs/*.xml "$srcdir"/graphs/*/*.xml "$srcdir"/examples/*/*.xml \
    "$srcdir"/tests/*/*.xml; do
    ! grep -qE '<(metaimage|crashes_)' "$graph" || continue # nodes that are not among fornix's own
    valid "$graph"
    count $? "$graph is refused: $(head -n 1 "$work/said")"
done

# FILE, an edit of sed, and what is wrong then.
refuse() {
    from=$srcdir/tests/errors/$1
    [ "$1" != sweep.xml ] || from=$work/whole.xml
    sed "$2" "$from" >"$work/$1"
    ! cmp -s "$from" "$work/$1"
    count $? "$3: no change"
    ! valid "$work/$1"
    count $? "$3: it is accepted"
}

# A sweep in which every element stands.
cat >"$work/whole.xml" <<'SWEEP'
<sweep xmlns="urn:fornix:graph:1" name="s" graph="graph.xml" jobs="2" budget="12 h" doc="all of it">
  <set name="epochs" value="6"/>
  <axis name="fold" in="0..2"/>
  <axis name="rate" from="1e-4" to="1e-2" count="5" spacing="log" when="fold = 1"/>
  <axis name="arms"><value is="none smote"/><value is="acgan"/></axis>
  <zip when="fold = 2"><axis name="a" in="1 2"/><axis name="b" in="3 4"/></zip>
  <metric name="auc" of="scores[*].auc"/>
  <compare scores="scores[*]" over="arms" baseline="none smote" figures="auc" draws="200"/>
  <control name="permuted" of="scores.auc" between="0.45 0.55" when="fold = 2"/>
</sweep>
SWEEP
valid "$work/whole.xml"
count $? "a sweep with all elements is refused: $(head -n 1 "$work/said")"

while IFS='|' read -r file edit what; do
    refuse "$file" "$edit" "$what"
done <<'EDITS'
base.xml|s/<standardize/<standardise/|an unknown node
base.xml|s/<oversample/<oversampel/|an unknown node in a branch
net.xml|s/<max_pool/<phantom/|tables in a net
base.xml|s/<standardize/<relu/|a layer between tables
base.xml|s/<mse_loss/<update nets="G" minimise="x"><adam\/><\/update><apply/|a stage in a stage
base.xml|s/<cosine/<adam/|an optimizer for a schedule
base.xml|s/<sgd rate="0.1"\/>//|no optimizer
base.xml|s/<otherwise>/<relu\/><otherwise>/|a layer among branches
base.xml|s/<none samples/<none id="n" samples/|an id below a choose that gives one
base.xml|s/<split id="parts"/<split/|no id
base.xml|s/id="far"/id="1far"/|an id that is none
base.xml|s/subjects=/subject=/|an unknown attribute
base.xml|s/ samples="tapped"//|a missing input
base.xml|s/ count="10"//|a missing attribute
base.xml|s/samples="tapped"/samples="a b"/|two tables for one
net.xml|s/norm="instance"/norm="instanse"/|an unknown choice
base.xml|s/part="test"/part="tset"/|an unknown part
base.xml|s/subjects="40"/subjects="4o"/|no whole number
base.xml|s/batch="5" label/batch="0" label/|a number out of range
base.xml|s/rate="0.1"/rate="0,1"/|no number
base.xml|s/rate="0.1"/rate="1e99"/|a real out of range
net.xml|s/kernel="1"/kernel="1 1 1 1"/|too many sizes
net.xml|s/kernel="1"/kernel="0"/|a size out of range
base.xml|s/select="[^"]*"/select="bets"/|an unknown choice of a stage
base.xml|s/type="bool"/type="boolean"/|an unknown type
base.xml|s/href=/herf=/|an include of nothing
base.xml|s/urn:fornix:graph:1/urn:fornix:graph:2/|another namespace
base.xml|s/<graph/words <graph/|text
base.xml|s/<split /<axis name="a" in="1"\/><split /|an element of sweeps in a graph
sweep.xml|s/<axis name="fold"/<axes name="fold"/|an unknown element of a sweep
sweep.xml|s/<metric /<phantom id="x" subjects="4"\/><metric /|a node in a sweep
sweep.xml|s/<value is="acgan"/<axis name="c" in="1"/|an axis in an axis
sweep.xml|s/<zip.*<\/zip>/<zip\/>/|nothing in a zip
sweep.xml|s/<value is="acgan"/<value/|no value
sweep.xml|s/ graph="graph.xml"//|no graph
sweep.xml|s/spacing="log"/spacing="lgo"/|an unknown spacing
sweep.xml|s/count="5"/count="five"/|no whole number in a sweep
sweep.xml|s/count="5"/count="${5}"/|an expression in a sweep
sweep.xml|s/draws="200"/draws="20"/|a number out of range in a sweep
sweep.xml|s/ of="scores/ off="scores/|an unknown attribute in a sweep
sweep.xml|s/jobs="2"/id="x"/|an id in a sweep
sweep.xml|s/ between="0.45 0.55"//|a control of nothing
sweep.xml|s/<set /words <set /|text in a sweep
EDITS

# Values with ${} are for fornix check.
sed 's/subjects="40"/subjects="${4 * 10}"/; s/batch="5"/batch="${fold}"/' \
    "$srcdir/tests/errors/base.xml" >"$work/base.xml"
valid "$work/base.xml"
count $? "an expression is refused: $(head -n 1 "$work/said")"

mkdir "$work/own" "$work/plugins"
if ${CC:-cc} -shared -fPIC -I"$srcdir/src" "$srcdir/tests/install/halving.c" -o "$work/own/halving.so"; then
    FORNIX_PLUGIN_PATH=$work/own "$program" schema -o "$work/fornix.rng"
    grep -q '<element name="halving">' "$work/fornix.rng"
    count $? "one's own plugin is not in the schema"
fi
cp "$builddir/nodes/.libs/relu.so" "$work/plugins/own.so" # it calls itself relu: it can't load
FORNIX_PLUGIN_PATH=$work/plugins "$program" schema -o "$work/fornix.rng" && valid "$srcdir/graphs/first.xml"
count $? 'a plugin that does not load spoils the schema'

total=$((passed + failed))
echo "$((100 * passed / total))%: Checks: $total, Failures: $failed, Errors: 0"
[ "$failed" = 0 ]
