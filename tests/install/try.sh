#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What was installed, tried as somebody would who has nothing else: the program finds its nodes and
# graphs, takes plugins that were built with nothing but the installed headers, begins new ones
# (new-node.sh), and the pages of the examples are followed (pages.sh). The Makefile tells where all
# that stands.
set -u
work=$(mktemp -d "${TMPDIR:-/tmp}/fornix-installed.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
bad=0

# Staged files are not where they will look for one another once they are in their place.
mkdir "$work/pc" "$work/new-node" "$work/pages"
sed "s|^\([a-z]*=\)/|\1$DESTDIR/|" "$DESTDIR$pkgconfigdir/fornix.pc" >"$work/pc/fornix.pc" || exit 1
export FORNIX_CACHE="$work/cache" PKG_CONFIG_PATH="$work/pc" PATH="$DESTDIR$bindir:$PATH" \
    LD_LIBRARY_PATH="$DESTDIR$pkglibdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" \
    OMP_NUM_THREADS="${OMP_NUM_THREADS:-2}"
unset FORNIX_PLUGIN_PATH MAKEFLAGS MFLAGS MAKELEVEL

fail() {
    echo "installed: $*"
    cat "$work/log"
    bad=1
}

says() { # PATTERN ARGUMENT...: what the program has to say
    pattern=$1
    shift
    fornix "$@" >"$work/log" 2>&1 || fail "fornix $* ended with $?"
    grep -q "$pattern" "$work/log" || fail "fornix $* does not say '$pattern'"
}

says '^  conv ' list
! grep 'do not load' "$work/log" || fail "some nodes do not load"
says 'kernel' describe conv
says . check "$DESTDIR$pkgdatadir/graphs/first.xml"
LD_DEBUG=files fornix describe conv >"$work/log" 2>&1
! grep -F "$(cd "$builddir" && pwd)/" "$work/log" || fail "it reads what stands in the build folder"

for file in "$mandir/man1/fornix.1" "$mandir/man5/fornix-graph.5" \
    "$datadir/bash-completion/completions/fornix" "$datadir/zsh/site-functions/_fornix"; do
    [ -s "$DESTDIR$file" ] || fail "no $file"
done
says '^conv_block' complete -- describe conv_
says 'gives a param' help run
fornix show "$DESTDIR$pkgdatadir/graphs/first.xml" -o "$work/first.dot" >"$work/log" 2>&1 ||
    fail "no picture"
grep -q '<B>cohort</B>' "$work/first.dot" || fail "the picture of first.xml has no cohort"

flags=$("${PKG_CONFIG:-pkg-config}" --cflags fornix 2>"$work/log") || fail "pkg-config: no fornix"
# shellcheck disable=SC2086 # lists of words
$CC -std=gnu11 -Wall -Werror $CFLAGS -shared -fPIC $flags "$srcdir/tests/install/halving.c" \
    -o "$work/halving.so" >"$work/log" 2>&1 || fail "an own plugin does not compile"
export FORNIX_PLUGIN_PATH="$work"
says '^  halving ' list
says 'halved at every step' describe halving
fornix describe --html -o "$work/site" >"$work/log" 2>&1 || fail "no pages of nodes"
grep -q 'href="halving.html"' "$work/site/index.html" || fail "own plugins are not in the index"
grep -qF '(a &lt; b &amp;&amp; c &gt; &quot;d&quot;)' "$work/site/halving.html" ||
    fail "what a plugin says is not written as text"
unset FORNIX_PLUGIN_PATH
says 'update *fine' test-node "$work/halving.so"

for part in new-node pages; do
    work=$work/$part CC=$CC sh "$srcdir/tests/install/$part.sh" || bad=1
done
exit $bad
