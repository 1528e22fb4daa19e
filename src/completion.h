/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `fornix complete`: what a shell may offer at the cursor.
 *
 * The scripts for the shells only ask the program that stands in the command line: so they know of
 * the commands and options of this build, of nodes of one's own, and of what a graph file holds.
 */
#ifndef FORNIX_COMPLETION_H
#define FORNIX_COMPLETION_H

#include <stdio.h>

#include "usage.h"

/* The script for "bash" or "zsh"; false: another shell. */
bool completion_script(FILE *out, const char *shell);

/* What may stand in the place of the last word: a line each, behind a tab what it means. A line
 * ":files SUFFIX" or ":folders" leaves the choice to the shell. words: those behind "fornix". */
void completion_words(FILE *out, const Usage *usage, int count, const char *const *words);

#endif
