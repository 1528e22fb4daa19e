# SPDX-License-Identifier: GPL-3.0-or-later
# What tests of whole runs share: a folder of their own, and how results are compared.
# shellcheck shell=sh

srcdir=${srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
fornix=${FORNIX:-${builddir:-$srcdir}/src/fornix}
small=$srcdir/tests/run/small.xml
work=$(mktemp -d "${TMPDIR:-/tmp}/fornix-run.XXXXXX") || exit 1
busy=
trap '[ -z "$busy" ] || kill $busy; chmod -R u+w "$work"; rm -rf "$work"' EXIT
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
    (cd "$work/$1" && find . -type f ! -name manifest.json ! -name lines.json ! -name 'report.*' | sort |
        xargs cksum)
}

same() { # as the run of that name
    bits "$1" >"$work/bits.1" && bits "$name" >"$work/bits.2"
    cmp -s "$work/bits.1" "$work/bits.2" ||
        fail "$name differs from $1: $(diff "$work/bits.1" "$work/bits.2" | head -n 6)"
}

# agree NAME THREADS ARGUMENT...: a run with each of those numbers of threads, and an empty cache
# each, ends with the same bits.
agree() {
    of=$1 threads=$2 first=
    shift 2
    for count in $threads; do
        FORNIX_CACHE="$work/cache-$of-$count" OMP_NUM_THREADS=$count run "$of-$count" "$@"
        expect 0 'results:'
        [ "$code" = 0 ] || return
        first=${first:-$name}
        same "$first"
    done
    echo "$of: $(bits "$first" | wc -l) files are the same with $threads threads"
}

# Another process that takes from the machine what it can get, until the test ends.
disturb() {
    sh -c 'while :; do :; done' &
    busy=$!
}

# faulty FOLDER NODE MACROS...: the node with a mistake in its backward (see learn/faulty.c), for
# FORNIX_PLUGIN_PATH.
faulty() {
    folder=$1 node=$2
    shift 2
    mkdir -p "$folder"
    # shellcheck disable=SC2086 # CC may be several words
    ${CC:-cc} -std=gnu11 -O1 -shared -fPIC -I"$srcdir/src" -DNODE="\"../../nodes/$node.c\"" "$@" \
        "$srcdir/tests/learn/faulty.c" -o "$folder/$node.so" || fail "$node does not compile"
}
