/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Provenance: who was used to fit what.
 *
 * Subjects are compared by the numbers of their interned texts. Files of weights name nobody: there
 * a subject stands as the hash of its id, and whoever asks hashes those that it asks for.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "safetensors.h"
#include "samples_parts.h"
#include "text.h"

enum { SHOWN_MOST = 5 }; /* subjects that a message names */

/* ---- Sets of fits ------------------------------------------------------------------------ */

void fits_free(Fits *fits)
{
    mem_free(fits->items);
    *fits = (Fits){0};
}

const Fits *table_fits(const FornixTable *table)
{
    return &table->fits;
}

static bool fit_same(const Fit *a, const Fit *b)
{
    return a == b ||
           (a->kind == b->kind && a->artefact == b->artefact && a->count == b->count &&
            memcmp(a->subjects, b->subjects, (size_t)a->count * sizeof *a->subjects) == 0);
}

static void fits_put(Fits *fits, const Fit *fit)
{
    for (int i = 0; i < fits->count; i++)
        if (fit_same(fits->items[i], fit))
            return;
    fits->items = mem_grow(fits->items, (size_t)fits->count + 1, sizeof *fits->items);
    fits->items[fits->count++] = fit;
}

void fits_join(Fits *fits, const Fits *more)
{
    for (int i = 0; i < more->count; i++)
        fits_put(fits, more->items[i]);
}

void fits_add(Samples *samples, Fits *fits, const Fit *fit)
{
    if (!fit->count && fit->kind != FIT_UNKNOWN)
        return;
    const char **known = mem_new((size_t)fit->count + 1, sizeof *known);
    int64_t most = 0, kept = 0;
    for (int64_t i = 0; i < fit->count; i++) {
        known[i] = samples_intern(samples, fit->subjects[i]);
        most = interned_number(known[i]) > most ? interned_number(known[i]) : most;
    }
    bool *seen = mem_new((size_t)most + 1, sizeof *seen);
    for (int64_t i = 0; i < fit->count; i++) {
        bool *is = &seen[interned_number(known[i])];
        if (!*is)
            known[kept++] = known[i];
        *is = true;
    }
    const char *name = samples_intern(samples, fit->artefact);
    pthread_mutex_lock(&samples->lock);
    Fit *copy = arena_take(samples->arena, 1, sizeof *copy);
    const char **subjects = arena_take(samples->arena, (size_t)kept + 1, sizeof *subjects);
    pthread_mutex_unlock(&samples->lock);
    memcpy(subjects, known, (size_t)kept * sizeof *subjects);
    *copy = (Fit){name, subjects, kept, fit->kind};
    fits_put(fits, copy);
    mem_free(known);
    mem_free(seen);
}

void fits_add_table(Samples *samples, Fits *fits, const char *artefact, const FornixTable *table,
                    unsigned parts)
{
    fits_join(fits, &table->fits);
    const char **subjects = mem_new((size_t)table->rows + 1, sizeof *subjects);
    int64_t count = 0;
    for (int64_t row = 0; row < table->rows; row++)
        if (parts >> table->row[row].part & 1)
            subjects[count++] = table->row[row].subject;
    fits_add(samples, fits, &(Fit){artefact, subjects, count, FIT_NAMED});
    mem_free(subjects);
}

void build_add_fits(FornixBuild *build, const Fits *fits)
{
    fits_join(&build->table->fits, fits);
}

void fornix_fitted_on(FornixBuild *build, int input, int64_t row)
{
    SubjectList *list = &build->fitted;
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 64;
        list->subjects = mem_grow(list->subjects, (size_t)list->capacity, sizeof *list->subjects);
    }
    list->subjects[list->count++] = fornix_row(fornix_table(build, input), row)->subject;
}

void fornix_fitted_on_parts(FornixBuild *build, int input, unsigned parts)
{
    FornixTable *table = build->table;
    if (table->inputs[input]->rows_known)
        fits_add_table(table->samples, &table->fits, table->id, table->inputs[input], parts);
}

/* ---- As text ----------------------------------------------------------------------------- */

static void subject_hash(const char *subject, char text[HASH_TEXT])
{
    hash_text(hash_bytes(subject, strlen(subject)), text);
}

static int texts_compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* In the order of the hashes: that of the subjects would tell something of them. */
static void fit_text(const Fit *fit, Text *text)
{
    char(*hashes)[HASH_TEXT] = mem_new((size_t)fit->count + 1, sizeof *hashes);
    for (int64_t i = 0; i < fit->count; i++) {
        if (fit->kind == FIT_HASHED)
            snprintf(hashes[i], HASH_TEXT, "%s", fit->subjects[i]);
        else
            subject_hash(fit->subjects[i], hashes[i]);
    }
    qsort(hashes, (size_t)fit->count, sizeof *hashes, texts_compare);
    text_add(text, fit->artefact);
    for (int64_t i = 0; i < fit->count; i++)
        text_format(text, " %s", hashes[i]);
    text_add(text, fit->kind == FIT_UNKNOWN ? " unknown\n" : "\n");
    mem_free(hashes);
}

char *fits_text(const Fits *fits)
{
    Text text = {0};
    for (int i = 0; i < fits->count; i++)
        fit_text(fits->items[i], &text);
    char *copy = mem_text(text_value(&text));
    text_free(&text);
    return copy;
}

