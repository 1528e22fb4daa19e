# SPDX-License-Identifier: GPL-3.0-or-later
# What tests of sweeps share: a folder with the graph, its table and the sweep, and comparisons.
# shellcheck shell=sh

# Hundreds of small files that are synced one by one: quicker where there is no disk behind them.
if [ -z "${TMPDIR-}" ] && [ -w /dev/shm ]; then TMPDIR=/dev/shm; fi
# shellcheck source=tests/run/common.sh
. "${srcdir:-$(dirname "$0")/..}/tests/run/common.sh"

cp "$srcdir"/tests/sweep/*.xml "$work" || exit 1
# Two grades, one of them rare, that two of four numbers tell apart a little.
awk 'BEGIN { print "subject,grade,a,b,c,d"; x = 12345
    for (k = 0; k < 64; k++) { high = k % 4 == 0
        printf "s%02d,%s", k, high ? "high" : "low"
        for (c = 0; c < 4; c++) { x = (x * 1103 + 12345) % 65536
            printf ",%.4f", 3 * x / 65536 - 1.5 + (c < 2 ? 0.9 * high : 0) }
        print "" } }' >"$work/vectors.csv"
grid=$work/small.xml

# sweep NAME ARGUMENT...: into a folder of its own; its words in NAME.log, its exit in $code.
sweep() {
    name=$1
    shift
    "$fornix" sweep "$@" -o "$work/$name" >"$work/$name.log" 2>&1
    code=$?
}

same_table() { # as the sweep of that name
    for file in results.csv results.json curves.json; do
        cmp -s "$work/$1/$file" "$work/$name/$file" ||
            fail "$name differs from $1: $(diff "$work/$1/$file" "$work/$name/$file" | head -n 6)"
    done
}

# Lines in logs that say that a stage was made, not taken from the cache: "STAGE  0.1 s".
stages_made() { # FOLDER
    cat "$1"/shared/*.log "$1"/jobs/*/log.txt 2>/dev/null |
        grep -c '^[a-z]* *[0-9.]* s  '
}

# How often a job was run to its end.
jobs_run() { # FOLDER
    cat "$1"/jobs/*/log.txt | grep -c '^results: '
}
