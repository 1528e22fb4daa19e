#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# report.html of a run and of a sweep: every section with its data, well-formed, without a reference
# to anything beyond itself and without a subject; a browser takes it in light, dark and on paper
# without a word.
set -u
# shellcheck source=tests/run/common.sh
. "${srcdir:-$(dirname "$0")/..}/tests/run/common.sh"
graph=$srcdir/tests/report/every-section.xml

missing() { # TOOL WHAT: whether it is not here, which is told with what was not tried
    ! command -v "$1" >/dev/null || return 1
    echo "test-pages: no $1 here: $2"
}

figures() { # PAGE KIND NUMBER
    found=$(grep -o "data-figure=\"$2\"" "$1" | wc -l)
    [ "$found" = "$3" ] || fail "$1: $found figures of $2, not $3"
}

says() { # PAGE WORDS...
    page=$1
    shift
    for words; do grep -qF "$words" "$page" || fail "$page does not say '$words'"; done
}

# Nothing that a browser would fetch or run; names of namespaces are no references.
alone() { # PAGE
    if grep -nEi '<(script|link|img|iframe|object|embed|base)|@import|url\(|(src|href)="[^#]|[^a-z-]on[a-z]+="' \
        "$1" | cut -c 1-200 | grep .; then
        fail "$1 is not alone"
    fi
}

well_formed() { # PAGE
    if [ -n "$xmllint" ] && xmllint --html --noout "$1" 2>&1 | grep 'error :' |
        grep -v 'Tag [a-z]* invalid$'; then
        fail "$1 is not well-formed"
    fi
}

xmllint=xmllint
! missing xmllint 'pages are not parsed' || xmllint=
subject='cohort/[0-9]'

refused() { # FOLDER WORDS: as a mistake of the user's
    "$fornix" report "$1" >"$work/log" 2>&1
    code=$? name=report
    [ "$code" = 2 ] || fail "report $1 ended with $code"
    says "$work/log" "$2"
}

# ---- A run ----

run run "$graph" -p why='so <it> is'
expect 0 'results:'
page=$work/run/report.html
cp "$page" "$work/first.html"
"$fornix" report "$work/run" >"$work/log" 2>&1 || fail "report failed: $(cat "$work/log")"
cmp "$page" "$work/first.html" || fail 'the same run has another report'
dot=1
! missing dot 'no picture of the graph' || dot=0
figures "$page" forest 3
figures "$page" counts 2
figures "$page" confusion 3
figures "$page" roc 3
figures "$page" precision 3
figures "$page" reliability 3
figures "$page" subjects 1
figures "$page" features 3
figures "$page" learning 9
figures "$page" graph "$dot"
figures "$page" costs 1
says "$page" '<ul class="warnings">' 'acknowledged: so &lt;it&gt; is' 'Is any of 2 arms better than' \
    '8 subjects judged' 'segmentation&lt;/b&gt;, a GAN' 'no arm differs from' 'class="mind"' \
    'At its largest the process held' '(given with -p)' 'Everything that the nodes said' \
    'told apart (AUC)' 'trained on synthetic, tested on real'
well_formed "$page"
alone "$page"
! grep -nE "$subject" "$page" | cut -c 1-200 | grep . || fail 'a subject is named'
# As many dots as there are subjects and samples.
dots=$(sed -n '/data-figure="subjects"/,/<\/figure>/p' "$page" | grep -o '<circle' | wc -l)
[ "$dots" = 8 ] || fail "$dots subjects were segmented, not 8"
real=$(grep -o '“low”: [0-9]* real' "$page" | head -n 1 | tr -dc 0-9)
made=$(sed -n '/“low”: [0-9]* real/,/<\/figure>/p' "$page" | grep -o 'class="dot"' | wc -l)
[ "$real/$made" = 9/9 ] || fail "of $real real samples $made are drawn"

"$fornix" report "$work/run" --with-subjects -o "$work/named.html" >"$work/log" ||
    fail "named: $(cat "$work/log")"
[ "$(grep -cE "<tr><td class=\"t\">$subject" "$work/named.html")" = 32 ] ||
    fail 'not every subject that was judged is named'
