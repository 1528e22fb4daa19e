/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was seen in files that are costly to look into, while they stay as they are.
 *
 * A sweep opens the same files for every job and stage. The process remembers what a look told, and
 * with its memory every process that it forks. */
#ifndef FORNIX_GLIMPSE_H
#define FORNIX_GLIMPSE_H

#include "file.h"
#include "hash.h"

typedef struct Glimpse {
    FileIdentity file; /* as it was before the look */
    Hash key;
    size_t bytes;
    bool settled; /* else it may still change, and nothing is kept */
} Glimpse;

/* of: all that the look depends on but the file. True where it was looked at before: then what was
 * seen is in seen. Any thread may call. */
bool glimpse_find(Glimpse *glimpse, const char *path, Hash of, void *seen, size_t bytes);
void glimpse_keep(const Glimpse *glimpse, const void *seen);

#endif
