# SPDX-License-Identifier: GPL-3.0-or-later
# A page followed: `follow README.md` runs the commands of its ```sh blocks, one after another and in
# one shell, here. Each line of its ```text blocks has to be among what they print; "..." stands
# for lines that differ from machine to machine. Nobody can follow a page that this can't.
# shellcheck shell=sh

fail() { # with what was printed, where anything was
    [ ! -f printed ] || cat printed
    echo "$*"
    exit 1
}

blocks() { # KIND FILE: the lines in fences of that kind
    awk -v fence="\`\`\`$1" '/^```/ { on = $0 == fence; next } on' "$2"
}

follow() { # README.md
    blocks sh "$1" >commands
    blocks text "$1" >promised
    [ -s commands ] || fail "$1 has no commands"
    sh -e ./commands >printed 2>&1 || fail "$1 can't be followed"
    while read -r line; do
        case $line in '' | '...') continue ;; esac
        grep -qF -e "$line" printed || fail "$1 promises '$line'"
    done <promised
}

has() { # FILE...: what has to be there in the end
    for file; do [ -s "$file" ] || fail "there is no $file"; done
}
