/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the nodes share that leave out samples by their neighbours. Internal to nodes/. */
#ifndef FORNIX_CLEANING_PORTS_H
#define FORNIX_CLEANING_PORTS_H

#include "neighbour_ports.h"

typedef struct {
    const char *label, *column;
    int part, remove;
    int64_t neighbours; /* of edited_neighbours, as */
    int agree;
} Cleaning;

static const char *const remove_choices[] = {"larger", "all", NULL};
enum { REMOVE_LARGER, REMOVE_ALL };
static const char *const agree_choices[] __attribute__((unused)) = {"all", "most", NULL};
enum { AGREE_ALL, AGREE_MOST };

#define CLEANING_ATTRS                                                                             \
    NEIGHBOUR_ATTRS(Cleaning),                                                                     \
        FORNIX_CHOICE(Cleaning, remove, "larger", remove_choices,                                  \
                      "of which classes: those larger than the smallest, or all")

static const FornixPort cleaning_outputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "those that are kept, in order; column `weight` is 1"}, {0}};

static inline bool cleaning_columns(FornixBuild *build, const void *attrs)
{
    const Cleaning *a = attrs;
    return neighbour_columns(build, a->label, a->column, a->part);
}

static inline bool class_is_cleaned(const Balance *balance, const Cleaning *a, int64_t class)
{
    return a->remove == REMOVE_ALL || balance->count[class] > balance->smallest;
}

/* All rows but those that `find` marks among the part's. */
static inline bool cleaning_rows(FornixBuild *build, const void *attrs,
                                 bool (*find)(const Balance *balance, const Points *all,
                                              const Cleaning *a, bool *dropped))
{
    const Cleaning *a = attrs;
    Balance balance;
    Points all = {fornix_table(build, 0), 0, NULL, 0};
    bool fine = neighbour_begin(build, a->label, a->column, a->part, &balance, &all.column);
    bool *dropped = mem_new((size_t)fornix_rows(all.table) + 1, sizeof *dropped);
    int64_t *members = fine ? balance_members(&balance, &all.count) : NULL;
    all.rows = members;
    fine = fine && find(&balance, &all, a, dropped);
    if (fine)
        balance_drop_rows(&balance, dropped);
    mem_free(members);
    mem_free(dropped);
    balance_end(&balance);
    return fine;
}

#endif