figures "$work/named.html" slice 6
[ "$(grep -c '<img alt="truth on the left' "$work/named.html")" = 6 ] || fail 'slices without a picture'
! grep -q 'data-figure="slice"' "$page" || fail 'slices that nobody asked for'
cmp -s "$page" "$work/first.html" || fail 'a report elsewhere changed the one here'

# ---- What is missing or damaged ----

mkdir "$work/nothing"
if PATH=$work/nothing "$fornix" report "$work/run" >"$work/log" 2>&1; then
    says "$page" 'There is no picture: Graphviz is not here'
else
    fail "no report without Graphviz: $(cat "$work/log")"
fi
chmod -R u+w "$work/run"
for file in stages/dice/table/table.json stages/likeness/table/table.json lines.json graph.dot; do
    printf '{' >"$work/new" && rm "$work/run/$file" && mv "$work/new" "$work/run/$file"
done
rm -f "$work/run/stages/gan/metrics.jsonl"
if "$fornix" report "$work/run" >"$work/log" 2>&1; then
    says "$page" 'lines.json is damaged' 'dice: ' 'is damaged' 'learning curves of 1 of 5'
    well_formed "$page"
else
    fail "damage ends it: $(cat "$work/log")"
fi
echo '[' >"$work/run/final.json"
refused "$work/run" 'final.json is damaged'
refused "$work/nothing" 'no run and no sweep'
refused "$work/none" 'is no folder of a run'

# ---- A sweep ----

"$fornix" sweep "$srcdir/tests/report/sweep.xml" -o "$work/sweep" >"$work/log" 2>&1 ||
    fail "$(tail -n 3 "$work/log")"
page=$work/sweep/report.html
figures "$page" forest 2
figures "$page" runs 1 # of three columns, a row each for two settings
[ "$(sed -n '/data-figure="runs"/,/<\/figure>/p' "$page" | grep -c '<tr><td class="arm">')" = 6 ] ||
    fail 'not every arm has its runs'
figures "$page" counts 5
for kind in confusion roc precision reliability; do figures "$page" $kind 6; done
figures "$page" features 3
figures "$page" graph "$dot"
figures "$page" costs 2
figures "$page" figures 1
figures "$page" subjects 1
figures "$page" slice 0
"$fornix" report "$work/sweep" --with-subjects -o "$work/named-sweep.html" >"$work/log" ||
    fail "named: $(cat "$work/log")"
figures "$work/named-sweep.html" slice 6
grep -qE "<tr><td class=\"t\">$subject" "$work/named-sweep.html" || fail 'no subject is named in a sweep'
says "$page" 'acknowledged: so it is' '(4 jobs)' '4 of 4 jobs done' 'Is any of 5 arms better than' \
    '2 pairs of runs an arm' '<b>steps</b>: 5, 20' 'ends of jobs' 'effect (d)<br>AUC' 'AUC less that of “none 5”' 'One of the runs' 'acgan 5'
well_formed "$page"
alone "$page"
! grep -nE "$subject" "$page" || fail 'a subject is named'

# ---- A browser ----

browser=
for name in chromium chromium-browser google-chrome; do
    ! command -v $name >/dev/null || browser=${browser:-$name}
done
if [ -z "$browser" ]; then
    echo 'test-pages: no chromium here: no page was opened in a browser'
    exit $bad
fi

open() { # PAGE OPTION...: in the browser, which has nothing to complain of
    opened=$1
    shift
    set -- --headless --disable-gpu --no-first-run --disable-background-networking \
        --disable-component-update --user-data-dir="$work/browser" --enable-logging=stderr "$@"
    [ "$(id -u)" != 0 ] || set -- --no-sandbox "$@"
    timeout 60 "$browser" "$@" "file://$opened" 2>"$work/said" || fail "$browser ended with $?"
    # A page says what it may load, which is nothing: whatever it tries is told here.
    ! grep 'CONSOLE' "$work/said" || fail "the browser complains of $opened"
}

# look WIDTH DARK: how the page lies in a window that wide, as a page around it measures
look() {
    cat >"$work/look.html" <<END
<!DOCTYPE html><iframe src="file://$page" style="width: $1px; height: 900px"></iframe><pre></pre>
<script>
onload = () => {
    const page = document.querySelector("iframe").contentDocument, root = page.documentElement;
    const lines = ["paper " + getComputedStyle(page.body).backgroundColor,
                   "wide " + (root.scrollWidth > root.clientWidth ? "yes" : "no")];
    for (const figure of page.querySelectorAll("figure")) {
        const box = figure.getBoundingClientRect();
        const marks = figure.querySelectorAll("circle, path.line, rect, td, polygon").length;
        lines.push(["figure", figure.dataset.figure, box.width > 100 && box.height > 20, marks > 0]
            .join(" "));
    }
    document.querySelector("pre").textContent = lines.join("\n");
};
</script>
END
    open "$work/look.html" --allow-file-access-from-files --dump-dom \
        --blink-settings=preferredColorScheme="$2" >"$work/dom"
    sed -n '/<pre>/,/<\/pre>/p' "$work/dom" | sed 's/.*<pre>//; s/<\/pre>.*//' >"$work/looks"
    [ "$(grep -c '^figure' "$work/looks")" = "$(grep -c 'data-figure=' "$page")" ] ||
        fail "$page: the browser sees other figures: $(cat "$work/looks")"
    ! grep '^figure' "$work/looks" | grep -v 'true true$' || fail "$page: figures without a mark"
    grep -q '^wide no' "$work/looks" || fail "$page does not fit into $1 pixels"
}

open "$work/named.html" --dump-dom >"$work/dom"
[ "$(grep -c '<img alt="truth on the left' "$work/dom")" = 6 ] || fail 'the browser sees other slices'
cp "$work/first.html" "$work/run/report.html"
for page in "$work/run/report.html" "$work/sweep/report.html"; do
    look 1100 1
    grep -q '^paper rgb(255, 255, 255)' "$work/looks" || fail "$page is not white in the light"
    look 400 0
    grep -q '^paper rgb(21, 24, 29)' "$work/looks" || fail "$page is not dark in the dark"
    open "$page" --dump-dom >"$work/dom"
    for words in data-figure= '<svg' '<path' '<circle' '<rect' '<tr'; do
        [ "$(grep -o "$words" "$page" | wc -l)" = "$(grep -o "$words" "$work/dom" | wc -l)" ] ||
            fail "$page: the browser sees another number of $words"
    done
    open "$page" --no-pdf-header-footer --print-to-pdf="$work/page.pdf"
    sheets=$(grep -ac '/Type */Page$' "$work/page.pdf")
    case $sheets in [2-9] | 1[0-2]) ;; *) fail "$page prints on $sheets sheets" ;; esac
done
exit $bad
