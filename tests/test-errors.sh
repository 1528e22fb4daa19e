#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Broken graphs: tests/errors holds a graph in which nothing is wrong (base.xml, with its net), and a
# file of cases that spoil it for each class of mistake. All that `fornix check` says of a case is
# compared, to the count of errors at its end.
set -u
srcdir=${srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
case $srcdir in /*) ;; *) srcdir=$(cd "$srcdir" && pwd) ;; esac
builddir=${builddir:-$srcdir}
case $builddir in /*) ;; *) builddir=$(cd "$builddir" && pwd) ;; esac
program=${FORNIX:-$builddir/src/fornix}
work=$(mktemp -d "${TMPDIR:-/tmp}/fornix-errors.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
export FORNIX_CACHE="$work/cache" OMP_NUM_THREADS=1 LC_ALL=C
. "$srcdir/tests/cases.sh"

good=$work/good
mkdir "$good"
cp "$srcdir"/tests/errors/*.xml "$good"
if ! fornix check "$good/base.xml" >"$work/log" 2>&1 || grep -q warning: "$work/log"; then
    echo 'test-errors: something is wrong with the good graph:'
    cat "$work/log"
    exit 1
fi

for cases in "$srcdir"/tests/errors/*.txt; do
    judge_cases "$cases"
done

total=$((passed + failed))
echo "$((100 * passed / total))%: Checks: $total, Failures: $failed, Errors: 0"
[ "$failed" = 0 ]
