/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The manual pages fornix(1) and fornix-graph(5), and the help of the command line, from the tables
 * of the commands, the language and its elements. */
#ifndef FORNIX_MANUAL_H
#define FORNIX_MANUAL_H

#include <stdio.h>

#include "usage.h"

/* page: "fornix" or "fornix-graph". false: there is none of that name. */
bool manual_write(FILE *out, const char *page, const Usage *usage);

/* `fornix help`, and `fornix help COMMAND` with the options that it takes. */
void manual_help(FILE *out, const Usage *usage);
void manual_command(FILE *out, const Usage *usage, const Command *command);

#endif
