/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The words of the command line: `fornix WORD ...`. */
#ifndef FORNIX_COMMAND_H
#define FORNIX_COMMAND_H

#include "run.h"
#include "usage.h"

extern const Command commands[]; /* ends with a NULL name */

int command_main(int count, char **words);

#endif
