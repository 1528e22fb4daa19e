/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nodes of tables, tried on tables that are made up: features, images, predictions and
 * segmentations, until one is accepted. A node that refuses all of them in words, or whose example
 * names files that are not here, is not tried, and that is told.
 *
 * What is made of a table has to be the same again, whatever the order in which work for the team
 * is done, and each tensor whole, within its bounds, and the same whoever reads it first.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "cutout.h"
#include "file.h"
#include "samples.h"
#include "trial_parts.h"

enum { ROWS = 60, READS = 5 };

/* ---- A table that is made up ---- */

static const struct {
    const char *name;
    unsigned kind;
    FornixShape shape;
} offers[][3] = {
    {{"feature", FORNIX_FEATURE, {1, 1, 1, 1, 6}}},
    {{"image", FORNIX_IMAGE, {1, 5, 6, 7, 1}}, {"mask", FORNIX_MASK, {1, 5, 6, 7, 1}}},
    {{"logits", FORNIX_LOGITS, {1, 1, 1, 1, 2}}},
    {{"logits", FORNIX_LOGITS, {1, 5, 6, 7, 2}}, {"mask", FORNIX_MASK, {1, 5, 6, 7, 1}}},
    {{"probability", FORNIX_PROBABILITY, {1, 1, 1, 1, 2}}},
};

static bool made_read(void *opened, const FornixTable *table, int column, int64_t row, float *out,
                      FornixError *error)
{
    const FornixColumn *shown = fornix_column(table, column);
    FornixShape s = shown->shape;
    FornixTensor tensor = {s, s.c, s.c * s.w, s.c * s.w * s.h, s.c * s.w * s.h * s.d, out};
    uint64_t seed = 7 + 1000 * (uint64_t)column + (uint64_t)row;
    (void)opened, (void)error;
    tensor_draw(&tensor, shown->kind, shown->classes, &seed);
    return true;
}

/* Two grades of unlike frequency, subjects with two rows each, in all parts. */
static const FornixTable *made_table(Samples *samples, size_t offer, const char *id)
{
    static const char *const grades[] = {"low", "high"};
    FornixBuild *build = build_new(samples, &(BuildRequest){.id = id});
    build_set_reader(build, &(TableReader){.read = made_read});
    for (size_t k = 0; k < COUNT(offers[offer]) && offers[offer][k].name; k++)
        fornix_add_column(build, &(FornixColumn){.name = offers[offer][k].name,
                                                 .kind = offers[offer][k].kind,
                                                 .shape = offers[offer][k].shape,
                                                 .classes = 2});
    int grade = fornix_add_column(build, &(FornixColumn){.name = "grade",
                                                         .kind = FORNIX_LABEL,
                                                         .shape = {1, 1, 1, 1, 1},
                                                         .classes = 2,
                                                         .class_names = grades});
    for (int64_t row = 0; row < ROWS; row++) {
        char subject[40], name[40];
        snprintf(subject, sizeof subject, "made/%d", (int)row / 2);
        snprintf(name, sizeof name, "slice %d", (int)row % 2);
        FornixPart part = (FornixPart)(FORNIX_TRAIN + row / 2 % 3);
        fornix_add_row(build, &(FornixRow){.subject = subject, .name = name, .part = part});
        fornix_set_label(build, grade, row, row / 6 % 3 == 2);
    }
    const FornixTable *table = build_table(build);
    build_free(build);
    return table;
}

/* ---- A node on it ---- */

typedef struct Making {
    Trial *trial;
    const Element *element;
    const void *attrs;
    size_t offer;
    bool backwards; /* work for the team is done the last first */
    Samples *samples;
    const FornixTable *table; /* what the node made */
    char mistake[300];        /* why it made none */
} Making;

static void serially(void *host, int64_t count, void (*work)(void *context, int64_t i),
                     void *context)
{
    const Making *making = host;
    for (int64_t i = 0; i < count; i++)
        work(context, making->backwards ? count - 1 - i : i);
}

static void note_mistake(void *context, const char *where, const Place *at, const char *text)
{
    Making *making = context;
    (void)where, (void)at;
    if (!*making->mistake)
        snprintf(making->mistake, sizeof making->mistake, "%s", text);
}

static int add_inputs(const Making *making, BuildInput *inputs)
{
    const FornixNode *type = making->trial->type;
    int count = 0;
    for (int p = 0; type->inputs && type->inputs[p].name; p++) {
        const char *value = element_value(making->element, type->inputs[p].name);
        int wanted = !value ? 0 : type->inputs[p].flags & FORNIX_MANY ? 2 : 1;
        for (int k = 0; k < wanted; k++) {
            char id[20];
            snprintf(id, sizeof id, "made%d", count);
            inputs[count++] = (BuildInput){made_table(making->samples, making->offer, id),
                                           type->inputs[p].name, p};
        }
    }
    return count;
}

