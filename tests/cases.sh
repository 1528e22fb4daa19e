# shellcheck shell=sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Cases of what fornix says, word for word, and how it ends; read by the scripts that judge some.
#
# A file holds a case a paragraph:
#
#   # what is wrong
#   $ a command that spoils good files
#   2 fornix check table.xml
#   the first lines of what it says from its first mistake on, exactly; @ stands for the folder
#
# A line that begins with '@ ' is for the reader. Each case works in a folder with fresh copies of
# all that is in $good. The script sets srcdir, builddir, program, work (a folder of its own) and
# good, and finds its counts in passed and failed.
passed=0 failed=0 said=

fornix() {
    "$program" "$@"
}

edit() { # FILE SED-SCRIPT: must change the file
    sed "$2" "$1" >"$1.new"
    if cmp -s "$1" "$1.new"; then echo "no change: $2" >>"$work/unchanged"; fi
    mv "$1.new" "$1"
}

begin() { # a case: its name
    name=$1 said=
    rm -rf "$work/case" "$work/unchanged"
    cp -R "$good" "$work/case"
    : >"$work/expected"
}

obey() { # the case's command, which must end with that exit
    code=$1
    (cd "$work/case" && eval "$2") >"$work/output" 2>"$work/errors" </dev/null
    ended=$?
    said=yes
}

judge() { # what the case said
    [ -n "$said" ] || return
    lines=$(wc -l <"$work/expected")
    cat "$work/errors" "$work/output" | sed "s|$work/case|@|g; s|$builddir|@@|g; s|[0-9a-f]\{32\}|HASH|" |
        awk '/error:|warning:|^fornix/ { told = 1 } { all[NR] = $0 } told
            END { if (!told) for (k = 1; k <= NR; k++) print all[k] }' |
        head -n "$lines" >"$work/said"
    if [ "$ended" = "$code" ] && cmp -s "$work/said" "$work/expected" && [ "$lines" -gt 0 ] &&
        [ ! -e "$work/unchanged" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$(basename "$0" .sh): $name: ended with $ended, wanted $code"
        cat "$work/unchanged" 2>/dev/null
        diff "$work/expected" "$work/said"
    fi
    said=
}

judge_cases() { # FILE
    while IFS= read -r line; do
        case $line in
        '') judge ;;
        '@ '*) ;;
        '# '*) begin "${line#'# '}" ;;
        '$ '*) (cd "$work/case" && eval "${line#'$ '}") ;;
        [0-9]' '*)
            if [ -z "$said" ]; then obey "${line%% *}" "${line#* }"; else echo "$line" >>"$work/expected"; fi
            ;;
        *) printf '%s\n' "$line" >>"$work/expected" ;;
        esac
    done <"$1"
    judge
}
