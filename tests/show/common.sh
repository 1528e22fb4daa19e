# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# Where things are, and how a test says what is wrong: for scripts that look at what fornix shows.
srcdir=$(cd "${srcdir:-$(dirname "$0")/..}" && pwd)
builddir=$(cd "${builddir:-$srcdir}" && pwd)
program=${FORNIX:-$builddir/src/fornix}
work=$(mktemp -d "${TMPDIR:-/tmp}/fornix-show.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
export LC_ALL=C
unset FORNIX_PLUGIN_PATH
bad=0

fail() {
    echo "$(basename "$0" .sh): $*"
    bad=1
}

missing() { # TOOL WHAT: whether it is not here, which is told with what was not tried
    ! command -v "$1" >/dev/null || return 1
    echo "$(basename "$0" .sh): no $1 here: $2"
}
