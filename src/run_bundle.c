/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a run keeps of its nodes for `apply`. */
#include "bundle.h"
#include "run_parts.h"

/* Files that an apply stage takes weights from: a train stage's are in its own weights. */
static void list_files(BundleNode *node, const Outer *outer)
{
    const Stage *stage = outer->stage;
    if (!stage || stage->kind != STAGE_APPLY)
        return;
    Net *nets = mem_new((size_t)stage->net_count + 1, sizeof *nets);
    for (int k = 0; k < stage->net_count; k++)
        if (*stage->nets[k].weights && !outer->weights[k])
            nets[node->net_count++] = stage->nets[k];
    node->nets = nets;
}

/* Whether anything can be made of what it gives: samples, or what was fitted on them. */
static bool hands_on(const Outer *outer)
{
    const FornixPort *outputs = outer->type->outputs;
    return outputs && outputs[0].kinds & (FORNIX_SAMPLES | FORNIX_FIT);
}

bool run_write_bundle(const Run *run, FornixError *error)
{
    int count;
    Outer *const *outers = experiment_nodes(run->experiment, &count);
    BundleNode *nodes = mem_new((size_t)count + 1, sizeof *nodes);
    for (int k = 0; k < count; k++) {
        nodes[k] = (BundleNode){.id = outers[k]->id,
                                .table = hands_on(outers[k]) ? outers[k]->run->table : NULL,
                                .trained = outers[k]->stage_kind == STAGE_TRAIN};
        list_files(&nodes[k], outers[k]);
    }
    BundleContent content = {.expansion = experiment_expansion(run->experiment),
                             .nodes = nodes,
                             .node_count = count,
                             .smoke = run->request->smoke};
    bool fine = bundle_write(run->folder, &content, error);
    for (int k = 0; k < count; k++)
        mem_free((void *)(uintptr_t)nodes[k].nets);
    mem_free(nodes);
    return fine;
}
