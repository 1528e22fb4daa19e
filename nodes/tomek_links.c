/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Leaves out samples that form a Tomek link: of two classes, and each the other's nearest.
 *
 * One of the two is noise, or both are at the border (Tomek: Two modifications of CNN, IEEE Trans.
 * Systems, Man and Cybernetics 6, 1976). Alone it thins the larger classes; behind a smote, with
 * remove="all", it is SMOTE-Tomek (Batista, Prati, Monard: A study of the behavior of several
 * methods for balancing machine learning training data, SIGKDD Explorations 6, 2004).
 */
#include "cleaning_ports.h"

static bool links_find(const Balance *balance, const Points *all, const Cleaning *a, bool *dropped)
{
    Neighbours found;
    const FornixTable *table = balance->table;
    bool fine = neighbours_find(balance->build, all, all, 1, &found);
    for (int64_t i = 0; fine && found.k && i < found.count; i++) {
        int64_t other = found.nearest[i], class = fornix_label(table, balance->label, all->rows[i]);
        if (fornix_label(table, balance->label, all->rows[other]) != class &&
            found.nearest[other] == i && class_is_cleaned(balance, a, class))
            dropped[all->rows[i]] = true;
    }
    neighbours_free(&found);
    return fine;
}

static bool tomek_rows(FornixBuild *build, const void *attrs)
{
    return cleaning_rows(build, attrs, links_find);
}

static const FornixAttr attrs[] = {CLEANING_ATTRS, {0}};

static const FornixSamples samples = {.flags =
                                          FORNIX_PASSES_NEW | FORNIX_NEEDS_RUN | FORNIX_FORETELLS,
                                      .memory = neighbours_memory,
                                      .columns = cleaning_columns,
                                      .rows = tomek_rows};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "tomek_links",
    .doc = "Leaves out samples whose nearest one is of another class and has them for its nearest. "
           "Behind a smote, with remove=\"all\", this is SMOTE-Tomek.",
    .formula = "a and b of two classes, a nearest to b and b to a; Tomek 1976, Batista, Prati and "
               "Monard 2004",
    .attrs_size = sizeof(Cleaning),
    .attrs = attrs,
    .inputs = neighbour_inputs,
    .outputs = cleaning_outputs,
    .samples = &samples,
    .example = "<tomek_links id=\"cleaned\" samples=\"features\" part=\"train\"/>"};
