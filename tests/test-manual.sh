#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What fornix says of itself: manual pages, pages for a browser and completion leave nothing out,
# and the programs that read them take them without a word.
set -u
# shellcheck source=tests/show/common.sh
. "${srcdir:-$(dirname "$0")/..}/tests/show/common.sh"

# ---- Manual pages ----

roff() { # as a name stands in the page
    printf '%s' "$1" | sed 's/-/\\-/g'
}

for page in fornix fornix-graph; do
    "$program" describe --man $page >"$work/$page.roff" || fail "no page $page"
    missing groff 'manual pages were not set' || {
        groff -man -ww -Tutf8 "$work/$page.roff" >"$work/set" 2>"$work/log"
        [ ! -s "$work/log" ] || { fail "groff says of $page:" && cat "$work/log"; }
        [ "$(wc -l <"$work/set")" -ge 100 ] || fail "$page has $(wc -l <"$work/set") lines"
    }
done
"$program" help | sed -n 's/^  fornix \([a-z-]*\) *\(.*\)/\1 \2/p' >"$work/commands"
[ "$(wc -l <"$work/commands")" -ge 9 ] || fail "help names few commands"
while read -r command arguments; do
    grep -qF "\\fB$(roff "$command")\\fR" "$work/fornix.roff" || fail "fornix(1) has no command $command"
    "$program" help "$command" >"$work/help" || fail "no help for $command"
    for option in $(echo "$arguments" | grep -o -e '--*[a-z-][a-z-]*'); do
        grep -qF "\\fB$(roff "$option")\\fR" "$work/fornix.roff" ||
            fail "fornix(1) has no option $option of $command"
        awk -v option="$option" '$1 == option { getline; found = /[a-z]/ } END { exit !found }' \
            "$work/help" || fail "help $command does not tell what $option is"
        "$program" complete -- "$command" "$option" | cut -f 1 | grep -qxe "$option" ||
            fail "$option of $command is not offered"
    done
done <"$work/commands"
for element in train apply generate filter update validate window param include use collect; do
    "$program" describe $element | sed -n 's/^  \([a-z][a-z_0-9]*\)  .*/\1/p' >"$work/names"
    [ -s "$work/names" ] || fail "nothing is told of <$element>"
    while read -r name; do
        sed -n "/^.SS \"<$element>\"/,/^.S[SH] /p" "$work/fornix-graph.roff" |
            grep -qF "\\fB$name\\fR" || fail "fornix-graph(5) has no $name of <$element>"
    done <"$work/names"
done
"$program" help graph >"$work/language"
for form in '<param ' '<include ' '<for ' '<choose ' '${expression}' \
    'classify[*]' '8 loops deep'; do
    grep -qF "$form" "$work/language" || fail "help graph does not tell of $form"
    grep -qF "$form" "$work/fornix-graph.roff" || fail "fornix-graph(5) does not tell of $form"
done

# ---- Pages for a browser ----

site=$work/site
"$program" describe --html -o "$site" >"$work/log" 2>&1 || { fail 'no site' && cat "$work/log"; }
"$program" complete -- describe '' | cut -f 1 >"$work/nodes"
[ "$(wc -l <"$work/nodes")" -ge 70 ] || fail "few nodes are offered"
# "SECTION-NAME" of all ports and attributes that the terminal shows of a node.
anchors='/^(Inputs|Outputs|Attributes|Example)$/ { part = $1 == "Attributes" ? "attribute" : $1; next }
    part && part != "Example" && /^  [a-z]/ { print part "-" $1 }'
while read -r node; do
    page=$site/$node.html
    [ -s "$page" ] || { fail "no page for $node" && continue; }
    grep -q "href=\"$node.html\"" "$site/index.html" || fail "the index has no $node"
    "$program" describe "$node" | awk "$anchors" >"$work/anchors"
    while read -r anchor; do
        grep -q "id=\"$anchor\"" "$page" || fail "the page of $node has no $anchor"
    done <"$work/anchors"
