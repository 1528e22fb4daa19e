#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Installs into a folder of its own and tries what stands there: make installcheck.
set -u
builddir=${builddir:-$(pwd)}
work=$(mktemp -d "${TMPDIR:-/tmp}/fornix-install.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

for target in install installcheck; do
    ${MAKE:-make} -C "$builddir" $target DESTDIR="$work" >"$work/log" 2>&1 || {
        tail -n 30 "$work/log"
        exit 1
    }
done
