/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A crash in a plugin, told: which node it was, where it stands in the graph, which file to mend.
 *
 * Nothing is saved then, and nothing needs to be: all that fornix writes appears whole or not at
 * all, so that a crash costs what a kill costs. The handler calls nothing that could wait for what
 * the crashed thread holds: it reads tables that only grow, and writes.
 */
#ifndef FORNIX_CRASH_H
#define FORNIX_CRASH_H

#include <stdbool.h>

/* From now on a crash is told on the standard error, as a line of JSON where that is wanted, and
 * ends the program with exit code 1. What caught these signals before (a sanitizer) is called
 * behind it. For the whole program. */
void crash_catch(bool json);
/* What to say behind it ("the same command goes on from there"); NULL: nothing. Kept. */
void crash_advise(const char *advice);
/* Tells a short word of it there too: a pipe to whoever waits for this process. */
void crash_tell(int file);

/* A stack for the handler on this thread, or it could not tell that the other one was used up;
 * NULL where no crash is caught. Given back by the thread that took it. */
void *crash_stack_take(void);
void crash_stack_give(void *stack);

#endif
