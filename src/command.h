/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The words of the command line: `fornix WORD ...`. */
#ifndef FORNIX_COMMAND_H
#define FORNIX_COMMAND_H

#include "run.h"

typedef struct Command {
    const char *name, *arguments, *doc;
    int (*run)(const struct Command *command, int count, char **words); /* exit code */
} Command;

extern const Command commands[]; /* ends with a NULL name */

int command_main(int count, char **words);

#endif
