/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "manifest.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "file.h"
#include "samples.h"
#include "source.h"
#include "text.h"

enum { CLASSES_MOST = 1000, MISSING = -1, DROPPED = -1 };

/* What a word of `classes` says. */
typedef struct Mapping {
    const char *label;         /* NULL: the only one */
    const char *value, *class; /* class "": dropped */
} Mapping;

void manifest_close(Manifest *manifest)
{
    csv_free(manifest->csv);
    arena_free(manifest->arena);
    *manifest = (Manifest){0};
}

int64_t manifest_column(FornixBuild *build, const Manifest *manifest, const char *where,
                        const char *name)
{
    FornixError error = {0};
    int64_t column = csv_column(manifest->csv, name, &error);
    if (column < 0)
        fornix_build_fail(build, where, "%s", error.text);
    return column;
}

/* ---- Places ------------------------------------------------------------------------------ */

/* Read again: a text that is not shown need not be kept. Without text where it is no such text. */
static const Source *source_of(Manifest *m, const char *path)
{
    if (m->source)
        return m->source;
    Diag *unheard = diag_new();
    m->source = source_read(path, (Place){0}, unheard, m->arena);
    diag_free(unheard);
    if (!m->source) {
        Source *source = arena_take(m->arena, 1, sizeof *source);
        source->name = arena_text(m->arena, path);
        m->source = source;
    }
    return m->source;
}

/* Of a field in a row of the CSV. */
static Place field_place(Manifest *m, int64_t row, int64_t column)
{
    const Source *source = source_of(m, csv_name(m->csv));
    if (!source->text)
        return (Place){
            .source = source, .line = (int)csv_line(m->csv, row), .column = 1, .length = 1};
    size_t at = csv_offset(m->csv, row, column), length = strlen(csv_field(m->csv, row, column));
    bool quoted = at < source->length && source->text[at] == '"';
    return source_place(source, at, length + 2 * quoted);
}

bool manifest_fail(FornixBuild *build, Manifest *manifest, ManifestField field, const char *where,
                   const char *format, ...)
{
    char text[2000];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    return build_fail_at(build, field_place(manifest, manifest->at[field.row], field.column), where,
                         "%s", text);
}

bool manifest_blame(const Manifest *manifest, int64_t row, FornixError *error)
{
    FornixError bare = *error;
    if (!bare.input)
        return false;
    *error = (FornixError){0};
    return fornix_fail_input(error, "%s:%" PRId64 ": %s", csv_name(manifest->csv),
                             manifest_line(manifest, row), bare.text);
}

/* A failure to read the CSV, shown at the line that it names behind the path. */
static bool reading_fails(FornixBuild *build, Manifest *m, const char *path,
                          const FornixError *error)
{
    size_t length = strlen(path);
    char *rest = NULL;
    long line = strncmp(error->text, path, length) == 0 && error->text[length] == ':'
                    ? strtol(error->text + length + 1, &rest, 10)
                    : 0;
    if (line < 1 || strncmp(rest, ": ", 2) != 0)
        return fornix_build_fail(build, "manifest", "%s", error->text);
    const Source *source = source_of(m, path);
    Place place = {.source = source, .line = (int)line, .column = 1, .length = 1};
    const char *at = source->text;
    for (long k = 1; at && k < line; k++)
        at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL;
    if (at)
        place = source_place(source, (size_t)(at - source->text), strcspn(at, "\r\n"));
    return build_fail_at(build, place, "manifest", "%s", rest + 2);
}

/* ---- Files ------------------------------------------------------------------------------- */

const char *manifest_file(FornixBuild *build, Manifest *manifest, ManifestField field)
{
    FornixError error = {0};
    FileIdentity identity;
    const char *name = csv_field(manifest->csv, manifest->at[field.row], field.column);
    if (!*name) {
        manifest_fail(build, manifest, field, "manifest", "no '%s'",
                      csv_header(manifest->csv, field.column));
        return NULL;
    }
    bool own = field.folder && *field.folder;
    char *path = file_join(own ? field.folder : manifest->folder, name);
    const char *kept = arena_text(manifest->arena, path);
    mem_free(path);
    if (!file_identity(kept, &identity, &error))
        manifest_fail(build, manifest, field, "manifest", "%s", error.text);
    else if (fornix_uses_file(build, kept))
        return kept;
    return NULL;
}

