#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The same bits with one thread and with four, and a node that breaks this is noticed. Every graph,
# and more threads: long-threads.sh.
set -u
# shellcheck source=tests/run/common.sh
. "${srcdir:-$(dirname "$0")/..}/tests/run/common.sh"

agree small '1 4' "$small"
agree phantom '1 4' "$srcdir/tests/learn/phantom.xml" -p steps=20

# How the work was cut shows in a weight's gradient.
faulty "$work/faults" conv -DGRADIENT='dweight[0]' -DNEED=FORNIX_FOR_WEIGHT -DGRAINS=16 \
    -DPASSES=CONV_PASSES -DMISTAKE='wrong.data[begin] += 1e-6f * (float)(end - begin)'
said=$(FORNIX_PLUGIN_PATH="$work/faults" agree cut '1 4' "$srcdir/tests/learn/phantom.xml" -p steps=20)
case $said in
*' differs from '*) echo "noticed: $said" | head -n 2 ;;
*) fail "a sum that depends on how work is cut was not noticed: $said" ;;
esac
exit $bad
