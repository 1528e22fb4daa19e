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
    Words words; /* what is no option, and all behind "--" */
    Words overrides, nodes, open;
    const char *output, *days, *manifest, *input, *net, *map, *stage, *man, *kind;
    const char *shard, *jobs, *threads;
    bool fail_fast, retry_failed, rounds, html, fresh, smoke, profile, json, probability;
    bool with_subjects;
    bool help;  /* --help or -h stands among them */
    bool rest;  /* "--" does */
    bool wrong; /* told */
} Options;

extern const Option command_options[]; /* end with a NULL word */
extern const Usage command_whole;

Options options_read(const Command *command, int count, char **words);
void options_free(Options *options);
/* Tells how the command is used, and gives the exit code for that. */
int command_usage(const Command *command);

/* What the commands of the table do. */
int command_run(const Options *options);
int command_sweep(const Options *options);
int command_check(const Options *options);
int command_plan(const Options *options);
int command_show(const Options *options);
int command_report(const Options *options);
int command_apply(const Options *options);
int command_import(const Options *options);
int command_export(const Options *options);
int command_list(const Options *options);
int command_describe(const Options *options);
int command_schema(const Options *options);
int command_new_node(const Options *options);
int command_test_node(const Options *options);
int command_cache(const Options *options);

/* What runs and sweeps end with, in command_report.c. */
void command_end_run(const char *folder, Experiment *experiment);
void command_end_sweep(const char *folder);
void command_end_job(const char *folder, Experiment *experiment);

#endif
