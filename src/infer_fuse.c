/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fused nodes: found where the chains stand that they can replace; see node.h.
 *
 * The graph keeps the chain: what stands in it can still be referred to. Its last node gets the
 * fused one beside it, with the chain's inputs, weights and output, and each plan takes that where
 * it wants none of the values between. As both give the same bits, nobody can tell.
 */
#include <string.h>

#include "infer_parts.h"

enum { PARTS_MOST = 8 };

/* What a fused node replaces, first to last. */
typedef struct Chain {
    const Node *part[PARTS_MOST];
    int count;
} Chain;

static bool is_plain(const Node *node)
{
    bool plain = node->outputs == 1 && !node->twin && !node->gradient && !node->derivative;
    for (int w = 0; w < node->weight_count; w++)
        plain = plain && !node->weight_values[w];
    return plain;
}

/* Whether the node reads nothing but what the one before it makes, which nobody else reads. */
static bool follows(const Node *node, const Node *before)
{
    for (int i = 1; i < node->inputs; i++)
        if (node->in[i])
            return false;
    return before && node->in[0]->reader_count == 1 && before->net == node->net;
}

/* The chain of these names that ends with the node. */
static bool find_chain(const Node *last, char *const *names, size_t count, Chain *chain)
{
    const Node *node = last;
    *chain = (Chain){.count = (int)count};
    for (size_t k = count; k-- > 0;) {
        if (!node || strcmp(node->type->name, names[k]) != 0 || !is_plain(node))
            return false;
        chain->part[k] = node;
        const Node *before = k ? node->in[0]->producer : NULL;
        if (k && !follows(node, before))
            return false;
        node = before;
    }
    return true;
}

static bool ask(const FornixNode *type, const Chain *chain, void *attrs)
{
    const void *parts[PARTS_MOST];
    const Node *first = chain->part[0];
    bool *given = mem_new((size_t)first->inputs + 1, sizeof *given);
    for (int k = 0; k < chain->count; k++)
        parts[k] = chain->part[k]->attrs;
    for (int i = 0; i < first->inputs; i++)
        given[i] = first->in[i] && !first->in[i]->producer;
    bool serves = type->layer->fuse(attrs, parts, given);
    mem_free(given);
    return serves;
}

static void fuse_chain(Body *body, const FornixNode *type, const Chain *chain)
{
    const Node *first = chain->part[0];
    Node *last = (Node *)(uintptr_t)chain->part[chain->count - 1];
    void *attrs = arena_take(body->memory, 1, type->attrs_size + 1);
    if (!ask(type, chain, attrs))
        return;
    Node *fused = arena_take(body->memory, 1, sizeof *fused);
    *fused = (Node){.index = last->index,
                    .id = last->id,
                    .path = last->path,
                    .place = last->place,
                    .type = type,
                    .layer = type->layer,
                    .attrs = attrs,
                    .net = last->net,
                    .in = first->in,
                    .inputs = first->inputs,
                    .out = last->out,
                    .outputs = 1,
                    .part_count = chain->count};
    fused->parts = arena_take(body->memory, (size_t)chain->count, sizeof *fused->parts);
    memcpy(fused->parts, chain->part, (size_t)chain->count * sizeof *fused->parts);
    FornixInfer *infer = arena_take(body->memory, 1, sizeof *infer);
    *infer = *(FornixInfer *)(uintptr_t)last->infer;
    infer->node = fused;
    fused->infer = infer;
    if (infer_node(infer))
        last->fused = fused;
    else
        body->failed++;
}

static void fuse_type(Body *body, const FornixNode *type)
{
    size_t count;
    char **names = text_split(type->layer->fuses, &count);
    for (int n = 0; n < body->graph.node_count && count <= PARTS_MOST; n++) {
        Node *node = body->graph.nodes[n];
        Chain chain;
        bool longer = !node->fused || node->fused->part_count < (int)count;
        if (longer && find_chain(node, names, count, &chain))
            fuse_chain(body, type, &chain);
    }
    text_split_free(names);
}

void body_fuse(Body *body)
{
    static const char prefix[] = FORNIX_FUSED;
    size_t count;
    const char *const *names = registry_names(body->request.registry, &count);
    for (size_t k = 0; k < count && !body->failed; k++) {
        if (strncmp(names[k], prefix, sizeof prefix - 1) != 0)
            continue;
        const Plugin *plugin = registry_find(body->request.registry, names[k]);
        if (plugin && plugin->node->layer && plugin->node->layer->fuses)
            fuse_type(body, plugin->node);
    }
}
