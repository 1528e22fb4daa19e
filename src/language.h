/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The elements that are the language itself, and what may stand in what.
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
    int remainder, select, goal, winograd;
    bool shuffle;
    const char *monitor;
} TrainAttrs;

enum { SELECT_LAST, SELECT_BEST };
enum { GOAL_AUTO, GOAL_MAX, GOAL_MIN };

typedef struct ApplyAttrs {
    FornixList part;
    int64_t batch;
    int winograd; /* FornixWinograd, as everywhere here */
} ApplyAttrs;

typedef struct WindowAttrs {
    FornixDims size;
    double overlap;
    int weights;
    FornixList flips;
} WindowAttrs;

enum { WINDOW_GAUSSIAN, WINDOW_EVEN };

typedef struct GenerateAttrs {
    int64_t count, batch, seed;
    const char *cohort, *label;
    int labels, winograd;
} GenerateAttrs;

enum { LABELS_EQUAL, LABELS_RANDOM };

typedef struct FilterAttrs {
    FornixList part;
    int64_t batch;
    int winograd;
    const char *keep;
} FilterAttrs;

typedef struct UpdateAttrs {
    FornixList nets;
    const char *minimise;
    int64_t times, accumulate;
    double clip, average;
} UpdateAttrs;

typedef struct ValidateAttrs {
    FornixList part;
    const char *every;
    int64_t batch;
} ValidateAttrs;

extern const FornixNode language_train, language_apply, language_generate, language_filter,
    language_update, language_validate, language_window, language_param, language_use,
    language_collect, language_gradient;

/* Where elements stand, as bits. */
enum {
    PLACE_FILE = 1 << 0,  /* a file, around its root */
    PLACE_GRAPH = 1 << 1, /* a graph's root */
    PLACE_NET = 1 << 2,
    PLACE_TRAIN = 1 << 3,
    PLACE_APPLY = 1 << 4, /* and generate */
    PLACE_FILTER = 1 << 5,
    PLACE_VALIDATE = 1 << 6,
    PLACE_UPDATE = 1 << 7,
    PLACE_OPTIMIZER = 1 << 8,
    PLACE_CHOOSE = 1 << 9,
    PLACE_AROUND = 1 << 10, /* wherever the element itself stands */
};

enum {
    LANGUAGE_NAMED = 1 << 0, /* needs an id, which a <choose> around it may give */
    LANGUAGE_PLAIN = 1 << 1, /* of the attributes that all have, it has doc alone */
    LANGUAGE_OPEN = 1 << 2,  /* other attributes are names that the user gave elsewhere */
};

typedef struct LanguageWord {
    const FornixNode *node;
    unsigned stands; /* in any of these places */
    unsigned holds;  /* what stands there may stand in it; 0: it holds nothing */
    unsigned flags;
} LanguageWord;

/* All of them; ends with a NULL node. */
extern const LanguageWord language_words[];
const LanguageWord *language_word(const char *name); /* NULL: it is none */
/* The same of any node: plugins stand where their family does. */
LanguageWord language_of(const FornixNode *node);

/* How a graph is written, for people: `fornix help graph`, its manual page and the pages of the
 * nodes are made of this, and nothing else tells it. */
typedef struct LanguageEntry {
    const char *form; /* as it stands in a file; NULL: only words */
    const char *doc;  /* an empty line parts paragraphs */
} LanguageEntry;

typedef struct LanguageSection {
    const char *title;
    const LanguageEntry *entries; /* end with {0} */
} LanguageSection;

extern const LanguageSection language_sections[]; /* end with a NULL title */

#endif
