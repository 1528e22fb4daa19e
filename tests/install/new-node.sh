#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Nodes begun with fornix new-node, built and tried with nothing but what was installed; what it
# must not write; and that the tests which it writes find a mistake. try.sh tells where all stands.
set -u
cd "$work" || exit 1
bad=0

fail() {
    echo "new-node: $*"
    bad=1
}

try() { # FOLDER: as its author would
    make -C "$1" CC="$CC" CFLAGS="${CFLAGS-} -Wall -Wextra -Wshadow -Wconversion -Werror" test \
        >"$1.log" 2>&1
}

kinds=$(fornix help new-node | sed -n 's/.*--kind \([a-z|]*\).*/\1/p' | head -n 1 | tr '|' ' ')
[ "$(echo "$kinds" | wc -w)" = 6 ] || fail "six kinds, not '$kinds'"
for kind in $kinds; do
    own=own_$kind
    fornix new-node "$own" --kind "$kind" >new.log 2>&1 || fail "$kind: $(cat new.log)"
    lines=$(wc -l <"$own/$own.c")
    [ "$lines" -lt 60 ] || fail "$own.c has $lines lines"
    ! grep -r my_node "$own" || fail "$own still knows the template's name"
    try "$own" || fail "$kind: $(tail -n 15 "$own.log")"
    grep -q "^$own .*: fine" "$own.log" || fail "$kind: test-node is not run"
    FORNIX_PLUGIN_PATH=$own fornix describe "$own" | grep -q . || fail "$kind: it is not described"
done

# spoil KIND EDIT PATTERN: a mistake in the node, which its test has to find in those words.
spoil() {
    own=own_$1
    sed "$2" "$own/$own.c" >"$own/new.c"
    ! cmp -s "$own/$own.c" "$own/new.c" || fail "$1: no change by $2"
    mv "$own/new.c" "$own/$own.c"
    ! try "$own" || fail "$1: its test does not see $2"
    grep -q "$3" "$own.log" || fail "$1: its test does not say '$3': $(tail -n 15 "$own.log")"
}
spoil layer 's/share + beta/share - beta/' 'gradient *FAILED'
spoil loss 's/width \* sum/sum/' 'gradient *FAILED'
spoil augment 's/ && s->training//' 'own_augment erases 16 and 16 pixels'
spoil optimizer 's/w - u->rate/w + u->rate/' 'update *FAILED'
spoil samples 's/a->every == 0/a->every != 0/' 'make.*Error'
spoil evaluator 's/n > largest/n < largest/' 'make.*Error'

# refuse PATTERN ARGUMENT...: a mistake of the user's, after which nothing is written.
mkdir refused
refuse() {
    pattern=$1
    shift
    (cd refused && fornix new-node "$@" >../refused.log 2>&1)
    code=$?
    [ $code = 2 ] || fail "new-node $* ended with $code"
    grep -q -e "$pattern" refused.log || fail "new-node $* says: $(cat refused.log)"
    [ -z "$(ls -A refused)" ] || fail "new-node $* wrote $(ls -A refused)"
}
refuse "kind 'los'; did you mean 'loss'?" focal --kind los
refuse "no kind 'quantum': layer|" focal --kind quantum
refuse '--kind says what it will be: layer|' focal
refuse 'usage: fornix new-node NAME' --kind loss
refuse 'usage: fornix new-node NAME' one two --kind loss
refuse "how about 'focal_loss'?" Focal-Loss --kind loss
refuse "how about 'loss'?" 3loss --kind loss
refuse "can't be the name of a node" '' --kind loss
refuse "can't be the name of a node" ../up --kind loss
refuse "there is a node 'conv' already; how about 'my_conv'?" conv --kind layer
refuse "'train' is a word of the language; how about 'my_train'?" train --kind layer
refuse "no option '--kin'; did you mean '--kind'?" focal --kin loss
fornix new-node own_layer --kind layer >again.log 2>&1
[ $? = 2 ] || fail 'a folder that is there is no mistake'
grep -q "'own_layer' is here already: nothing was written" again.log || fail "$(cat again.log)"
grep -q 'share - beta' own_layer/own_layer.c || fail 'a folder that is there was written to'
exit $bad