/* False: it refused, in words that stand in `mistake`, or without any. */
static bool make(Making *making)
{
    BuildInput inputs[32];
    const FornixNode *type = making->trial->type;
    making->samples =
        samples_new(&(SamplesHost){.parallel = serially, .host = making, .cache_bytes = 1 << 24});
    BuildRequest request = {.type = type,
                            .attrs = making->attrs,
                            .id = "tried",
                            .inputs = inputs,
                            .input_count = add_inputs(making, inputs),
                            .parts = PARTS_ALL,
                            .mistake = note_mistake,
                            .context = making};
    FornixBuild *build = build_new(making->samples, &request);
    trial_doing(making->trial, "columns");
    bool fine = build_columns(build);
    if (fine)
        trial_doing(making->trial, "rows");
    fine = fine && build_rows(build);
    making->table = fine ? build_table(build) : NULL;
    build_free(build);
    return fine;
}

/* ---- What it made ---- */

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool rows_same(const FornixTable *a, const FornixTable *b, Fault *fault)
{
    if (fornix_rows(a) != fornix_rows(b) || fornix_columns(a) != fornix_columns(b))
        return fault_set(fault, TRIAL_TABLE, "of the same input it made %lld rows, then %lld",
                         (long long)fornix_rows(a), (long long)fornix_rows(b));
    for (int64_t row = 0; row < fornix_rows(a); row++) {
        const FornixRow *of[] = {fornix_row(a, row), fornix_row(b, row)};
        bool same = same_text(of[0]->subject, of[1]->subject) &&
                    same_text(of[0]->name, of[1]->name) && of[0]->part == of[1]->part;
        for (int c = 0; c < fornix_columns(a) && same; c++)
            same = fornix_label(a, c, row) == fornix_label(b, c, row) &&
                   fornix_real(a, c, row) == fornix_real(b, c, row);
        if (!same)
            return fault_set(fault, TRIAL_TABLE,
                             "row %lld is another one when it is made again: does it depend on "
                             "the order of work, on addresses or the time?",
                             (long long)row);
    }
    return true;
}

static bool figures_same(const FornixTable *a, const FornixTable *b, Fault *fault)
{
    int count, other;
    const TableMetric *of = table_metrics(a, &count), *then = table_metrics(b, &other);
    for (int k = 0; k < count || k < other; k++)
        if (k >= count || k >= other || !same_text(of[k].name, then[k].name) ||
            memcmp(&of[k].value, &then[k].value, sizeof of[k].value) != 0)
            return fault_set(fault, TRIAL_TABLE,
                             "figure '%s' is another one when it is made again: are sums added in "
                             "the order in which work ends?",
                             k < count ? of[k].name : then[k].name);
    return true;
}

static bool curves_same(const FornixTable *a, const FornixTable *b, Fault *fault)
{
    int count, other;
    const TableCurve *of = table_curves(a, &count), *then = table_curves(b, &other);
    for (int k = 0; k < count && k < other; k++) {
        const FornixCurve *one = &of[k].curve, *two = &then[k].curve;
        size_t bytes = (size_t)one->rows * (size_t)one->width * sizeof *one->values;
        if (one->rows != two->rows || one->width != two->width ||
            (bytes && memcmp(one->values, two->values, bytes) != 0))
            return fault_set(fault, TRIAL_TABLE, "curve '%s' is another one when it is made again",
                             of[k].name);
    }
    return true;
}

static bool read_box(const FornixTable *table, int column, int64_t row, Box *box, Fault *fault)
{
    FornixError error = {0};
    const char *name = fornix_column(table, column)->name;
    int64_t at;
    *box = box_new(fornix_column(table, column)->shape, 0);
    if (!fornix_read(table, column, row, box->tensor.data, &error))
        return fault_set(fault, TRIAL_TABLE, "read fails at row %lld of '%s': %s", (long long)row,
                         name, *error.text ? error.text : "without a word: fornix_fail says why");
    switch (box_state(box, &at)) {
    case BOX_OUTSIDE:
        return fault_set(fault, TRIAL_TABLE,
                         "read writes out of bounds: float %lld from the beginning of '%s'",
                         (long long)at, name);
    case BOX_UNWRITTEN:
        return fault_set(fault, TRIAL_TABLE, "read leaves number %lld of '%s' unwritten",
                         (long long)at, name);
    case BOX_FINE: break;
    }
    return true;
}

