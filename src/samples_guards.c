/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a table has to be before anybody works with it, and whom an evaluator may judge. */
#include <stdio.h>

#include "file.h"
#include "samples_parts.h"
#include "text.h"

/* ---- Evaluation -------------------------------------------------------------------------- */

/* The table at an input if its rows are to be judged (and not, say, a threshold's). */
static const FornixTable *judged_table(const FornixBuild *build, int input)
{
    const FornixNode *type = build->request.type;
    int port = build->request.inputs[input].port;
    return type->inputs[port].kinds & FORNIX_SAMPLES ? build->table->inputs[input] : NULL;
}

static bool guard_rows(FornixBuild *build)
{
    const FornixNode *type = build->request.type;
    for (int i = 0; i < build->table->input_count; i++) {
        const FornixTable *input = judged_table(build, i);
        int port = build->request.inputs[i].port;
        if (!input || input->rows)
            continue;
        Text parts = {0};
        for (unsigned part = FORNIX_TRAIN; part <= FORNIX_TEST; part++)
            if (build->request.parts >> part & 1)
                text_format(&parts, "%s'%s'", parts.length ? " or " : "", part_name(part));
        fornix_build_fail(build, type->inputs[port].name,
                          "'%s' has no rows of part %s to judge: split it before, or say "
                          "part=\"all\"",
                          build->table->input_names[i], text_value(&parts));
        text_free(&parts);
        return false;
    }
    return true;
}

/* Whom it judges: a text a row, some twice. */
static const char **judged_subjects(const FornixBuild *build, int64_t *count, int64_t *made_up)
{
    const char **subjects = NULL;
    *count = *made_up = 0;
    for (int i = 0; i < build->table->input_count; i++) {
        const FornixTable *table = judged_table(build, i);
        if (!table)
            continue;
        subjects = mem_grow(subjects, (size_t)(*count + table->rows) + 1, sizeof *subjects);
        for (int64_t row = 0; row < table->rows; row++) {
            subjects[(*count)++] = table->row[row].subject;
            *made_up += table->row[row].origin == FORNIX_SYNTHETIC_SAMPLE;
        }
    }
    return subjects;
}

/* What is wrong goes into a line of the report where somebody answers for it, and else is a
 * mistake. */
static bool guard_tell(FornixBuild *build, const char *what, const char *names)
{
    const char *reason = build->request.acknowledge;
    if (reason && *reason) {
        fornix_warn(build, "'%s' judges %s; acknowledged: %s", build->table->id, what, reason);
        return true;
    }
    return fornix_build_fail(build, NULL,
                             "'%s' would judge %s%s%s. Judge another part, or say "
                             "acknowledge=\"why\"",
                             build->table->id, what, *names ? ": " : "", names);
}

static bool guard_subjects(FornixBuild *build, const Meeting *meeting)
{
    Text what = {0};
    if (!meeting->met)
        return true;
    text_format(&what, "%lld of %lld subjects that were used to fit %s", (long long)meeting->met,
                (long long)meeting->subjects, meeting->artefacts);
    bool fine = guard_tell(build, text_value(&what), meeting->names);
    text_free(&what);
    return fine;
}

/* Nobody has what a generator or an interpolation made: right or wrong, it says nothing of people.
 */
static bool guard_made_up(FornixBuild *build, int64_t made_up, int64_t rows)
{
    Text what = {0};
    if (!made_up)
        return true;
    text_format(&what, "%lld of %lld samples that are made up, as if they were people's",
                (long long)made_up, (long long)rows);
    bool fine = guard_tell(build, text_value(&what), "");
    text_free(&what);
    return fine;
}

