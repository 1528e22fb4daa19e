/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Makes up samples between neighbours of one class.
 *
 *   x = (1 - u) a + u b,   u ~ U(0, 1),   b one of the k nearest to a in a's class
 *
 * (Chawla, Bowyer, Hall, Kegelmeyer: SMOTE, JAIR 16, 2002.) Pairs (a, b) are drawn uniformly over
 * samples and neighbours with replacement. Only the recipe (a, b, u) is kept; tensors are mixed
 * when they are read, so features of any size and rank will do.
 */
#include "neighbour_ports.h"

static bool smote_fill(Filling *f)
{
    Neighbours found = {0};
    bool fine = class_neighbours(&f->balance, f->column, f->class, f->attrs->neighbours, &found);
    FornixRandomKey key = filling_key(f);
    for (int64_t i = 0; fine && i < f->lack; i++) {
        int64_t pair = fornix_random_below(key, (uint64_t)i, found.count * found.k);
        filling_add(f, &found, pair / found.k, pair % found.k,
                    fornix_random_real(key, (uint64_t)i));
    }
    neighbours_free(&found);
    return fine;
}

static bool smote_rows(FornixBuild *build, const void *attrs)
{
    return between_rows(build, attrs, smote_fill);
}

static const FornixAttr attrs[] = {BETWEEN_ATTRS, {0}};

static const FornixSamples samples = {.flags =
                                          FORNIX_PASSES_NEW | FORNIX_NEEDS_RUN | FORNIX_FORETELLS,
                                      .memory = neighbours_memory,
                                      .columns = between_columns,
                                      .rows = smote_rows};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "smote",
    .doc = "Makes up samples of smaller classes on the lines between neighbours (Euclidean "
           "distance over the whole tensor) of one class.",
    .formula = "x = (1 - u) a + u b, u ~ U(0, 1), b among the k nearest to a in its class; Chawla, "
               "Bowyer, Hall and Kegelmeyer 2002",
    .attrs_size = sizeof(Between),
    .attrs = attrs,
    .inputs = neighbour_inputs,
    .outputs = between_outputs,
    .samples = &samples,
    .example = "<smote id=\"balanced\" samples=\"features\" part=\"train\" neighbours=\"5\"/>"};
