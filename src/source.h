/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A text file that a user wrote, read whole and checked, as a Source that diagnostics can quote. */
#ifndef FORNIX_SOURCE_H
#define FORNIX_SOURCE_H

#include "arena.h"
#include "base.h"
#include "diag.h"

#define SOURCE_MIB 4 /* the largest file */

/* The whole of a file without a byte order mark; lives as long as the arena. NULL after an error
 * at asked: missing, unreadable, no regular file, above 4 MiB, no UTF-8, a NUL in it. */
const Source *source_read(const char *path, Place asked, Diag *diag, Arena *arena);

/* Text made by a program as a source; name stands for the file's, as in "<generator 'x'>". */
const Source *source_make(const char *name, const char *text, Arena *arena);

/* The place of length bytes from offset at on, both clipped to the text. */
Place source_place(const Source *source, size_t at, size_t length);

/* path as seen from the folder that holds the file beside; path itself where it is absolute. */
const char *path_beside(const char *beside, const char *path, Arena *arena);
/* path made absolute from the working directory; not otherwise changed. */
const char *path_absolute(const char *path, Arena *arena);

#endif
