/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SMOTE from those samples alone that lie at the border of their class.
 *
 *   danger = {a: m / 2 <= m'(a) < m},  m'(a): how many of a's m nearest are of other classes
 *   x = (1 - u) a + u b,   u ~ U(0, 1),   a in danger, b one of the k nearest to a in a's class
 *
 * (Han, Wang, Mao: Borderline-SMOTE, ICIC 2005; the first of its two kinds.) Samples deep in their
 * class teach little more, and one all of whose neighbours are of other classes (m' = m) is noise.
 * As with smote only recipes are kept.
 */
#include "neighbour_ports.h"

/* Those of the class that are in danger, by their place in it. */
static bool danger_find(const Filling *f, int64_t *danger, int64_t *count)
{
    int64_t *foreign, m = f->attrs->border;
    bool fine = foreign_neighbours(&f->balance, f->column, f->class, &m, &foreign);
    *count = 0;
    for (int64_t i = 0; fine && i < f->balance.count[f->class]; i++)
        if (2 * foreign[i] >= m && foreign[i] < m)
            danger[(*count)++] = i;
    mem_free(foreign);
    return fine;
}

static bool borderline_fill(Filling *f)
{
    Neighbours found = {0};
    char name[CLASS_NAME];
    int64_t count, *danger = mem_new((size_t)f->balance.count[f->class] + 1, sizeof *danger);
    bool fine = class_neighbours(&f->balance, f->column, f->class, f->attrs->neighbours, &found) &&
                danger_find(f, danger, &count);
    if (fine && !count)
        fornix_warn(f->balance.build, "no sample of class '%s' is at its border: none is made",
                    class_title(&f->balance, f->class, name));
    else if (fine)
        fornix_report(f->balance.build, "%s: %" PRId64 " of %" PRId64 " samples at the border",
                      class_title(&f->balance, f->class, name), count, found.count);
    FornixRandomKey key = filling_key(f);
    for (int64_t i = 0; fine && count && i < f->lack; i++) {
        int64_t pair = fornix_random_below(key, (uint64_t)i, count * found.k);
        filling_add(f, &found, danger[pair / found.k], pair % found.k,
                    fornix_random_real(key, (uint64_t)i));
    }
    neighbours_free(&found);
    mem_free(danger);
    return fine;
}

static bool borderline_rows(FornixBuild *build, const void *attrs)
{
    return between_rows(build, attrs, borderline_fill);
}

static const FornixAttr attrs[] = {
    BETWEEN_ATTRS,
    FORNIX_INT(Between, border, "10", 1, 1000,
               "m: of how many neighbours half and more, but not all, have to be of other classes"),
    {0}};

static const FornixSamples samples = {.flags =
                                          FORNIX_PASSES_NEW | FORNIX_NEEDS_RUN | FORNIX_FORETELLS,
                                      .memory = neighbours_memory,
                                      .columns = between_columns,
                                      .rows = borderline_rows};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "borderline_smote",
    .doc = "Makes up samples of smaller classes between neighbours of one class, one of which has "
           "at least half, but not all, of its neighbours in other classes.",
    .formula = "x = (1 - u) a + u b, u ~ U(0, 1), b among the k nearest to a in its class, a with "
               "m / 2 <= m' < m of its m nearest in other classes; Han, Wang and Mao 2005",
    .attrs_size = sizeof(Between),
    .attrs = attrs,
    .inputs = neighbour_inputs,
    .outputs = between_outputs,
    .samples = &samples,
    .example = "<borderline_smote id=\"balanced\" samples=\"features\" part=\"train\"/>"};