bool guard_evaluation(FornixBuild *build)
{
    const FornixNode *type = build->request.type;
    const FornixTable *table = build->table;
    const char *reason = build->request.acknowledge;
    if (!type || !(type->samples->flags & FORNIX_EVALUATES))
        return true;
    if (!guard_rows(build))
        return false;
    int64_t rows, made_up;
    const char **subjects = judged_subjects(build, &rows, &made_up);
    Meeting meeting = fits_meet(table->samples, &table->fits, subjects, rows);
    bool fine = guard_subjects(build, &meeting) && guard_made_up(build, made_up, rows);
    if (*meeting.unknown && !(reason && *reason))
        fornix_warn(build,
                    "nobody knows on whom %s was fitted: see to it that none of them is judged",
                    meeting.unknown);
    meeting_free(&meeting);
    mem_free(subjects);
    return fine;
}

/* ---- Any table --------------------------------------------------------------------------- */

bool guard_parts(FornixBuild *build)
{
    const FornixTable *table = build->table;
    int64_t *group = mem_new((size_t)table->rows + 1, sizeof *group);
    int64_t groups = table_subjects(table, group);
    FornixPart *part = mem_new((size_t)groups + 1, sizeof *part);
    bool sound = true;
    for (int64_t row = 0; row < table->rows && sound; row++) {
        FornixPart *of = &part[group[row]], here = table->row[row].part;
        if (here && *of && here != *of)
            sound = fornix_build_fail(build, NULL, "'%s': subject '%s' is in two parts, %s and %s",
                                      table->id, table->row[row].subject, part_name(*of),
                                      part_name(here));
        if (here)
            *of = here;
    }
    mem_free(group);
    mem_free(part);
    return sound;
}

bool guard_tensors(FornixBuild *build)
{
    const FornixTable *table = build->table;
    for (int c = 0; c < table->column_count && !table->reader.read; c++) {
        const Column *column = &table->columns[c];
        for (int64_t row = 0; column_is_tensor(column) && row < table->rows; row++) {
            int input = table->origins[row].input;
            if (input < 0)
                return fornix_build_fail(build, NULL, "'%s' gives row %lld no '%s'", table->id,
                                         (long long)row, column->shown.name);
            if (column->from[input] < 0)
                return fornix_build_fail(build, NULL,
                                         "'%s' has no column '%s' of that kind and shape, which "
                                         "'%s' needs",
                                         table->input_names[input], column->shown.name, table->id);
        }
    }
    return true;
}

bool fornix_file_of(FornixBuild *build, const char *path, int64_t line, const char *subject)
{
    Samples *samples = build->table->samples;
    FileIdentity identity;
    FornixError error = {0};
    if (!file_identity(path, &identity, &error))
        return true; /* whoever reads it will say so */
    Text what = {0};
    text_format(&what, "%lld:%lld:%lld", (long long)identity.device, (long long)identity.inode,
                (long long)line);
    const char *own = samples_intern(samples, subject);
    const char *owner = samples_owner(samples, samples_intern(samples, text_value(&what)), own);
    text_free(&what);
    if (owner == own)
        return true;
    char place[32] = "";
    if (line)
        snprintf(place, sizeof place, ":%lld", (long long)line);
    return fornix_build_fail(build, "cohort",
                             "%s%s is of subject '%s' here and of '%s' elsewhere: nobody could see "
                             "who is trained and tested on; say the same cohort",
                             path, place, own, owner);
}

const FornixTable *table_part(const FornixTable *table, unsigned parts)
{
    BuildInput input = {.table = table, .name = table->id};
    FornixBuild *build = build_new(
        table->samples, &(BuildRequest){.id = table->id, .inputs = &input, .input_count = 1});
    fornix_copy_columns(build, 0);
    FornixTable *view = build->table;
    for (int64_t row = 0; row < table->rows; row++)
        if (parts >> table->row[row].part & 1)
            fornix_copy_row(build, 0, row);
    view->rows_known = table->rows_known;
    for (int i = 0; i < table->value_count; i++)
        fornix_set_values(build, table->values[i].name, table->values[i].values,
                          table->values[i].count);
    build_free(build);
    return view;
}