static bool line_parse(Samples *samples, Fits *fits, const char *line)
{
    size_t count;
    char **words = text_split(line, &count);
    bool unknown = count == 2 && strcmp(words[1], "unknown") == 0, sound = count > 1;
    Hash hash;
    for (size_t i = 1; sound && !unknown && i < count; i++)
        sound = hash_parse(words[i], &hash);
    if (sound)
        fits_add(samples, fits,
                 &(Fit){words[0], (const char *const *)words + 1, unknown ? 0 : (int64_t)count - 1,
                        unknown ? FIT_UNKNOWN : FIT_HASHED});
    text_split_free(words);
    return sound;
}

static bool fits_parse(Samples *samples, Fits *fits, const char *text)
{
    char *copy = mem_text(text), *rest = copy;
    bool sound = true;
    while (sound && *rest) {
        char *line = rest, *end = strchr(rest, '\n');
        sound = end != NULL;
        if (sound) {
            *end = '\0';
            rest = end + 1;
            sound = line_parse(samples, fits, line);
        }
    }
    mem_free(copy);
    return sound;
}

bool fits_of_file(Samples *samples, Fits *fits, const char *path, FornixError *error)
{
    SafeFile *file = safetensors_open(path, error);
    if (!file)
        return false;
    const char *text = safetensors_text(file, FITS_TEXT), *name = strrchr(path, '/');
    bool fine =
        !text || fits_parse(samples, fits, text) ||
        fornix_fail_input(error, "%s: what it says of whom it was fitted on is damaged", path);
    if (!text)
        fits_add(samples, fits, &(Fit){name ? name + 1 : path, NULL, 0, FIT_UNKNOWN});
    safetensors_close(file);
    return fine;
}

bool build_add_fits_of(FornixBuild *build, const char *path, FornixError *error)
{
    Fits fits = {0};
    bool fine = fits_of_file(build->table->samples, &fits, path, error);
    for (int i = 0; i < fits.count; i++)
        if (fits.items[i]->kind != FIT_UNKNOWN)
            fits_put(&build->table->fits, fits.items[i]);
    fits_free(&fits);
    return fine;
}

/* ---- Meetings ---------------------------------------------------------------------------- */

typedef struct Sought {
    const char **whose; /* by the number of a subject's id, or of its hash: the id */
    bool *met;          /* by the number of the id */
    int64_t numbers;
} Sought;

/* false: it was sought already. */
static bool sought_add(Sought *sought, const char *key, const char *subject)
{
    int64_t number = interned_number(key);
    if (number >= sought->numbers) {
        size_t old = (size_t)sought->numbers, more = (size_t)number + 1 - old + old / 2;
        sought->whose = mem_grow(sought->whose, old + more, sizeof *sought->whose);
        sought->met = mem_grow(sought->met, old + more, sizeof *sought->met);
        memset(sought->whose + old, 0, more * sizeof *sought->whose);
        memset(sought->met + old, 0, more * sizeof *sought->met);
        sought->numbers = (int64_t)(old + more);
    }
    if (sought->whose[number])
        return false;
    sought->whose[number] = subject;
    return true;
}

static bool hashes_stand_in(const Fits *fits)
{
    for (int i = 0; i < fits->count; i++)
        if (fits->items[i]->kind == FIT_HASHED)
            return true;
    return false;
}

static bool fit_meets(const Fit *fit, Sought *sought, Meeting *meeting, Text *names)
{
    bool meets = false;
    for (int64_t i = 0; i < fit->count; i++) {
        int64_t number = interned_number(fit->subjects[i]);
        const char *who = number < sought->numbers ? sought->whose[number] : NULL;
        if (!who)
            continue;
        meets = true;
        bool *met = &sought->met[interned_number(who)];
        if (!*met && meeting->met++ < SHOWN_MOST)
            text_format(names, "%s%s", meeting->met > 1 ? ", " : "", who);
        *met = true;
    }
    return meets;
}

static char *text_take(Text *text)
{
    char *copy = mem_text(text_value(text));
    text_free(text);
    return copy;
}

Meeting fits_meet(Samples *samples, const Fits *fits, const char *const *subjects, int64_t count)
{
    Meeting meeting = {0};
    Sought sought = {0};
    Text artefacts = {0}, names = {0}, unknown = {0};
    bool hashed = hashes_stand_in(fits);
    for (int64_t i = 0; i < count; i++) {
        const char *subject = samples_intern(samples, subjects[i]);
        char hash[HASH_TEXT];
        if (!sought_add(&sought, subject, subject))
            continue;
        meeting.subjects++;
        if (!hashed)
            continue;
        subject_hash(subject, hash);
        sought_add(&sought, samples_intern(samples, hash), subject);
    }
    for (int i = 0; i < fits->count; i++) {
        const Fit *fit = fits->items[i];
        Text *list = fit->kind == FIT_UNKNOWN                    ? &unknown
                     : fit_meets(fit, &sought, &meeting, &names) ? &artefacts
                                                                 : NULL;
        if (list)
            text_format(list, "%s'%s'", list->length ? ", " : "", fit->artefact);
    }
    if (meeting.met > SHOWN_MOST)
        text_add(&names, ", ...");
    meeting.artefacts = text_take(&artefacts);
    meeting.names = text_take(&names);
    meeting.unknown = text_take(&unknown);
    mem_free(sought.whose);
    mem_free(sought.met);
    return meeting;
}

void meeting_free(Meeting *meeting)
{
    mem_free(meeting->artefacts);
    mem_free(meeting->names);
    mem_free(meeting->unknown);
    *meeting = (Meeting){0};
}
