/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is written of new subjects: their names stand in these files alone. */
#include <stdio.h>
#include <string.h>

#include "classification.h"
#include "csv.h"
#include "decision.h"
#include "file.h"
#include "prediction_parts.h"

enum { PREDICTIONS = FORNIX_LOGITS | FORNIX_PROBABILITY };

static bool is_prediction(const FornixColumn *column, bool pixels)
{
    return column->kind & PREDICTIONS && pixels == (fornix_pixels(column->shape) > 1);
}

/* ---- Pixels ------------------------------------------------------------------------------ */

static void tell(void *context, const char *where, const Place *at, const char *text)
{
    (void)where, (void)at;
    fornix_fail_input(context, "%s", text);
}

/* The node that writes masks in a graph writes them here. */
static bool write_masks(const Prediction *p, const Outer *outer, const char *column,
                        FornixError *error)
{
    const char *text = arena_format(p->memory, "<write_masks column=\"%s\" probability=\"%s\"/>",
                                    column, p->request->probability ? "yes" : "no");
    Diag *diag = experiment_diag(p->experiment);
    const Element *element = xml_parse_fragment("<apply>", text, diag, p->memory);
    const Plugin *plugin =
        element ? registry_need(experiment_registry(p->experiment), element->first, diag) : NULL;
    void *attrs = plugin ? attr_read(plugin->node, element->first, NULL, diag, p->memory) : NULL;
    if (!attrs)
        return fornix_fail(error, "masks can't be written");
    BuildInput input = {.table = outer->table, .name = outer->id};
    BuildRequest request = {.type = plugin->node,
                            .attrs = attrs,
                            .id = outer->id,
                            .inputs = &input,
                            .input_count = 1,
                            .folder = arena_format(p->memory, "%s/%s", p->folder, outer->id),
                            .mistake = tell,
                            .context = error};
    FornixBuild *build = build_new(experiment_samples(p->experiment), &request);
    bool fine = build_columns(build) && build_rows(build);
    int lines;
    const TableLine *line = table_lines(build_table(build), &lines);
    for (int k = 0; k < lines && fine; k++)
        meter_say(p->meter, "%-24s %s", outer->id, line[k].text);
    build_free(build);
    return fine || fornix_fail(error, "masks of '%s' can't be written", outer->id);
}

/* ---- Samples ----------------------------------------------------------------------------- */

/* The one label with so many classes; -1 where it is not clear which is meant. */
static int label_of(const FornixTable *table, int64_t classes)
{
    int found = -1;
    for (int c = 0; c < fornix_columns(table); c++) {
        const FornixColumn *column = fornix_column(table, c);
        if (!(column->kind & FORNIX_LABEL) || column->classes != classes || !column->class_names)
            continue;
        if (found >= 0)
            return -1;
        found = c;
    }
    return found;
}

/* The thresholds that a node holds; values NULL: none. */
typedef struct Cut {
    const double *values;
    int64_t count;
    const char *of; /* the node */
} Cut;

static Cut cut_in(const Outer *outer)
{
    Cut cut = {NULL, 0, outer ? outer->id : ""};
    if (outer && outer->stored)
        cut.values = fornix_values(outer->stored, DECISION_VALUES, &cut.count);
    return cut;
}

/* Whether a node that judges predictions, or fits thresholds, may mean that column of theirs. */
static bool means_column(const Outer *outer, const char *column)
{
    const char *named = element_value(outer->element, "column");
    return !named || !*named || strcmp(named, column) == 0;
}

/* The thresholds that the graph judges these predictions by, or else some fitted on them. */
static Cut cut_of(const Prediction *p, const Outer *outer, const char *column)
{
    Cut fitted = {NULL, 0, ""};
    int count;
    Outer *const *nodes = experiment_nodes(p->experiment, &count);
    for (int k = 0; k < count; k++) {
        bool reads = false;
        for (int i = 0; i < nodes[k]->input_count; i++)
            reads = reads || nodes[k]->inputs[i].from == outer;
        reads = reads && means_column(nodes[k], column);
        for (int i = 0; reads && i < nodes[k]->input_count; i++)
            if (nodes[k]->inputs[i].from != outer && cut_in(nodes[k]->inputs[i].from).values)
                return cut_in(nodes[k]->inputs[i].from);
        fitted = reads && cut_in(nodes[k]).values ? cut_in(nodes[k]) : fitted;
    }
    return fitted;
}

