#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Crashes and failures in plugins while a graph runs: the node is named, its plugin, its place in
# the graph, and nothing is lost that was done before.
set -u
if [ -z "${TMPDIR-}" ] && [ -w /dev/shm ]; then TMPDIR=/dev/shm; fi
# shellcheck source=tests/run/common.sh
. "${srcdir:-$(dirname "$0")/..}/tests/run/common.sh"
faults=${builddir:-$srcdir}/tests/faults
if grep -q __ubsan_ "${builddir:-$srcdir}/src/.libs/libfornix.so"; then
    echo 'test-crash: sanitizers tell of crashes themselves'
    exit 77
fi
mkdir "$work/plugins"
cp "$faults"/crashes_*.so "$work/plugins"
cp "$srcdir/tests/crash/"*.xml "$work"
graph=$work/graph.xml
export FORNIX_PLUGIN_PATH="$work/plugins"

# place ID: where its element begins, as it is told.
place() {
    awk -v id=" id=\"$1\"" -v file="$graph" 'i = index($0, id) {
        match($0, /<[a-z]/); print file ":" NR ":" RSTART + 1 }' "$graph"
}

run whole "$graph"
expect 0 'results:'

# crashes NODE ID DOING SETTING WHAT: a run with the setting breaks as it says, each with an empty
# cache, and the same without goes on from there to the same bits.
crashes() {
    export FORNIX_CACHE="$work/cache-$4"
    env "$4" "$fornix" run "$graph" -o "$work/$2" >"$work/$2.log" 2>&1
    code=$? name=$2
    expect 1 "^$(place "$2"): error: $1 '\(u/\)*$2' crashed $3: $5"
    expect 1 "^ *[0-9]* | *<$1 id=\"$2\""
    expect 1 "its plugin is $work/plugins/$1.so: 'fornix test-node"
    expect 1 'the same command goes on at the last checkpoint'
    run "$2" "$graph"
    expect 0 'results:'
    same whole
}

crashes crashes_forward c 'in forward' CRASH_FORWARD=60 'a NULL pointer (SIGSEGV)'
expect 0 'before  *from the cache'
expect 0 'segment  *goes on at step [12][0-9] of 40'
crashes crashes_forward c 'in forward' 'CRASH_FORWARD=60 zero' 'a division by zero (SIGFPE)'
expect 0 'segment  *goes on at step [12][0-9] of 40'
crashes crashes_reading images 'in read' CRASH_READING=40 'a NULL pointer (SIGSEGV)'
crashes crashes_judging count 'in rows' CRASH_JUDGING=5 'a NULL pointer (SIGSEGV)'
expect 0 'segment  *from the cache'
expect 0 'segmented  *from the cache'
crashes crashes_judging count 'in rows' 'CRASH_JUDGING=0 abort' 'it called abort, or spoilt the heap (SIGABRT)'
crashes crashes_judging count 'in rows' 'CRASH_JUDGING=3 stack' 'memory that is not there or may not be written (SIGSEGV)'

# With the plugin mended only what it was used in is made anew.
export FORNIX_CACHE="$work/cache-mended"
CRASH_FORWARD=60 run mended "$graph"
expect 1 "crashes_forward 'u/c' crashed in forward"
echo >>"$work/plugins/crashes_forward.so"
run mended "$graph"
expect 0 'before  *from the cache'
! grep -q 'goes on at step' "$work/mended.log" || fail 'it goes on with what another plugin left'
same whole

# A failure is no crash, and is told as well.
export FORNIX_CACHE="$work/cache-failed"
CRASH_READING='40 fail' run failed "$graph"
expect 1 "row [0-9]* can't be read; told by crashes_reading 'images' ($(place images))"
run failed "$graph"
expect 0 'results:'
same whole

# As JSON, a line.
export FORNIX_CACHE="$work/cache-json"
CRASH_FORWARD=60 run json "$graph" --json
line=$(place c | sed 's/.*:\([0-9]*\):[0-9]*/\1/')
expect 1 "^{\"severity\": \"error\", \"file\": \"$graph\", \"line\": $line, .*\"message\": \"crashes_forward 'u/c' crashed in forward.*\"plugin\": \"$work/plugins/crashes_forward.so\"}"

# Before anything runs there is nothing to go on with.
CRASH_COLUMNS=0 "$fornix" check "$graph" >"$work/checked.log" 2>&1
code=$? name=checked
expect 1 "^$(place images): error: crashes_reading 'images' crashed in columns: a NULL pointer"
! grep -q 'goes on' "$work/checked.log" || fail 'a check goes on with something'

# In a sweep the jobs that need it have failed, and say why.
export FORNIX_CACHE="$work/cache-sweep"
CRASH_FORWARD=60 "$fornix" sweep "$work/sweep.xml" -o "$work/swept" >"$work/swept.log" 2>&1
code=$? name=swept
expect 1 "crashes_forward 'u/c' crashed in forward.*graph.xml:$line:"
exit $bad
