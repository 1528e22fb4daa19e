/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables that say what the command line takes: parsing, help, manual pages and completion are
 * made of them. */
#ifndef FORNIX_USAGE_H
#define FORNIX_USAGE_H

#include <stdbool.h>
#include <stddef.h>

struct Options;

typedef struct Command {
    const char *name, *arguments, *doc;
    int words; /* how many it takes that are no options, or ANY_WORDS */
    int (*run)(const struct Options *options); /* exit code */
} Command;

enum { ANY_WORDS = -1 };

typedef enum { FLAG, VALUE, VALUES } OptionKind; /* VALUES: may be given again and again */

typedef struct Option {
    const char *word;
    OptionKind kind;
    size_t offset; /* where the command line's reader keeps it */
    const char *doc;
} Option;

/* What has a name and a meaning besides. */
typedef struct Note {
    const char *name, *doc;
} Note;

/* The whole of it; tables end with a NULL name or word. */
typedef struct Usage {
    const char *summary;
    const Command *commands;
    const Option *options;
    const Note *variables;
    const Note *codes;
} Usage;

/* Whether the option stands in what the command says of itself: "[--json]". */
bool usage_takes(const Command *command, const char *option);
/* What stands behind an option there: "name=value" of "[-p name=value]...", its length in length;
 * NULL: nothing. */
const char *usage_value(const Command *command, const char *option, size_t *length);

#endif
