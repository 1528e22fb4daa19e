#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The examples as they were installed: each page followed word for word by its run.sh, in a folder
# of its own, with nothing of the sources or the build in reach. try.sh tells where all stands.
set -u
bad=0
case ${CFLAGS-} in *-fsanitize*) export CFLAGS MAKEFLAGS=e ;; esac # or nothing could be linked
examples=$(pkg-config --variable=examplesdir fornix)
found=0
for script in "$examples"/*/run.sh; do
    found=$((found + 1))
    name=$(basename "$(dirname "$script")")
    mkdir "$work/$name" && cd "$work/$name" || exit 1
    sh "$script" >"$work/$name.log" 2>&1 || {
        echo "pages: $name: $(tail -n 8 "$work/$name.log")"
        bad=1
    }
done
[ $found = 5 ] || { echo "pages: $found examples with a run.sh in $examples"; bad=1; }
exit $bad
