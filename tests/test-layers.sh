#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The architecture, tested: lower modules never include higher ones, files and functions stay short.
#
# The order stated here and the includes as they stand must fit into one order without a circle;
# modules that are not named may stand anywhere in it. A module is a .h with its .c and with the
# files called after it (plan.c, plan_run.c, plan_parts.h); the kernels are one.
set -u
cd "${srcdir:-$(dirname "$0")/..}/src" || exit 1

order='
main
describe sweep report
run
stage store samples
plan
autodiff
infer
graph
registry
attr descriptor
node xml
diag
text arena
base
fornix-error
'

bad=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

fail() {
    echo "test-layers: $*"
    bad=1
}

module() { # of a file: its name without suffix, or what it is a part of
    name=$(basename "${1%.[ch]}")
    if [ -e "$(dirname "$1")/${name%%[-_]*}.h" ]; then name=${name%%[-_]*}; fi
    case $1 in */node.h) name=node ;; kernels/*) name=kernels ;; esac
    echo "$name"
}

for file in *.[ch] kernels/*.[ch]; do
    from=$(module "$file")
    sed -n 's/^#include "\([^"]*\)".*/\1/p' "$file" | while read -r included; do
        [ -e "$(dirname "$file")/$included" ] && included=$(dirname "$file")/$included
        to=$(module "${included#./}")
        [ "$from" = "$to" ] || echo "$from $to"
    done
done | sort -u >"$work/includes"

# Every module of a layer above every module of the next layer that has any.
echo "$order" | while read -r layer; do
    here=
    for name in $layer; do [ ! -e "$name.h" ] && [ ! -e "$name.c" ] || here="$here $name"; done
    [ -n "$here" ] || continue
    for high in ${above-}; do for low in $here; do echo "$high $low"; done; done
    above=$here
done >"$work/order"

if ! cat "$work/includes" "$work/order" | tsort >/dev/null 2>"$work/circle"; then
    fail "modules include one another, or against the stated order:"
    sed 's/^tsort: //' "$work/circle"
fi

refuse() { # files that hold a pattern and may not
    pattern=$1 why=$2
    shift 2
    # shellcheck disable=SC2086 # a list of files
    found=$(grep -lE "$pattern" "$@" 2>/dev/null)
    [ -z "$found" ] || fail "$why:" "$found"
}

refuse '<libxml/' 'only xml.c knows libxml2' $(ls *.[ch] ../nodes/*.c | grep -v '^xml\.c$')
refuse '#pragma omp|<omp.h>' 'only team.c knows OpenMP' \
    $(ls *.[ch] kernels/*.[ch] ../nodes/*.c | grep -v '^team\.c$')
refuse '#include "(\.\./)?(graph|infer|plan|autodiff|stage|run|registry)\.h"' \
    'nodes know nothing of graphs' ../nodes/*.[ch]
# What kernels stand on beside the node contract: errors and random numbers, which it includes.
up=$(grep '^kernels ' "$work/includes" | grep -vE ' (node|base|fornix-random|fornix-error)$')
[ -z "$up" ] || fail "kernels include more than the node contract:" "$up"

for file in *.c kernels/*.c ../nodes/*.c; do
    [ -e "$file" ] || continue
    lines=$(wc -l <"$file")
    if [ "$lines" -gt 600 ]; then
        fail "$file has $lines lines: split it"
    elif [ "$lines" -gt 500 ]; then
        echo "test-layers: $file has $lines lines (500 is a good size)"
    fi
    awk -v file="$file" '/^{/ { start = NR } /^}/ && start {
        if (NR - start - 1 > 60) print "test-layers: " file ":" start ": a function of " \
            NR - start - 1 " lines"; start = 0 }' "$file"
done
exit $bad
