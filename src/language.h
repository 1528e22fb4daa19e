/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The elements that are the language itself: stages and what stands in them.
 *
 * They are described by the same tables as nodes, so that parsing, ranges, suggestions, help and
 * schema come from one place; but they are no nodes: no plugin can be one, and they do nothing to
 * a tensor themselves.
 */
#ifndef FORNIX_LANGUAGE_H
#define FORNIX_LANGUAGE_H

#include "node.h"

typedef enum { REMAINDER_KEEP, REMAINDER_DROP, REMAINDER_SPREAD } Remainder;

typedef struct TrainAttrs {
    FornixList part;
    int64_t epochs, steps, batch, seed, patience;
    int remainder, select, goal;
    bool shuffle;
    const char *monitor;
} TrainAttrs;

enum { SELECT_LAST, SELECT_BEST };
enum { GOAL_AUTO, GOAL_MAX, GOAL_MIN };

typedef struct ApplyAttrs {
    FornixList part;
    int64_t batch;
} ApplyAttrs;

typedef struct GenerateAttrs {
    int64_t count, batch, seed;
    const char *cohort, *label;
    int labels;
} GenerateAttrs;

enum { LABELS_EQUAL, LABELS_RANDOM };

typedef struct FilterAttrs {
    FornixList part;
    int64_t batch;
    const char *keep;
} FilterAttrs;

typedef struct UpdateAttrs {
    FornixList nets;
    const char *minimise;
    int64_t times, accumulate;
    double clip;
} UpdateAttrs;

typedef struct ValidateAttrs {
    FornixList part;
    const char *every;
    int64_t batch;
} ValidateAttrs;

extern const FornixNode language_train, language_apply, language_generate, language_filter,
    language_update, language_validate;

/* All of them, for help and schema; ends with NULL. */
extern const FornixNode *const language_elements[];

#endif
