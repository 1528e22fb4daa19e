#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs what make check-race built with -fsanitize=thread, in the folder where that stands: the tests
# of plans and of training, and whole runs. Any report is a failure.
#
# watch.sh missing: tells what there is not, and succeeds where something is missing.
set -u
clang=$(command -v clang) || clang=
library=
[ -z "$clang" ] || library=$(clang -print-file-name=libarcher.so)
if [ -n "$clang" ] && [ ! -e "$library" ]; then
    library=$(dirname "$(readlink -f "$clang")")/../lib/libarcher.so
fi
missing() {
    if [ -z "$clang" ]; then
        echo "no clang (Debian: clang, libomp-dev)"
    elif [ ! -e "$library" ]; then
        echo "no libarcher.so beside clang's OpenMP (Debian: libomp-dev)"
    else
        return 1
    fi
}
if [ "${1:-}" = missing ]; then
    missing
    exit
fi

srcdir=$(pwd) builddir=$(pwd)
export srcdir builddir
# shellcheck source=tests/run/common.sh
. tests/run/common.sh
export OMP_TOOL_LIBRARIES="$library" ARCHER_OPTIONS=verbose=1 OMP_NUM_THREADS="${THREADS:-4}"
# Libraries that were not built with -fsanitize=thread can't tell how they order threads.
export TSAN_OPTIONS="ignore_noninstrumented_modules=1 exitcode=66 history_size=4"
export CK_DEFAULT_TIMEOUT=1200

watch() { # NAME COMMAND...: has to end well and without a report
    name=$1
    shift
    "$@" >"$work/$name.log" 2>&1 || fail "$name ended with $?: $(tail -n 5 "$work/$name.log")"
    grep -q 'Archer detected OpenMP application with TSan' "$work/$name.log" ||
        fail "$name ran without Archer"
    reports=$(grep -c 'WARNING: ThreadSanitizer' "$work/$name.log")
    echo "$name: $reports reports"
    [ "$reports" = 0 ] || fail "$name: $(grep -m 1 -A 30 'WARNING: ThreadSanitizer' "$work/$name.log")"
}

sed -e 's|nets/unet3d|graphs/nets/unet3d|; s/subjects="24"/subjects="12"/; s/epochs="8"/epochs="1"/' \
    graphs/first.xml >race-first.xml
watch engine tests/test-engine
watch nodes tests/test-nodes
watch first src/fornix run race-first.xml -o "$work/first"
watch small src/fornix run tests/run/small.xml -p steps=9 -o "$work/small"
exit $bad