/* The same tensor of both tables, whose rows are read in opposite orders. */
static bool tensor_same(const FornixTable *a, const FornixTable *b, int column, int64_t row,
                        Fault *fault)
{
    Box first = {0}, again = {0};
    bool fine = read_box(a, column, row, &first, fault) && read_box(b, column, row, &again, fault);
    size_t bytes = (size_t)fornix_floats(fornix_column(a, column)->shape) * sizeof(float);
    if (fine && memcmp(first.tensor.data, again.tensor.data, bytes) != 0)
        fine = fault_set(fault, TRIAL_TABLE,
                         "row %lld of '%s' has other numbers when it is read again: does read "
                         "keep something, or draw without a key of its own?",
                         (long long)row, fornix_column(a, column)->name);
    box_free(&first);
    box_free(&again);
    return fine;
}

static bool tensors_same(const FornixTable *a, const FornixTable *b, Fault *fault)
{
    int64_t rows = fornix_rows(a), step = rows / READS + 1;
    for (int c = 0; c < fornix_columns(a); c++) {
        bool tensor = !(fornix_column(a, c)->kind & (FORNIX_LABEL | FORNIX_WEIGHT));
        Box box = {0};
        for (int64_t row = rows - 1; row >= 0 && tensor; row -= step) { /* b the last first */
            bool fine = read_box(b, c, row, &box, fault);
            box_free(&box);
            if (!fine)
                return false;
        }
        for (int64_t row = 0; row < rows && tensor; row += step)
            if (!tensor_same(a, b, c, row, fault))
                return false;
    }
    return true;
}

static bool judges(const FornixTable *table, const FornixNode *type, Fault *fault)
{
    int count;
    table_metrics(table, &count);
    return count || !(type->samples->flags & FORNIX_EVALUATES) ||
           fault_set(fault, TRIAL_TABLE, "it judges and finds nothing: fornix_metric says what");
}

/* ---- All of it ---- */

/* What the example names and is not here; NULL: nothing. */
static const char *missing_file(const FornixNode *type, const void *attrs)
{
    for (const FornixAttr *attr = type->attrs; attr && attr->name; attr++) {
        const char *path = NULL;
        if (attr->kind == FORNIX_ATTR_PATH)
            memcpy(&path, (const char *)attrs + attr->offset, sizeof path);
        if (path && *path && !file_exists(path))
            return file_name(path);
    }
    return NULL;
}

static bool takes_tables(const FornixNode *type, const Element *element)
{
    for (const FornixPort *port = type->inputs; port && port->name; port++)
        if (!(port->kinds & FORNIX_SAMPLES) && element_value(element, port->name))
            return false;
    return true;
}

static bool table_fine(Making *first, Making *again, Fault *fault)
{
    if (!make(again))
        return fault_set(fault, TRIAL_TABLE, "made again of the same input it fails: %s",
                         again->mistake);
    trial_doing(first->trial, "read");
    return rows_same(first->table, again->table, fault) &&
           figures_same(first->table, again->table, fault) &&
           curves_same(first->table, again->table, fault) &&
           tensors_same(first->table, again->table, fault) &&
           judges(first->table, first->trial->type, fault);
}

/* Whether one of the tables was accepted; a fault is told in any case. */
static bool try_offer(Trial *trial, const Element *element, const void *attrs, size_t offer,
                      char *refusal, size_t room)
{
    Fault fault;
    Making first = {.trial = trial, .element = element, .attrs = attrs, .offer = offer};
    Making again = first;
    again.backwards = true;
    bool accepted = make(&first);
    if (accepted) {
        trial_checks(trial, TRIAL_TABLE);
        if (!table_fine(&first, &again, &fault))
            trial_fail(trial, fault.check, "%s", fault.text);
    } else if (!*first.mistake) {
        accepted = true;
        trial_fail(trial, TRIAL_TABLE, "%s fails without a word: fornix_build_fail says why",
                   trial->seat->doing);
    } else if (!*refusal) {
        snprintf(refusal, room, "%s", first.mistake);
    }
    trial_doing(trial, "close");
    samples_free(first.samples);
    samples_free(again.samples);
    return accepted;
}

void trial_table(Trial *trial, const Element *element, const void *attrs)
{
    char refusal[300] = "";
    const char *missing = missing_file(trial->type, attrs);
    if (missing)
        trial_skips(trial, TRIAL_TABLE, "%s, which its example names, is not here", missing);
    else if (!takes_tables(trial->type, element))
        trial_skips(trial, TRIAL_TABLE, "it takes what another node found");
    if (missing || !takes_tables(trial->type, element))
        return;
    for (size_t offer = 0; offer < COUNT(offers); offer++)
        if (try_offer(trial, element, attrs, offer, refusal, sizeof refusal))
            return;
    trial_skips(trial, TRIAL_TABLE, "no table that is made up will do: %s", refusal);
}
