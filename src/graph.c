/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "graph.h"

#include "base.h"

static const FornixPort *port_behind(const FornixPort *ports, int number)
{
    int last = -1;
    for (int i = 0; ports && ports[i].name && i <= number; i++)
        last = i;
    return last < 0 ? NULL : &ports[last]; /* inputs beyond the table belong to its MANY port */
}

unsigned node_input_flags(const Node *node, int input)
{
    const FornixPort *port = port_behind(node->type->inputs, input);
    bool none = input < 64 && (node->no_gradients >> input & 1);
    return (port ? port->flags : 0) | (none ? FORNIX_NO_GRAD : 0);
}

bool node_input_saved(const Node *node, int input, bool for_weight)
{
    unsigned saved = FORNIX_SAVED | (for_weight ? FORNIX_SAVED_FOR_WEIGHT : 0u);
    return node_input_flags(node, input) & saved;
}

unsigned node_output_flags(const Node *node, int output)
{
    const FornixPort *port = port_behind(node->type->outputs, output);
    return port ? port->flags : 0;
}

int64_t shape_bytes(FornixShape shape)
{
    return fornix_floats(shape) * (int64_t)sizeof(float);
}

bool shape_equal(FornixShape a, FornixShape b)
{
    return a.n == b.n && a.d == b.d && a.h == b.h && a.w == b.w && a.c == b.c;
}

bool is_direction(const Value *value)
{
    return value->producer && value->producer->derivative &&
           value->producer->derivative->direction == value;
}

const char *shape_text(Arena *arena, FornixShape s)
{
    return arena_format(arena, "%lld x %lld x %lld x %lld x %lld", (long long)s.n, (long long)s.d,
                        (long long)s.h, (long long)s.w, (long long)s.c);
}

const char *kinds_text(Arena *arena, unsigned kinds)
{
    static const char *const names[] = {
        "an image", "a mask", "a label",  "a weight", "a feature", "logits", "a probability",
        "noise",    "a loss", "a metric", "samples",  "a fit",     "scores"};
    const char *text = "";
    int left = __builtin_popcount(kinds);
    for (unsigned k = 0; k < COUNT(names); k++) {
        if (!(kinds >> k & 1))
            continue;
        left--;
        text = arena_format(arena, "%s%s%s", text, names[k],
                            left > 1    ? ", "
                            : left == 1 ? " or "
                                        : "");
    }
    return text;
}
