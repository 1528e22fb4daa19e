/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What rebalancers that look at neighbours share. Internal to nodes/. */
#ifndef FORNIX_NEIGHBOUR_PORTS_H
#define FORNIX_NEIGHBOUR_PORTS_H

#include <inttypes.h>

#include "balance.h"
#include "base.h"
#include "column.h"
#include "neighbours.h"

/* The columns of such a node's output: all, and `weight`. */
static inline bool neighbour_columns(FornixBuild *build, const char *label, const char *column,
                                     int part)
{
    fornix_fitted_on_parts(build, 0, balance_part(part));
    return balance_columns(build, label) &&
           column_choose(build, 0, "column", column, FORNIX_VALUES) >= 0;
}

/* Begins, and chooses the column in which rows are near. */
static inline bool neighbour_begin(FornixBuild *build, const char *label, const char *column,
                                   int part, Balance *balance, int *chosen)
{
    *chosen = column_choose(build, 0, "column", column, FORNIX_VALUES);
    return balance_begin(build, label, part, balance) && *chosen >= 0;
}

static inline Points class_points(const Balance *balance, int column, int64_t class)
{
    return (Points){balance->table, column, balance->rows[class], balance->count[class]};
}

static inline const char *class_title(const Balance *balance, int64_t class, char name[CLASS_NAME])
{
    return column_class(fornix_column(balance->table, balance->label), class, name);
}

/* The k nearest of each row of a class in it, of which there have to be two. */
static inline bool class_neighbours(const Balance *balance, int column, int64_t class, int64_t k,
                                    Neighbours *found)
{
    char name[CLASS_NAME];
    Points points = class_points(balance, column, class);
    if (points.count < 2)
        return fornix_build_fail(balance->build, NULL,
                                 "class '%s' has one sample: nothing lies between",
                                 class_title(balance, class, name));
    if (k >= points.count)
        fornix_warn(balance->build,
                    "class '%s' has %" PRId64 " samples: %" PRId64 " neighbours each, not %" PRId64,
                    class_title(balance, class, name), points.count, points.count - 1, k);
    return neighbours_find(balance->build, &points, &points, k, found);
}

/* Of each row of a class, how many of its k nearest in the part are of other classes; and k, which
 * may be less than asked for. false after a mistake. */
static inline bool foreign_neighbours(const Balance *balance, int column, int64_t class, int64_t *k,
                                      int64_t **foreign)
{
    Neighbours found;
    Points points = class_points(balance, column, class), all = {balance->table, column, NULL, 0};
    int64_t *members = balance_members(balance, &all.count);
    all.rows = members;
    *foreign = mem_new((size_t)points.count + 1, sizeof **foreign);
    bool fine = neighbours_find(balance->build, &points, &all, *k, &found);
    *k = found.k;
    for (int64_t i = 0; fine && i < found.count * found.k; i++)
        (*foreign)[i / found.k] +=
            fornix_label(balance->table, balance->label, members[found.nearest[i]]) != class;
    neighbours_free(&found);
    mem_free(members);
    return fine;
}

/* The attributes that they have in common, of a struct with these fields. */
#define NEIGHBOUR_ATTRS(Struct)                                                                    \
    FORNIX_TEXT(Struct, label, "", "the label column, where there are several"),                   \
        FORNIX_TEXT(Struct, column, "",                                                            \
                    "the column in which neighbours are near, where there are several"),           \
        FORNIX_CHOICE(Struct, part, "train", balance_parts, "the part that is balanced")

static const FornixPort neighbour_inputs[]
    __attribute__((unused)) = {{"samples", FORNIX_SAMPLES, 0, "labelled samples"}, {0}};

/* ---- Samples made up between neighbours -------------------------------------------------- */

typedef struct {
    const char *label, *column;
    int part;
    double ratio;
    int64_t neighbours, seed;
    int64_t border; /* of borderline_smote */
} Between;

#define BETWEEN_ATTRS                                                                              \
    NEIGHBOUR_ATTRS(Between),                                                                      \
        FORNIX_REAL(Between, ratio, "1", 0, 1000,                                                  \
                    "every class gets this share of the largest one's rows"),                      \
        FORNIX_INT(Between, neighbours, "5", 1, 1000,                                              \
                   "k: how many neighbours a sample is mixed with"),                               \
        FORNIX_INT(Between, seed, "1", 0, INT32_MAX, "of the draws")

static const FornixPort between_outputs[] __attribute__((unused)) = {
    {"samples", FORNIX_SAMPLES, 0, "all samples, then those made up; column `weight` is 1"}, {0}};

typedef struct {
    const Between *attrs;
    Balance balance;
    int column;
    int64_t class, lack; /* that is filled now; how many rows it lacks */
    int64_t made, total; /* of this class; of all */
} Filling;

static inline bool between_columns(FornixBuild *build, const void *attrs)
{
    const Between *a = attrs;
    return neighbour_columns(build, a->label, a->column, a->part);
}

static inline FornixRandomKey filling_key(const Filling *f)
{
    return fornix_random_derive(fornix_build_random(f->balance.build, f->attrs->seed),
                                (uint64_t)f->class);
}

/* A row on the line from row `from` of the class to one of its neighbours in it, by a draw. */
static inline void filling_add(Filling *f, const Neighbours *found, int64_t from, int64_t neighbour,
                               double share)
{
    const int64_t *rows = f->balance.rows[f->class];
    int64_t other = found->nearest[from * found->k + neighbour];
    int64_t row = fornix_mix_rows(f->balance.build, 0, rows[from], rows[other], share);
    balance_name_row(&f->balance, row, ++f->total, f->attrs->part);
    f->made++;
}

/* All rows, then what `fill` adds to each class that lacks some. */
static inline bool between_rows(FornixBuild *build, const void *attrs, bool (*fill)(Filling *f))
{
    Filling f = {.attrs = attrs};
    Balance *balance = &f.balance;
    bool fine =
        neighbour_begin(build, f.attrs->label, f.attrs->column, f.attrs->part, balance, &f.column);
    if (fine)
        balance_copy_rows(balance);
    int64_t *added = mem_new((size_t)balance->classes + 1, sizeof *added);
    for (f.class = 0; fine && f.class < balance->classes; f.class ++) {
        f.lack = balance_lack(balance, f.attrs->ratio, f.class);
        f.made = 0;
        fine = !f.lack || fill(&f);
        added[f.class] = f.made;
    }
    if (fine)
        balance_report(balance, added);
    mem_free(added);
    balance_end(balance);
    return fine;
}

#endif
