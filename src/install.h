/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the files lie that come with fornix: in the build tree that the program stands in, beside
 * the installed program (which may have been moved as a whole), or where it was configured to go.
 */
#ifndef FORNIX_INSTALL_H
#define FORNIX_INSTALL_H

#include "arena.h"

/* The build tree that the program stands in; NULL: in none. */
const char *install_build(Arena *arena);
/* The folder NAME/../behind of the program NAME; NULL where it can't be told which that is. */
const char *install_beside(Arena *arena, const char *behind);

#endif