done <"$work/nodes"
grep -oh 'href="[^"#]*"' "$site"/*.html | sort -u | sed 's/href="\(.*\)"/\1/' |
    while read -r link; do [ -e "$site/$link" ] || echo "$link"; done >"$work/broken"
[ ! -s "$work/broken" ] || fail "links that lead nowhere: $(tr '\n' ' ' <"$work/broken")"
! grep -lE '<script|<link|src=|@import|url\(' "$site"/*.html >"$work/log" ||
    fail "pages that need something else: $(cat "$work/log")"
grep -q 'prefers-color-scheme: dark' "$site/conv.html" || fail 'conv.html has no dark colours'
grep -qF '&lt;<a href="adam.html">adam</a>' "$site/cosine.html" || fail 'examples have no links'
if ! missing dot 'the pages were made without pictures'; then
    [ "$(grep -l '<svg' "$site"/*.html | wc -l)" -ge 60 ] || fail 'most pages have no picture'
    grep -q 'instance_norm' "$site/conv_block.html" || fail 'a composite is not opened'
fi
missing xmllint 'the pages were not parsed' || for page in "$site"/*.html; do
    # Of HTML 5, libxml2 knows neither nav nor figure, nor the parts of SVG.
    xmllint --html --noout "$page" 2>&1 | grep 'error :' | grep -v 'Tag [a-z]* invalid' >"$work/log"
    [ ! -s "$work/log" ] || fail "$(basename "$page"): $(head -n 1 "$work/log")"
done

# ---- Completion ----

for shell in bash zsh; do
    "$program" complete $shell >"$work/$shell" || fail "nothing for $shell"
    [ -s "$work/$shell" ] || fail "an empty script for $shell"
    missing $shell "its script was not read" || $shell -n "$work/$shell" 2>"$work/log" ||
        { fail "$shell does not take its script:" && cat "$work/log"; }
done

offers() { # WHAT WORD...: a line that must be among what is offered
    what=$1
    shift
    "$program" complete -- "$@" | cut -f 1 >"$work/offers"
    grep -qxF -e "$what" "$work/offers" || fail "'$*' does not offer '$what'"
}
demo=$srcdir/graphs/feature-augmentation.xml
offers run r
offers conv_block describe conv_
offers train describe ''
offers :folders apply ''
offers ':files xml' run ''
offers ':files csv' apply x --manifest ''
offers 'fold=' run "$demo" -p ''
offers 'arms=smote' run "$demo" -p arms=s
offers 'segmented[finetune]' show "$demo" --stage seg
offers G show "$demo" --open ''
offers prune cache ''
offers layer new-node x --kind ''
offers loss new-node x --kind lo
offers --kind new-node x -
[ -z "$("$program" complete -- new-node '' 2>&1)" ] || fail 'names of nodes that are there are offered for a new one'
offers show help ''
offers fornix-graph describe --man ''
[ -z "$("$program" complete -- run "$work/none.xml" -p '' 2>&1)" ] || fail 'a missing graph offers'
[ -z "$("$program" complete -- nothing '' 2>&1)" ] || fail 'an unknown command offers'
missing bash 'its completion was not tried' || {
    cat >"$work/try" <<'TRY'
. "$1"
COMP_WORDS=("$2" describe conv_) COMP_CWORD=2
_fornix
[ "${COMPREPLY[*]}" = conv_block ] || echo "describe conv_: ${COMPREPLY[*]}"
cd "$3" || exit 1
COMP_WORDS=("$2" check fir) COMP_CWORD=2
_fornix 2>/dev/null
[ "${COMPREPLY[*]}" = first.xml ] || echo "check fir: ${COMPREPLY[*]}"
TRY
    found=$(bash "$work/try" "$work/bash" "$program" "$srcdir/graphs" 2>&1)
    [ -z "$found" ] || fail "bash completes badly: $found"
}
exit $bad
