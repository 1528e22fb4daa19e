/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keeps made-up samples that lie where the real ones of their class are dense.
 *
 *   keep x of class c where d_k(x) <= the q-quantile of d_k(a) over the real a of class c
 *
 * d_k: the distance to the k-th nearest real sample of class c in the part, oneself left out. A
 * generator's own discriminator judges what it was trained against; this judges by the real samples
 * alone, and nothing is trained.
 */
#include "filter_ports.h"

static double distance_of(const Neighbours *found, int64_t i)
{
    return sqrt((double)found->squares[i * found->k + found->k - 1]);
}

/* How far a row may lie; false after a mistake. */
static bool reach_find(const Filtering *f, int64_t class, const char *name, double *reach)
{
    Neighbours found = {0};
    Points real = filtering_points(f, REAL, class);
    int64_t k = f->attrs->neighbours;
    if (real.count < 2)
        return fornix_build_fail(f->build, "real",
                                 "class '%s' has %" PRId64 " samples in part %s: that is no cloud",
                                 name, real.count, balance_parts[f->attrs->fit]);
    if (k >= real.count)
        fornix_warn(f->build,
                    "class '%s' has %" PRId64 " samples: %" PRId64 " neighbours each, not %" PRId64,
                    name, real.count, real.count - 1, k);
    bool fine = neighbours_find(f->build, &real, &real, k, &found);
    double *far = mem_new((size_t)real.count, sizeof *far);
    for (int64_t i = 0; fine && i < real.count; i++)
        far[i] = distance_of(&found, i);
    statistics_sort(far, real.count);
    *reach = statistics_quantile(far, real.count, f->attrs->quantile);
    mem_free(far);
    neighbours_free(&found);
    return fine;
}

static bool class_judge(Filtering *f, int64_t class)
{
    char name[CLASS_NAME];
    double reach = 0;
    Neighbours found = {0};
    Points made = filtering_points(f, MADE, class), real = filtering_points(f, REAL, class);
    int64_t kept = 0, k = f->attrs->neighbours < real.count ? f->attrs->neighbours : real.count - 1;
    column_class(fornix_column(made.table, f->label[MADE]), class, name);
    if (!made.count)
        return true;
    bool fine =
        reach_find(f, class, name, &reach) && neighbours_find(f->build, &made, &real, k, &found);
    for (int64_t i = 0; fine && i < made.count; i++)
        kept += f->keep[made.rows[i]] = distance_of(&found, i) <= reach;
    if (fine)
        fornix_report(f->build, "%s: %" PRId64 " of %" PRId64 " kept, none farther than %.4g", name,
                      kept, made.count, reach);
    neighbours_free(&found);
    return fine;
}

static bool density_judge(Filtering *f)
{
    for (int64_t class = 0; class < f->classes; class ++)
        if (!class_judge(f, class))
            return false;
    return true;
}

static bool density_rows(FornixBuild *build, const void *attrs)
{
    return row_filter_rows(build, attrs, density_judge);
}

static const FornixAttr attrs[] = {
    ROW_FILTER_ATTRS,
    FORNIX_INT(RowFilter, neighbours, "5", 1, 1000, "k: to which neighbour a distance is taken"),
    FORNIX_REAL(RowFilter, quantile, "0.95", 0, 1,
                "of the real samples' distances: what is farther is left out"),
    {0}};

static const FornixSamples samples = {.flags =
                                          FORNIX_PASSES_NEW | FORNIX_NEEDS_RUN | FORNIX_FORETELLS,
                                      .memory = neighbours_memory,
                                      .columns = row_filter_columns,
                                      .rows = density_rows};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "density_filter",
    .doc = "Keeps made-up samples that lie no farther from the real ones of their class than most "
           "of those lie from one another.",
    .formula = "keep x of class c where d_k(x) <= quantile of d_k(a) over real a of class c, d_k: "
               "distance to the k-th nearest real sample of class c",
    .attrs_size = sizeof(RowFilter),
    .attrs = attrs,
    .inputs = row_filter_inputs,
    .outputs = row_filter_outputs,
    .samples = &samples,
    .example = "<density_filter id=\"dense\" samples=\"synthetic\" real=\"features\" "
               "neighbours=\"5\" quantile=\"0.95\"/>"};
