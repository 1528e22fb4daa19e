#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# examples/05-sweep as a cluster would run it: two tasks of the array at once, on one shared folder.
set -u
if [ -z "${TMPDIR-}" ] && [ -w /dev/shm ]; then TMPDIR=/dev/shm; fi
# shellcheck source=tests/run/common.sh
. "${srcdir:-$(dirname "$0")/..}/tests/run/common.sh"
example=$srcdir/examples/05-sweep

"$fornix" sweep "$example/sweep.xml" -o "$work/alone" --jobs 2 >"$work/alone.log" 2>&1 ||
    fail "$(tail -n 3 "$work/alone.log")"
task() { # NUMBER
    SLURM_ARRAY_TASK_ID=$1 SLURM_CPUS_PER_TASK=1 SHARED=$work/shared SWEEP=$example/sweep.xml \
        FORNIX=$fornix sh "$example/job.slurm" >"$work/task$1.log" 2>&1
}
task 1 &
task 2 || fail "task 2: $(tail -n 3 "$work/task2.log")"
wait $! || fail "task 1: $(tail -n 3 "$work/task1.log")"
for file in results.csv results.json curves.json; do
    cmp "$work/alone/$file" "$work/shared/results/$file" || fail "two tasks found other results"
done
made=$(sed -n 's/^\([0-9]*\) stages made.*/\1/p' "$work"/task?.log | awk '{ n += $1 } END { print n }')
[ "$made" = 60 ] || fail "the two tasks made $made stages, not 60"
for n in 1 2; do
    grep -q '^\[' "$work/task$n.log" || fail "task $n ran no job"
done

# Each its own share: half of the jobs, one after the other.
for n in 1 2; do
    SHARD=yes SLURM_ARRAY_TASK_ID=$n SLURM_ARRAY_TASK_COUNT=2 SLURM_CPUS_PER_TASK=2 SHARED=$work/shares \
        SWEEP=$example/sweep.xml FORNIX=$fornix sh "$example/job.slurm" >"$work/share$n.log" 2>&1 ||
        fail "share $n: $(tail -n 3 "$work/share$n.log")"
    [ "$(grep -c '^\[[0-9]* of 12\]' "$work/share$n.log")" = 12 ] || fail "share $n is not half of the jobs"
done
cmp "$work/alone/results.csv" "$work/shares/results/results.csv" || fail "two shares found other results"
exit $bad
