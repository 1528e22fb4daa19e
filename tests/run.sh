#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# run.sh TEST...: runs tests one after another, shows what they print, ends with the totals.
#
# A program of Check counts as often as its closing lines say ("100%: Checks: 12, Failures: 0,
# Errors: 0"), another test once by its exit: 0 passed, 77 skipped, else failed. A program that
# ends badly without a closing line counts as a failure too.

# Check's own limit of four seconds is too short where others share the machine.
export CK_DEFAULT_TIMEOUT="${CK_DEFAULT_TIMEOUT:-60}"

summary='^[0-9][0-9]*%: Checks: [0-9][0-9]*, Failures: [0-9][0-9]*, Errors: [0-9][0-9]*$'
passed=0 failed=0 skipped=0 bad=
log=${TMPDIR:-/tmp}/fornix-tests.$$
trap 'rm -f "$log" "$log.status"' EXIT
trap 'exit 1' HUP INT TERM

locate() { # where a test stands: built here, or a script among the sources
    if [ -e "./$1" ]; then echo "./$1"; else echo "$srcdir/$1"; fi
}

for test; do
    echo "== $test"
    { "$(locate "$test")" 2>&1; echo $? >"$log.status"; } | tee "$log"
    status=$(cat "$log.status")
    counts=$(grep "$summary" "$log" | tr -dc '0-9 \n' |
        awk '{ bad += $3 + $4; good += $2 - $3 - $4 } END { if (NR) print good, bad }')
    if [ "$status" = 77 ]; then
        skipped=$((skipped + 1))
    elif [ -n "$counts" ]; then
        passed=$((passed + ${counts% *}))
        failed=$((failed + ${counts#* }))
        if [ "$status" != 0 ] && [ "${counts#* }" = 0 ]; then failed=$((failed + 1)); fi
    elif [ "$status" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
    case $status in 0 | 77) ;; *) bad="$bad $test" ;; esac
done

[ -z "$bad" ] || echo "failed:$bad"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
