#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The contract as compilers see it, against what tests/abi.txt recorded: sizes of structs, where
# their fields lie, values of constants, prototypes. What a plugin that was built before would take
# for something else asks for another FORNIX_ABI, what is new for another FORNIX_ABI_MINOR; node.h
# says why. `sh tests/test-abi.sh record` records it as it is.
set -u
srcdir=${srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
work=$(mktemp -d "${TMPDIR:-/tmp}/fornix-abi.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
if [ "$(getconf LONG_BIT)" != 64 ]; then
    echo 'test-abi: what is recorded is that of machines of 64 bits'
    exit 77
fi
recorded=${ABI_RECORD:-$srcdir/tests/abi.txt}
header=${ABI_HEADER:-$srcdir/src/node.h}

# A declaration a line, of the installed headers alone.
# shellcheck disable=SC2086 # CC may be several words
${CC:-cc} -std=gnu11 -E -I"$srcdir/src" "$header" |
    awk '/^# [0-9]+ "/ { ours = $3 ~ /(node|fornix-[a-z]+)\.h"$/; next } ours' | tr -s ' \t\n' ' ' |
    awk '{
        for (i = 1; i <= length($0); i++) {
            c = substr($0, i, 1)
            depth += (c == "{") - (c == "}")
            line = line c
            body = line ~ /^ *static inline/
            if (depth == 0 && (body ? c == "}" : c == ";")) {
                gsub(/__attribute__ *\(\(.*\)\)/, "", line)
                gsub(/^ +| +;?$|;$/, "", line); gsub(/ +/, " ", line)
                if (line != "") print line
                line = ""
            }
        }
    }' >"$work/declarations"

# NAME|FIELDS
sed -n 's/^typedef struct \([A-Za-z]* \)\{0,1\}{ \(.*\); } \([A-Za-z]*\)$/\3|\2/p' \
    "$work/declarations" >"$work/structs"

# A program that prints what the compiler makes of structs and constants.
{
    printf '#include "%s"\n#include <stdio.h>\nint main(void)\n{\n' "$header"
    awk -F'|' '{
        printf "printf(\"size of %s: %%zu\\n\", sizeof(%s));\n", $1, $1
        fields = $2
        while (match(fields, /\([^()]*\([^()]*\)[^()]*\)|\([^*][^()]*\)/)) # arguments
            fields = substr(fields, 1, RSTART - 1) substr(fields, RSTART + RLENGTH)
        count = split(fields, field, ";")
        for (k = 1; k <= count; k++) {
            names = split(field[k], name, ",")
            for (n = 1; n <= names; n++) {
                gsub(/\[[^]]*\]|[()]/, "", name[n])
                match(name[n], /[A-Za-z_0-9]+ *$/)
                f = substr(name[n], RSTART, RLENGTH)
                gsub(/ /, "", f)
                printf "printf(\"%s.%s: at %%zu, %%zu bytes\\n\", offsetof(%s, %s), " \
                    "sizeof(((%s *)0)->%s));\n", $1, f, $1, f, $1, f
            }
        }
    }' "$work/structs"
    sed -n 's/^\(typedef \)\{0,1\}enum {\(.*\)}.*/\2/p' "$work/declarations" | tr ',' '\n' |
        sed -n 's/^ *\([A-Z][A-Z_0-9]*\).*/printf("\1 = %lld\\n", (long long)\1);/p'
    printf 'return 0;\n}\n'
} >"$work/print.c"
# shellcheck disable=SC2086
${CC:-cc} -std=gnu11 -I"$srcdir/src" "$work/print.c" -o "$work/print" || exit 1
{
    "$work/print"
    awk -F'|' '{ count = split($2, field, "; ?")
        for (k = 1; k <= count; k++) print $1 " has " field[k] }' "$work/structs"
    grep '(' "$work/declarations" | grep -v '^typedef struct\|^static inline'
    grep '^static inline' "$work/declarations" | sed 's/ *{.*/ (inline)/'
} | LC_ALL=C sort >"$work/now"
number() { sed -n "s/^#define $1 \([0-9]*\)\$/\1/p" "$header"; }
abi=$(number FORNIX_ABI) minor=$(number FORNIX_ABI_MINOR)
{ echo "ABI $abi, minor $minor" && cat "$work/now"; } >"$work/all"

if [ "${1-}" = record ]; then
    cp "$work/all" "$recorded"
    exit
fi
was=$(head -n 1 "$recorded")
before=${was#ABI } before=${before%%,*} small=${was##* }
tail -n +2 "$recorded" >"$work/before"
comm -23 "$work/before" "$work/now" >"$work/gone"
comm -13 "$work/before" "$work/now" >"$work/new"

refuse() {
    echo "test-abi: $*"
    [ ! -s "$work/gone" ] || sed 's/^/  was: /' "$work/gone" | head -n 12
    [ ! -s "$work/new" ] || sed 's/^/  is:  /' "$work/new" | head -n 12
    exit 1
}
again="then run 'sh tests/test-abi.sh record'"
[ "$(wc -l <"$work/now")" -gt 250 ] || refuse "it finds next to nothing in $header"
if [ -s "$work/gone" ] && [ "$abi" -le "$before" ]; then
    refuse "a plugin that was built before would misbehave: change it back, or raise FORNIX_ABI to" \
        "$((before + 1)) and FORNIX_ABI_MINOR to 0, $again"
elif [ -s "$work/new" ] && [ "$abi" = "$before" ] && [ "$minor" -le "$small" ]; then
    refuse "the contract has grown: raise FORNIX_ABI_MINOR to $((small + 1)), $again"
elif [ "$was" != "ABI $abi, minor $minor" ]; then
    refuse "it is another contract than the one recorded ($was): $again"
fi

[ -n "${ABI_HEADER-}" ] && exit # one of the trials below

# That it sees what it has to: an edit of the header, and the word that it has to say.
bad=0
try() {
    sed "$1" "$srcdir/src/node.h" >"$work/node.h"
    ! cmp -s "$work/node.h" "$srcdir/src/node.h" || { echo "test-abi: no change by $1" && bad=1; }
    ABI_HEADER=$work/node.h ABI_RECORD=$recorded sh "$0" >"$work/said" 2>&1 &&
        { echo "test-abi: nothing wrong with $1" && bad=1; }
    grep -q "$2" "$work/said" || { echo "test-abi: of $1 it says: $(cat "$work/said")" && bad=1; }
}
try 's/^    bool training; .*/&\n    int more;/' 'raise FORNIX_ABI to'
try 's/^    const FornixView \*in; .*//' 'raise FORNIX_ABI to\|no member named'
try 's/FORNIX_FEATURE = 1 << 4/FORNIX_FEATURE = 1 << 14/' 'raise FORNIX_ABI to'
try 's/int64_t fornix_rows(const FornixTable \*table);/int fornix_rows(const FornixTable *table);/' \
    'was: int64_t fornix_rows'
try 's/^int64_t fornix_rows(.*/&\nint fornix_newer(int one);/' 'raise FORNIX_ABI_MINOR to'
try 's/^#define FORNIX_ABI .*/#define FORNIX_ABI 99/' 'another contract than the one recorded'
exit $bad
