# SPDX-License-Identifier: GPL-3.0-or-later
# What tests of whole runs share: a folder of their own, and how results are compared.
# shellcheck shell=sh

srcdir=${srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
fornix=${FORNIX:-${builddir:-$srcdir}/src/fornix}
small=$srcdir/tests/run/small.xml
work=$(mktemp -d "${TMPDIR:-/tmp}/fornix-run.XXXXXX") || exit 1
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
export FORNIX_CACHE="$work/cache" OMP_NUM_THREADS="${OMP_NUM_THREADS:-2}"
bad=0

fail() {
    echo "$(basename "$0"): $*"
    bad=1
}

# run NAME ARGUMENT...: a run into a folder of its own; its words in NAME.log, its exit in $code.
run() {
    name=$1
    shift
    "$fornix" run "$@" -o "$work/$name" >"$work/$name.log" 2>&1
    code=$?
}

expect() { # CODE PATTERN: what the last run had to end with, and to say
    [ "$code" = "$1" ] || fail "$name ended with $code, not $1: $(tail -n 3 "$work/$name.log")"
    grep -qe "$2" "$work/$name.log" || fail "$name does not say '$2': $(cat "$work/$name.log")"
}

# Everything in a run's folder that does not tell of time and place.
bits() {
    (cd "$work/$1" && find . -type f ! -name manifest.json ! -name 'report.*' | sort |
        xargs cksum)
}

same() { # as the run of that name
    bits "$1" >"$work/bits.1" && bits "$name" >"$work/bits.2"
    cmp -s "$work/bits.1" "$work/bits.2" ||
        fail "$name differs from $1: $(diff "$work/bits.1" "$work/bits.2" | head -n 6)"
}