int64_t manifest_line(const Manifest *manifest, int64_t row)
{
    return csv_line(manifest->csv, manifest->at[row]);
}

static bool check_label(FornixBuild *build, const Manifest *m, const char *word, const char *label)
{
    const char **names = arena_take(m->arena, (size_t)m->label_count, sizeof *names);
    for (int k = 0; k < m->label_count; k++) {
        names[k] = m->labels[k].name;
        if (strcmp(label, names[k]) == 0)
            return true;
    }
    const char *near = text_suggest(label, names, (size_t)m->label_count);
    return fornix_build_fail(build, "classes", "'%s': there is no label '%s'%s%s%s", word, label,
                             near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* ---- Classes ----------------------------------------------------------------------------- */

static bool mappings_read(FornixBuild *build, const Manifest *m, const ManifestRequest *request,
                          Mapping *mappings)
{
    for (int64_t i = 0; i < request->classes.count; i++) {
        const char *word = request->classes.items[i];
        const char *colon = strchr(word, ':'), *slash = strchr(word, '/');
        if (!colon || colon == word)
            return fornix_build_fail(build, "classes",
                                     "'%s': a value, a colon and a class are "
                                     "wanted, as in 2:low",
                                     word);
        if (slash && slash > colon)
            slash = NULL;
        if (!slash && m->label_count != 1)
            return fornix_build_fail(build, "classes",
                                     "'%s': there are %d labels; say whose value "
                                     "it is, as in grade/2:low",
                                     word, m->label_count);
        const char *value = slash ? slash + 1 : word;
        mappings[i] =
            (Mapping){.label = slash ? arena_slice(m->arena, word, (size_t)(slash - word)) : NULL,
                      .value = arena_slice(m->arena, value, (size_t)(colon - value)),
                      .class = colon + 1};
        if (slash && !check_label(build, m, word, mappings[i].label))
            return false;
    }
    return true;
}

static int32_t class_named(const ManifestLabel *label, const char *name)
{
    for (int64_t c = 0; c < label->classes; c++)
        if (strcmp(label->names[c], name) == 0)
            return (int32_t)c;
    return -1;
}

/* The classes of a label that mappings name, in their order; false where there are none. */
static bool classes_mapped(const Mapping *mappings, int64_t count, Arena *arena,
                           ManifestLabel *label)
{
    bool mapped = false;
    label->names = arena_take(arena, (size_t)count + 1, sizeof *label->names);
    for (int64_t i = 0; i < count; i++) {
        if (mappings[i].label && strcmp(mappings[i].label, label->name) != 0)
            continue;
        mapped = true;
        if (*mappings[i].class && class_named(label, mappings[i].class) < 0)
            label->names[label->classes++] = mappings[i].class;
    }
    return mapped;
}

static int values_compare(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    double p, q;
    bool numbers = text_to_real(*x, &p) && text_to_real(*y, &q);
    return numbers && p != q ? (p < q ? -1 : 1) : strcmp(*x, *y);
}

/* Without mappings: all values that there are, in order. */
static bool classes_found(FornixBuild *build, const Manifest *m, ManifestLabel *label)
{
    label->names = arena_take(m->arena, CLASSES_MOST, sizeof *label->names);
    for (int64_t row = 0; row < csv_rows(m->csv); row++) {
        const char *value = csv_field(m->csv, row, label->column);
        if (!*value || class_named(label, value) >= 0)
            continue;
        if (label->classes == CLASSES_MOST)
            return fornix_build_fail(build, "labels",
                                     "column '%s' has more than %d values: is it "
                                     "a label?",
                                     csv_header(m->csv, label->column), CLASSES_MOST);
        label->names[label->classes++] = value;
    }
    qsort(label->names, (size_t)label->classes, sizeof *label->names, values_compare);
    return true;
}

/* The class of a row, DROPPED, or -2 after a mistake. */
static int32_t class_of(FornixBuild *build, Manifest *m, const ManifestLabel *label,
                        const Mapping *mappings, int64_t count, int64_t row)
{
    const char *value = csv_field(m->csv, row, label->column);
    if (!*value)
        return DROPPED;
    bool mapped = false;
    for (int64_t i = 0; i < count; i++) {
        if (mappings[i].label && strcmp(mappings[i].label, label->name) != 0)
            continue;
        mapped = true;
        if (strcmp(mappings[i].value, value) == 0)
            return *mappings[i].class ? class_named(label, mappings[i].class) : DROPPED;
    }
    if (!mapped)
        return class_named(label, value);
    build_fail_at(build, field_place(m, row, label->column), "classes",
                  "'%s' of column '%s' has no class", value, csv_header(m->csv, label->column));
    return -2;
}

/* ---- Rows -------------------------------------------------------------------------------- */

/* New subjects have no labels, but what follows knows the classes: those of the run. */
static bool labels_recall(FornixBuild *build, Manifest *m, ManifestLabel *label, const char *column)
{
    const FornixColumn *known = fornix_stored_column(build, label->name);
    if (!known)
        return fornix_build_fail(build, "labels", "the run knows no label '%s'", label->name);
    label->column = csv_find(m->csv, column);
    label->classes = known->class_names ? known->classes : 0;
    label->names = arena_take(m->arena, (size_t)label->classes + 1, sizeof *label->names);
    for (int64_t c = 0; c < label->classes; c++)
        label->names[c] = known->class_names[c];
    return true;
}

static bool labels_find(FornixBuild *build, const ManifestRequest *request, Manifest *m)
{
    bool fine = true;
    m->label_count = (int)request->labels.count;
    m->labels = arena_take(m->arena, (size_t)m->label_count + 1, sizeof *m->labels);
    for (int k = 0; k < m->label_count; k++) {
        const char *word = request->labels.items[k], *colon = strchr(word, ':');
        ManifestLabel *label = &m->labels[k];
        label->name = colon ? arena_slice(m->arena, word, (size_t)(colon - word)) : word;
        label->of = arena_take(m->arena, (size_t)csv_rows(m->csv) + 1, sizeof *label->of);
        if (m->unlabelled)
            fine = labels_recall(build, m, label, colon ? colon + 1 : word);
        else
            label->column = manifest_column(build, m, "labels", colon ? colon + 1 : word);
        if (!fine || (label->column < 0 && !m->unlabelled))
            return false;
    }
    return true;
}

static bool rows_find(FornixBuild *build, const ManifestRequest *request, Manifest *m,
                      const Mapping *mappings, const char *path)
{
    const char *cohort = m->unlabelled      ? ""
                         : *request->cohort ? request->cohort
                                            : fornix_build_id(build);
    bool own = !*request->subject;
    const char *where = request->subject_where ? request->subject_where : "subject";
    int64_t subject = own ? 0 : manifest_column(build, m, where, request->subject);
    size_t rows = (size_t)csv_rows(m->csv);
    m->at = arena_take(m->arena, rows + 1, sizeof *m->at);
    m->subject = arena_take(m->arena, rows + 1, sizeof *m->subject);
    for (int64_t row = 0; subject >= 0 && row < (int64_t)rows; row++) {
        bool kept = true;
        for (int k = 0; k < m->label_count; k++) {
            int32_t class = m->unlabelled ? MISSING
                                          : class_of(build, m, &m->labels[k], mappings,
                                                     request->classes.count, row);
            if (class < DROPPED)
                return false;
            kept = kept && (m->unlabelled || class != DROPPED);
            m->labels[k].of[m->rows] = class;
        }
        const char *who = own ? arena_format(m->arena, "%" PRId64, csv_line(m->csv, row))
                              : csv_field(m->csv, row, subject);
        if (kept && !*who)
            return build_fail_at(build, field_place(m, row, subject), "subject", "no '%s'",
                                 request->subject);
        m->dropped += !kept;
        if (!kept)
            continue;
        m->at[m->rows] = row;
        m->subject[m->rows] = arena_format(m->arena, "%s%s%s", cohort, *cohort ? "/" : "", who);
        if (!fornix_file_of(build, path, csv_line(m->csv, row), m->subject[m->rows++]))
            return false;
    }
    return subject >= 0 && (m->rows || fornix_build_fail(build, "manifest", "%s has no row to use",
                                                         csv_name(m->csv)));
}

static int places_compare(const void *a, const void *b)
{
    const char *const *const *x = a, *const *const *y = b;
    return strcmp(**x, **y);
}

static void repeats_find(Manifest *m)
{
    const char ***places = mem_new((size_t)m->rows + 1, sizeof *places);
    m->repeated = arena_take(m->arena, (size_t)m->rows + 1, sizeof *m->repeated);
    for (int64_t row = 0; row < m->rows; row++)
        places[row] = &m->subject[row];
    qsort(places, (size_t)m->rows, sizeof *places, places_compare);
    for (int64_t i = 1; i < m->rows; i++)
        if (strcmp(*places[i], *places[i - 1]) == 0)
            m->repeated[places[i] - m->subject] = m->repeated[places[i - 1] - m->subject] = true;
    mem_free(places);
}

static bool manifest_read(FornixBuild *build, const ManifestRequest *request, Manifest *m)
{
    FornixError error = {0};
    FileIdentity identity;
    const char *new = fornix_new_manifest(build), *path = new ? new : request->path;
    if (!file_identity(path, &identity, &error))
        return fornix_build_fail(build, "manifest", "%s", error.text);
    fornix_uses_file(build, path);
    m->unlabelled = new != NULL;
    m->csv = csv_read(path, &error);
    if (!m->csv)
        return reading_fails(build, m, path, &error);
    char *folder = file_folder(path);
    m->folder = arena_text(m->arena, *request->folder && !new ? request->folder : folder);
    mem_free(folder);
    size_t count = (size_t)request->classes.count;
    Mapping *mappings = arena_take(m->arena, count + 1, sizeof *mappings);
    if (!labels_find(build, request, m) || !mappings_read(build, m, request, mappings))
        return false;
    for (int k = 0; k < m->label_count && !m->unlabelled; k++)
        if (!classes_mapped(mappings, request->classes.count, m->arena, &m->labels[k]) &&
            !classes_found(build, m, &m->labels[k]))
            return false;
    if (!rows_find(build, request, m, mappings, path))
        return false;
    repeats_find(m);
    return true;
}

bool manifest_open(FornixBuild *build, const ManifestRequest *request, Manifest *manifest)
{
    *manifest = (Manifest){.arena = arena_new()};
    if (manifest_read(build, request, manifest))
        return true;
    manifest_close(manifest);
    return false;
}

/* ---- Tables ------------------------------------------------------------------------------ */

int manifest_add_labels(FornixBuild *build, const Manifest *manifest)
{
    int first = -1;
    for (int k = 0; k < manifest->label_count; k++) {
        const ManifestLabel *label = &manifest->labels[k];
        FornixColumn column = {.name = label->name,
                               .kind = FORNIX_LABEL,
                               .shape = {1, 1, 1, 1, 1},
                               .classes = label->classes,
                               .class_names = label->names};
        int at = fornix_add_column(build, &column);
        first = first < 0 ? at : first;
    }
    return first;
}

void manifest_set_labels(FornixBuild *build, const Manifest *manifest, int first, int64_t row,
                         int64_t table_row)
{
    for (int k = 0; k < manifest->label_count; k++)
        fornix_set_label(build, first + k, table_row, manifest->labels[k].of[row]);
}

void manifest_report(FornixBuild *build, const Manifest *manifest)
{
    if (manifest->dropped)
        fornix_report(build,
                      "%" PRId64 " of %" PRId64 " rows of the manifest have no label and "
                      "are left out",
                      manifest->dropped, csv_rows(manifest->csv));
}
