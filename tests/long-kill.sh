#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Killed at ten random moments and run again: the bits of a run that nobody disturbed, and less than
# a tenth of any stage repeated.
set -u
# shellcheck source=tests/run/common.sh
. "${srcdir:-$(dirname "$0")/..}/tests/run/common.sh"
steps=${STEPS:-1500}

now() { date +%s.%N; }

began=$(now)
run whole "$small" -p steps=$steps
seconds=$(echo "$(now) $began" | awk '{ print $1 - $2 }')
expect 0 'results:'

# Where each broken stage stood, by its last line of metrics: "STAGE STEP".
standing() {
    for folder in "$FORNIX_CACHE"/*.work; do
        [ -s "$folder/metrics.jsonl" ] || continue
        tail -n 1 "$folder/metrics.jsonl" | sed -n 's/^{"step": \([0-9]*\).*/\1/p'
    done
}

for kill in 1 2 3 4 5 6 7 8 9 10; do
    export FORNIX_CACHE="$work/cache$kill"
    moment=$(od -An -N2 -tu2 /dev/urandom | awk -v all="$seconds" '{ print $1 / 65536 * all }')
    "$fornix" run "$small" -p steps=$steps -o "$work/killed$kill" >"$work/first.log" 2>&1 &
    process=$!
    sleep "$moment"
    kill -9 $process 2>/dev/null || echo "kill $kill: it was over"
    wait $process 2>/dev/null
    stood=$(standing | sort -n | tail -n 1)
    run "killed$kill" "$small" -p steps=$steps
    went=$(sed -n 's/.* goes on at step \([0-9]*\) of .*/\1/p' "$work/$name.log" | sort -n | tail -n 1)
    echo "killed after $moment s of $seconds: a stage stood at ${stood:-none}, went on at ${went:-none}"
    expect 0 'results:'
    same whole
    if [ -n "$stood" ] && [ $((stood - ${went:-0})) -gt $((steps / 10)) ]; then
        fail "more than a tenth was repeated"
    fi
    find "$FORNIX_CACHE" -name '.*' -type f | grep . && fail "leftovers in the cache"
    ls -d "$FORNIX_CACHE"/*.work 2>/dev/null && fail "unfinished work in the cache"
    rm -rf "$FORNIX_CACHE" "$work/$name"
done
[ $bad = 0 ] && echo "ten kills, no difference"
exit $bad
