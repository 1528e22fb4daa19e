#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# A sweep killed at fifty random moments, with one worker and with two, and run again: the table of
# one that nobody disturbed. Then two sweeps at once, of which one is killed: the other ends alone.
set -u
# shellcheck source=tests/sweep/common.sh
. "${srcdir:-$(dirname "$0")/..}/tests/sweep/common.sh"
kills=${KILLS:-50}

now() { date +%s.%N; }

random() { # BELOW: a moment
    od -An -N2 -tu2 /dev/urandom | awk -v all="$1" '{ print $1 / 65536 * all }'
}

begin() { # NAME JOBS: in the background, as $process
    "$fornix" sweep "$grid" -o "$work/$1" --jobs "$2" >"$work/first.log" 2>&1 &
    process=$!
}

end_of() { # PROCESS MOMENT: its children go with it; false: it was over before
    sleep "$2"
    kill -9 "$1" 2>/dev/null
    hit=$?
    wait "$1" 2>/dev/null
    return $hit
}

check_killed() {
    expect 0 '16 of 16 jobs done'
    same_table whole
    find "$FORNIX_CACHE" -name '.*' -type f | grep . && fail "leftovers"
    ls -d "$FORNIX_CACHE"/*.work 2>/dev/null && fail "unfinished work in the cache"
    made=$(ls -d "$FORNIX_CACHE"/????????????????????????????????* | grep -c .)
    [ "$made" = 48 ] || fail "$made stages in the cache, not 48"
    rm -rf "$FORNIX_CACHE" "${work:?}/$name"
}

export FORNIX_CACHE="$work/cache0"
for jobs in 1 2; do
    rm -rf "$FORNIX_CACHE" "$work/whole"
    began=$(now)
    sweep whole "$grid" --jobs $jobs
    seconds=$(echo "$(now) $began" | awk '{ print $1 - $2 }')
    expect 0 '16 of 16 jobs done'
    export FORNIX_CACHE="$work/cache$jobs"
    kill=0
    while [ $kill -lt "$kills" ]; do
        moment=$(random "$seconds")
        begin killed $jobs
        end_of $process "$moment" && kill=$((kill + 1))
        sweep killed "$grid" --jobs $jobs
        echo "$jobs at a time, killed after $moment s of $seconds: $(grep 'stages made' "$work/$name.log")"
        check_killed
    done
done

export FORNIX_CACHE="$work/cache3"
kill=0
while [ $((kill += 1)) -le $((kills / 5 + 1)) ]; do
    begin killed 1
    first=$process
    "$fornix" sweep "$grid" -o "$work/killed" --jobs 1 >"$work/killed.log" 2>&1 &
    other=$!
    end_of $first "$(random "$seconds")"
    wait $other
    code=$? name=killed
    echo "two at once, one killed: $(grep 'stages made' "$work/killed.log")"
    check_killed
done
[ $bad = 0 ] && echo "$kills kills with one worker and with two, no difference"
exit $bad
