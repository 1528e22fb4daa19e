/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SMOTE with more samples where a class is hard to tell from others.
 *
 *   g(a) = round(G r(a) / sum r),  r(a): the share of a's k nearest that are of other classes
 *   x = (1 - u) a + u b,   u ~ U(0, 1),   b one of the k nearest to a in a's class
 *
 * for each of the G samples that a class lacks (He, Bai, Garcia, Li: ADASYN, IJCNN 2008); halves
 * are rounded to even numbers, so that all together may be some more or fewer than G. As with smote
 * only recipes are kept.
 */
#include <math.h>

#include "neighbour_ports.h"

static void adasyn_make(Filling *f, const Neighbours *found, const int64_t *foreign, int64_t total)
{
    FornixRandomKey key = filling_key(f);
    for (int64_t i = 0, draw = 0; i < found->count; i++) {
        int64_t wanted = (int64_t)rint((double)(foreign[i] * f->lack) / (double)total);
        for (int64_t n = 0; n < wanted; n++, draw++)
            filling_add(f, found, i, fornix_random_below(key, (uint64_t)draw, found->k),
                        fornix_random_real(key, (uint64_t)draw));
    }
}

static bool adasyn_fill(Filling *f)
{
    Neighbours found = {0};
    char name[CLASS_NAME];
    int64_t *foreign = NULL, k = f->attrs->neighbours, total = 0;
    bool fine = class_neighbours(&f->balance, f->column, f->class, f->attrs->neighbours, &found) &&
                foreign_neighbours(&f->balance, f->column, f->class, &k, &foreign);
    for (int64_t i = 0; fine && i < found.count; i++)
        total += foreign[i];
    if (fine && total)
        adasyn_make(f, &found, foreign, total);
    else if (fine)
        fornix_warn(f->balance.build,
                    "no sample of class '%s' has a neighbour of another: none is made",
                    class_title(&f->balance, f->class, name));
    neighbours_free(&found);
    mem_free(foreign);
    return fine;
}

static bool adasyn_rows(FornixBuild *build, const void *attrs)
{
    return between_rows(build, attrs, adasyn_fill);
}

static const FornixAttr attrs[] = {BETWEEN_ATTRS, {0}};

static const FornixSamples samples = {.flags =
                                          FORNIX_PASSES_NEW | FORNIX_NEEDS_RUN | FORNIX_FORETELLS,
                                      .memory = neighbours_memory,
                                      .columns = between_columns,
                                      .rows = adasyn_rows};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "adasyn",
    .doc = "Makes up samples of smaller classes between neighbours of one class, the more of them "
           "from a sample the more of its neighbours are of other classes.",
    .formula = "x = (1 - u) a + u b, u ~ U(0, 1), b among the k nearest to a in its class, "
               "round(G r(a) / sum r) times from a, r: the share of other classes among the k "
               "nearest; He, Bai, Garcia and Li 2008",
    .attrs_size = sizeof(Between),
    .attrs = attrs,
    .inputs = neighbour_inputs,
    .outputs = between_outputs,
    .samples = &samples,
    .example = "<adasyn id=\"balanced\" samples=\"features\" part=\"train\"/>"};