typedef struct Sheet {
    const FornixTable *table;
    const FornixColumn *shown;
    int column, label;
    int32_t classes;
    const double *cut; /* NULL: the likeliest class */
    bool names;        /* samples have names in their subjects */
    Arena *memory;
    Text text;
} Sheet;

static const char *class_of(const Sheet *sheet, int64_t class)
{
    return sheet->label >= 0 ? fornix_column(sheet->table, sheet->label)->class_names[class]
                             : arena_format(sheet->memory, "%lld", (long long)class);
}

static void add_header(Sheet *sheet)
{
    const char **fields = arena_take(sheet->memory, (size_t)sheet->classes + 3, sizeof *fields);
    size_t count = 0;
    fields[count++] = "subject";
    if (sheet->names)
        fields[count++] = "sample";
    fields[count++] = "predicted";
    for (int64_t c = 0; c < sheet->classes; c++)
        fields[count++] = arena_format(sheet->memory, "probability_%s", class_of(sheet, c));
    csv_add_row(&sheet->text, fields, count);
}

static bool read_probabilities(const Sheet *sheet, int64_t row, float *values, double *p,
                               FornixError *error)
{
    int64_t channels = sheet->shown->shape.c;
    if (!fornix_read(sheet->table, sheet->column, row, values, error))
        return false;
    probabilities_of(values, (int32_t)channels, sheet->shown->kind & FORNIX_LOGITS, p);
    return true;
}

static bool add_row(Sheet *sheet, int64_t row, FornixError *error)
{
    size_t classes = (size_t)sheet->classes, count = 0;
    const char **fields = arena_take(sheet->memory, classes + 3, sizeof *fields);
    float *values = arena_take(sheet->memory, classes, sizeof *values);
    double *p = arena_take(sheet->memory, classes, sizeof *p);
    const FornixRow *identity = fornix_row(sheet->table, row);
    if (!read_probabilities(sheet, row, values, p, error))
        return false;
    fields[count++] = identity->subject;
    if (sheet->names)
        fields[count++] = identity->name;
    fields[count++] = class_of(sheet, decision_of(p, sheet->classes, sheet->cut));
    for (size_t c = 0; c < classes; c++)
        fields[count++] = arena_format(sheet->memory, "%.6f", p[c]);
    csv_add_row(&sheet->text, fields, count);
    return true;
}

static bool write_sheet(const Prediction *p, const Outer *outer, int column, const char *file,
                        FornixError *error)
{
    Sheet sheet = {.table = outer->table,
                   .shown = fornix_column(outer->table, column),
                   .column = column,
                   .memory = arena_new()};
    Cut cut = cut_of(p, outer, sheet.shown->name);
    sheet.classes = sheet.shown->shape.c == 1 ? 2 : (int32_t)sheet.shown->shape.c;
    sheet.label = label_of(sheet.table, sheet.classes);
    sheet.cut = cut.values;
    int64_t rows = fornix_rows(sheet.table);
    for (int64_t row = 0; row < rows; row++)
        sheet.names = sheet.names || *fornix_row(sheet.table, row)->name;
    add_header(&sheet);
    bool fine = !cut.values || decision_check(cut.values, cut.count, sheet.classes, cut.of, error);
    for (int64_t row = 0; row < rows && fine; row++)
        fine = add_row(&sheet, row, error);
    const char *folder = arena_format(sheet.memory, "%s/%s", p->folder, outer->id);
    const char *path = arena_format(sheet.memory, "%s/%s", folder, file);
    fine = fine && file_make_folders(folder, error) &&
           file_write(path, text_value(&sheet.text), sheet.text.length, error);
    if (fine)
        meter_say(p->meter, "%-24s %lld predictions in %s", outer->id, (long long)rows, path);
    text_free(&sheet.text);
    arena_free(sheet.memory);
    return fine;
}

bool prediction_write(const Prediction *p, const Outer *outer, FornixError *error)
{
    int masks = 0, sheets = 0;
    for (int c = 0; c < fornix_columns(outer->table); c++) {
        const FornixColumn *column = fornix_column(outer->table, c);
        if (is_prediction(column, true) && masks++)
            return fornix_fail_input(error, "'%s' has several segmentations: collect one",
                                     outer->id);
        if (is_prediction(column, true) && !write_masks(p, outer, column->name, error))
            return false;
        const char *file = sheets ? arena_format(p->memory, "predictions-%s.csv", column->name)
                                  : "predictions.csv";
        if (is_prediction(column, false) && (sheets++, !write_sheet(p, outer, c, file, error)))
            return false;
    }
    return true;
}
