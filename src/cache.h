/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The results of stages, kept under a key of all that they depend on, for every run to share.
 *
 *   ROOT/KEY/         a result: stage.json (figures, the hash of every file), weights, table
 *   ROOT/KEY.work/    a stage that is running, or was broken off: its checkpoints
 *   ROOT/locks/KEY    held by who works on it; the system lets go of it when a process ends
 *   ROOT/files        hashes of input files by their identity, so that no file is read twice
 *
 * A result appears by a rename once it is whole. What does not hash to what its stage.json says is
 * thrown away and made again. Two processes that want the same result wait for each other.
 */
#ifndef FORNIX_CACHE_H
#define FORNIX_CACHE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include "figures.h"
#include "fornix-error.h"
#include "hash.h"
#include "meter.h"

typedef struct Cache Cache;

/* root NULL: FORNIX_CACHE, else XDG_CACHE_HOME/fornix, else ~/.cache/fornix. NULL on failure. */
Cache *cache_open(const char *root, FornixError *error);
void cache_close(Cache *cache);

/* The content of an input file; what is known of it from its identity is not read again. */
bool cache_file_hash(Cache *cache, const char *path, Hash *hash, FornixError *error);

typedef struct CacheEntry CacheEntry;

typedef struct CacheRequest {
    Hash key;
    const char *stage;       /* its id, for people */
    bool fresh;              /* made again, even where it is there */
    const atomic_bool *stop; /* while waiting */
    Meter *meter;
} CacheRequest;

/* The result or the right to make it: waits while another process is making it. Stages of one run
 * have ids, and so keys, of their own. */
CacheEntry *cache_enter(Cache *cache, const CacheRequest *request, FornixError *error);
bool cache_is_done(const CacheEntry *entry);
bool cache_was_damaged(const CacheEntry *entry); /* a result was there, and has to be made again */
/* Of a result: where it is; else the working folder. */
const char *cache_folder(const CacheEntry *entry);
/* Of a result: the figures it was published with. */
const Figures *cache_figures(const CacheEntry *entry);
/* The working folder becomes the result; cache_folder is then where it is. */
bool cache_publish(CacheEntry *entry, const Figures *figures, FornixError *error);
void cache_leave(CacheEntry *entry); /* keeps what is there */

/* Whether a result of that key is there, of which cache_enter will find out whether it is sound. */
bool cache_has(const Cache *cache, Hash key);

bool cache_list(Cache *cache, FILE *out, FornixError *error);
/* Removes results not used for that many days, and work broken off as long ago. */
bool cache_prune(Cache *cache, double days, FILE *out, FornixError *error);

#endif
