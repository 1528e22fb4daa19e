/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Leaves out samples that their neighbours do not agree with.
 *
 * A sample stays where all (or most) of its k nearest are of its class (Wilson: Asymptotic
 * properties of nearest neighbor rules using edited data, IEEE Trans. Systems, Man and Cybernetics
 * 2, 1972). Alone it thins the larger classes; behind a smote, with remove="all", it is SMOTE-ENN
 * (Batista, Prati, Monard, SIGKDD Explorations 6, 2004).
 */
#include "cleaning_ports.h"

/* The class that most of the k nearest have; of equally many the first. */
static int64_t class_of_most(const Balance *balance, const int64_t *nearest, int64_t k,
                             const int64_t *rows, int64_t *votes)
{
    int64_t best = 0;
    for (int64_t c = 0; c < balance->classes; c++)
        votes[c] = 0;
    for (int64_t n = 0; n < k; n++)
        votes[fornix_label(balance->table, balance->label, rows[nearest[n]])]++;
    for (int64_t c = 1; c < balance->classes; c++)
        best = votes[c] > votes[best] ? c : best;
    return best;
}

static bool strangers_find(const Balance *balance, const Points *all, const Cleaning *a,
                           bool *dropped)
{
    Neighbours found;
    int64_t *votes = mem_new((size_t)balance->classes, sizeof *votes);
    bool fine = neighbours_find(balance->build, all, all, a->neighbours, &found);
    for (int64_t i = 0; fine && found.k && i < found.count; i++) {
        int64_t class = fornix_label(balance->table, balance->label, all->rows[i]);
        if (!class_is_cleaned(balance, a, class))
            continue;
        int64_t most =
            class_of_most(balance, found.nearest + i * found.k, found.k, all->rows, votes);
        dropped[all->rows[i]] = a->agree == AGREE_ALL ? votes[class] < found.k : most != class;
    }
    neighbours_free(&found);
    mem_free(votes);
    return fine;
}

static bool edited_rows(FornixBuild *build, const void *attrs)
{
    return cleaning_rows(build, attrs, strangers_find);
}

static const FornixAttr attrs[] = {
    CLEANING_ATTRS,
    FORNIX_INT(Cleaning, neighbours, "3", 1, 1000, "k: how many neighbours are asked"),
    FORNIX_CHOICE(Cleaning, agree, "all", agree_choices,
                  "how many of them have to be of its class"),
    {0}};

static const FornixSamples samples = {.flags =
                                          FORNIX_PASSES_NEW | FORNIX_NEEDS_RUN | FORNIX_FORETELLS,
                                      .memory = neighbours_memory,
                                      .columns = cleaning_columns,
                                      .rows = edited_rows};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "edited_neighbours",
    .doc = "Leaves out samples whose nearest ones are not all (or not mostly) of their class. "
           "Behind a smote, with remove=\"all\", this is SMOTE-ENN.",
    .formula = "a stays where all (most) of its k nearest are of its class; Wilson 1972, Batista, "
               "Prati and Monard 2004",
    .attrs_size = sizeof(Cleaning),
    .attrs = attrs,
    .inputs = neighbour_inputs,
    .outputs = cleaning_outputs,
    .samples = &samples,
    .example = "<edited_neighbours id=\"cleaned\" samples=\"features\" part=\"train\"/>"};
