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

for graph in "$srcdir"/graphs/*.xml "$srcdir"/graphs/*/*.xml "$srcdir"/tests/*/*.xml; do
    ! grep -q '<sweep ' "$graph" || continue # no graph
    valid "$graph"
    count $? "$graph is refused: $(head -n 1 "$work/said")"
done

# FILE of tests/errors, an edit of sed, and what is wrong then.
refuse() {
    sed "$2" "$srcdir/tests/errors/$1" >"$work/$1"
    ! cmp -s "$srcdir/tests/errors/$1" "$work/$1"
    count $? "$3: no change"
    ! valid "$work/$1"
    count $? "$3: it is accepted"
}

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
