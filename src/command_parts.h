/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the commands share: the options of a command line, read. */
#ifndef FORNIX_COMMAND_PARTS_H
#define FORNIX_COMMAND_PARTS_H

#include "command.h"

typedef struct Words {
    const char **items;
    size_t count;
} Words;

typedef struct Options {
    const Command *command;
    const char *words[8]; /* what is no option */
    int word_count;
    Words overrides, nodes, open;
    const char *output, *days, *manifest, *input, *net, *map, *stage, *man;
    const char *shard, *jobs, *threads;
    bool fail_fast, retry_failed, rounds, html, fresh, smoke, profile, json, probability;
    bool wrong;
} Options;

extern const Option command_options[]; /* end with a NULL word */

/* What is wrong was told; ends with options_end, which passes the exit code on. */
Options options_read(const Command *command, int count, char **words);
int options_end(Options *options, int code);
/* Tells how the command is used, and gives the exit code for that. */
int command_usage(const Command *command);

#endif
