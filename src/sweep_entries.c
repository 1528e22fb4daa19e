/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables of a sweep's evaluators, arm by arm, and the subjects of all of them. */
#include <jansson.h>
#include <string.h>

#include "file.h"
#include "store.h"
#include "sweep_entries.h"

bool pairing_fail(Pairing *pairing, const char *problem)
{
    if (!pairing->verdict->problem)
        pairing->verdict->problem = mem_text(problem);
    return false;
}

static bool is_over(const SweepComparison *comparison, const char *axis)
{
    for (int64_t k = 0; k < comparison->over.count; k++)
        if (strcmp(comparison->over.items[k], axis) == 0)
            return true;
    return false;
}

/* ---- Which tables there are -------------------------------------------------------------- */

static char *pair_of(const Sweep *sweep, const SweepComparison *c, size_t job)
{
    Text pair = {0};
    for (size_t k = 0; k < sweep->axis_count; k++) {
        const char *value = sweep_value(sweep, &sweep->jobs[job], k);
        if (value && !is_over(c, sweep->axes[k].name))
            text_format(&pair, "%s=%s,", sweep->axes[k].name, value);
    }
    char *copy = mem_text(text_value(&pair));
    text_free(&pair);
    return copy;
}

static void add_entries(Pairing *p, size_t job)
{
    const SweepComparison *c = p->verdict->comparison;
    const char *node;
    json_t *final = sweep_final(p->sweep, job), *figures;
    json_object_foreach(final, node, figures)
    {
        Text stars = {0};
        if (pattern_fits(c->scores, node, &stars)) {
            p->entries = mem_grow(p->entries, p->count + 1, sizeof *p->entries);
            p->entries[p->count++] =
                (Entry){.job = job,
                        .label = sweep_label(p->sweep, c, job, text_value(&stars)),
                        .pair = pair_of(p->sweep, c, job),
                        .node = mem_text(node)};
        }
        text_free(&stars);
    }
    json_decref(final);
}

/* Where a job has several such nodes that over= does not tell apart, each is paired with its own
 * kind. */
static void tell_nodes_apart(Pairing *p)
{
    bool alike = false;
    for (size_t a = 1; a < p->count; a++)
        alike = alike || (p->entries[a].job == p->entries[a - 1].job &&
                          strcmp(p->entries[a].label, p->entries[a - 1].label) == 0);
    for (size_t k = 0; alike && k < p->count; k++) {
        Entry *entry = &p->entries[k];
        Text pair = {0};
        text_format(&pair, "%s%s", entry->pair, entry->node);
        mem_free(entry->pair);
        entry->pair = mem_text(pair.data);
        text_free(&pair);
    }
}

static bool load_entry(Pairing *p, Entry *entry)
{
    FornixError error = {0};
    char *folder = sweep_job_folder(p->sweep, &p->sweep->jobs[entry->job]);
    Text path = {0};
    text_format(&path, "%s/stages/%s/table", folder, entry->node);
    const FornixTable *table = store_load(p->samples, path.data, entry->node, &error);
    bool fine = table && arm_comparable(table);
    if (fine) {
        entry->arm = arm_new(table);
        fine = !entry->arm->broken && entry->arm->samples > 0;
        entry->times = mem_new((size_t)entry->arm->samples + 1, sizeof *entry->times);
    }
    if (!fine)
        pairing_fail(p, *error.text ? error.text : "a table holds nothing to compare");
    text_free(&path);
    mem_free(folder);
    return fine;
}

/* ---- Subjects ---------------------------------------------------------------------------- */

/* Texts of one Samples are equal where their pointers are: found by those. */
static void number_subjects(Pairing *p)
{
    size_t all = 0;
    for (size_t k = 0; k < p->count; k++)
        all += (size_t)p->entries[k].arm->samples;
    const char **names = mem_new(all + 1, sizeof *names);
    int64_t *number = mem_new(all + 1, sizeof *number);
    int32_t *truth = mem_new(all + 1, sizeof *truth);
    int64_t at = 0;
    for (size_t k = 0; k < p->count; k++) {
        const Arm *arm = p->entries[k].arm;
        for (int64_t i = 0; i < arm->samples; i++, at++) {
            names[at] = fornix_row(arm->table, arm->row[i])->subject;
            truth[at] = arm->truth ? arm->truth[i] : 0;
        }
        int32_t strata = arm->truth ? arm->classes : 1;
        p->strata = p->strata > strata ? p->strata : strata;
    }
    p->subject_count = clusters_find(names, at, number);
    p->stratum = mem_new((size_t)p->subject_count + 1, sizeof *p->stratum);
    clusters_label(number, p->subject_count, truth, at, p->stratum);
    at = 0;
    for (size_t k = 0; k < p->count; k++) {
        Entry *entry = &p->entries[k];
        entry->subject = mem_new((size_t)entry->arm->samples + 1, sizeof *entry->subject);
        for (int64_t i = 0; i < entry->arm->samples; i++)
            entry->subject[i] = number[at++];
    }
    mem_free(names);
    mem_free(number);
    mem_free(truth);
}

/* ---- The whole --------------------------------------------------------------------------- */

bool pairing_open(Pairing *pairing, const SweepTable *table)
{
    Pairing *p = pairing;
    bool fine = true;
    for (size_t k = 0; k < p->sweep->job_count; k++)
        if (strcmp(table->status[k], "done") == 0 && p->verdict->comparison->takes[k])
            add_entries(p, k);
    tell_nodes_apart(p);
    if (!p->count)
        fine = pairing_fail(p, "no job that is done has such scores");
    for (size_t k = 0; k < p->count && fine; k++)
        fine = load_entry(p, &p->entries[k]);
    if (fine)
        number_subjects(p);
    return fine;
}

void pairing_close(Pairing *pairing)
{
    Pairing *p = pairing;
    for (size_t k = 0; k < p->count; k++) {
        arm_free(p->entries[k].arm);
        mem_free(p->entries[k].label);
        mem_free(p->entries[k].pair);
        mem_free(p->entries[k].node);
        mem_free(p->entries[k].subject);
        mem_free(p->entries[k].times);
    }
    mem_free(p->entries);
    mem_free(p->stratum);
}
