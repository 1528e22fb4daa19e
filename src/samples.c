/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pool: interned texts, the tables and what they share.
 *
 * Interning makes the comparison of subjects, which splits, joins and guards do all the time, one
 * of pointers. The lock is held for a look-up, never while a file is read.
 */
#include "samples.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hash.h"
#include "machine.h"
#include "samples_parts.h"
#include "text.h"

enum { SLOTS_FIRST = 256 };

Samples *samples_new(const SamplesHost *host)
{
    Samples *samples = mem_new(1, sizeof *samples);
    if (host)
        samples->host = *host;
    if (!samples->host.cache_bytes)
        samples->host.cache_bytes = machine_memory() / 4;
    pthread_mutex_init(&samples->lock, NULL);
    samples->arena = arena_new();
    samples->slot_count = SLOTS_FIRST;
    samples->slots = mem_new(SLOTS_FIRST, sizeof(Interned *));
    return samples;
}

static void table_free(FornixTable *table)
{
    if (table->reader.close && table->reader.opened)
        table->reader.close(table->reader.opened);
    table_forget(table);
    for (int c = 0; c < table->column_count; c++) {
        Column *column = &table->columns[c];
        mem_free(column->labels);
        mem_free(column->reals);
        free(column->kept);
        mem_free(column->foreseen);
    }
    mem_free(table->columns);
    mem_free(table->row);
    mem_free(table->origins);
    mem_free(table->spaces);
    mem_free(table->metrics);
    mem_free(table->lines);
    mem_free(table->values);
    mem_free(table->curves);
    fits_free(&table->fits);
    arena_free(table->arena);
    mem_free(table);
}

void samples_free(Samples *samples)
{
    if (!samples)
        return;
    /* The last first: what a node keeps open may refer to tables made before. */
    for (size_t i = samples->table_count; i-- > 0;)
        table_free(samples->tables[i]);
    mem_free(samples->tables);
    mem_free(samples->slots);
    arena_free(samples->arena);
    pthread_mutex_destroy(&samples->lock);
    mem_free(samples);
}

void samples_own(Samples *samples, FornixTable *table)
{
    pthread_mutex_lock(&samples->lock);
    samples->tables = mem_grow(samples->tables, samples->table_count + 1, sizeof *samples->tables);
    samples->tables[samples->table_count++] = table;
    pthread_mutex_unlock(&samples->lock);
}

static Interned **slot_of(Interned **slots, size_t count, uint64_t hash, const char *text)
{
    size_t at = (size_t)hash & (count - 1);
    while (slots[at] && (slots[at]->hash != hash || strcmp(slots[at]->text, text) != 0))
        at = (at + 1) & (count - 1);
    return &slots[at];
}

static void slots_double(Samples *samples)
{
    size_t count = samples->slot_count * 2;
    Interned **slots = mem_new(count, sizeof *slots);
    for (size_t i = 0; i < samples->slot_count; i++) {
        Interned *one = samples->slots[i];
        if (one)
            *slot_of(slots, count, one->hash, one->text) = one;
    }
    mem_free(samples->slots);
    samples->slots = slots;
    samples->slot_count = count;
}

const char *samples_intern(Samples *samples, const char *text)
{
    size_t length = strlen(text);
    uint64_t hash = hash_bytes(text, length).low;
    pthread_mutex_lock(&samples->lock);
    Interned **slot = slot_of(samples->slots, samples->slot_count, hash, text);
    Interned *one = *slot;
    if (!one) {
        one = arena_take(samples->arena, 1, sizeof *one + length + 1);
        one->hash = hash;
        one->number = (int64_t)samples->interned++;
        memcpy(one->text, text, length + 1);
        *slot = one;
        if (samples->interned * 2 > samples->slot_count)
            slots_double(samples);
    }
    pthread_mutex_unlock(&samples->lock);
    return one->text;
}

static Interned *interned_of(const char *text)
{
    return (Interned *)(uintptr_t)(text - offsetof(Interned, text));
}

int64_t interned_number(const char *interned)
{
    return interned_of(interned)->number;
}

const char *samples_owner(Samples *samples, const char *what, const char *subject)
{
    pthread_mutex_lock(&samples->lock);
    Interned *one = interned_of(what);
    if (!one->owner)
        one->owner = subject;
    const char *owner = one->owner;
    pthread_mutex_unlock(&samples->lock);
    return owner;
}

int64_t samples_cached(const Samples *samples)
{
    return atomic_load(&samples->kept);
}

/* ---- Parts ------------------------------------------------------------------------------- */

static const char *const part_names[] = {"", "train", "validation", "test"};

const char *part_name(FornixPart part)
{
    return (unsigned)part < COUNT(part_names) ? part_names[part] : "";
}

unsigned parts_parse(const char *words)
{
    size_t count;
    char **split = text_split(words, &count);
    unsigned parts = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned one = strcmp(split[i], "all") == 0 ? PARTS_ALL : 0;
        for (unsigned part = FORNIX_TRAIN; part < COUNT(part_names); part++)
            if (strcmp(split[i], part_names[part]) == 0)
                one = 1u << part;
        if (!one) {
            parts = 0;
            break;
        }
        parts |= one;
    }
    text_split_free(split);
    return parts;
}

int64_t samples_budget(const Samples *samples)
{
    return samples->host.cache_bytes;
}
