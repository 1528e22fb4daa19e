/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loads features from a table: the numbers of a CSV file, or a tensor of a safetensors file.
 *
 * Tables of clinical variables, and features that another program computed, enter here. A CSV file
 * is a manifest like any other, its numeric columns the channels of a vector. A tensor's rows are
 * read from disk when they are wanted; a CSV file beside it says, line by line, whose they are, and
 * has to have as many lines. Two files joined by position go wrong in silence when one of them is
 * sorted: a file that lists its subjects is compared line by line, one that doesn't is warned of.
 * The tensors of a run's table say on whom their nets were fitted, and are taken at their word.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base.h"
#include "manifest.h"
#include "node.h"
#include "safetensors.h"
#include "samples.h"

typedef struct {
    const char *manifest, *file, *tensor, *subject, *cohort;
    FornixList columns, labels, classes;
} Features;

typedef struct {
    const Features *attrs;
    Manifest manifest;
    SafeFile *file; /* NULL: numbers of the manifest */
    size_t tensor;
    int64_t *columns; /* of the CSV */
    int64_t count;
    int first_label;
} Opened;

static void features_close(void *opened)
{
    Opened *o = opened;
    safetensors_close(o->file);
    mem_free(o->columns);
    manifest_close(&o->manifest);
    mem_free(o);
}

/* ---- Numbers of the manifest -------------------------------------------------------------- */

static bool column_taken(const Opened *o, int64_t column)
{
    const char *name = csv_header(o->manifest.csv, column);
    if (strcmp(name, o->attrs->subject) == 0)
        return true;
    for (int k = 0; k < o->manifest.label_count; k++)
        if (o->manifest.labels[k].column == column)
            return true;
    return false;
}

static bool numbers_find(FornixBuild *build, Opened *o)
{
    const Features *a = o->attrs;
    const Csv *csv = o->manifest.csv;
    int64_t most = a->columns.count ? a->columns.count : csv_columns(csv);
    FornixError error = {0};
    o->columns = mem_new((size_t)most + 1, sizeof *o->columns);
    for (int64_t i = 0; i < most; i++) {
        int64_t column = a->columns.count
                             ? manifest_column(build, &o->manifest, "columns", a->columns.items[i])
                             : i;
        if (column < 0)
            return false;
        if (a->columns.count || !column_taken(o, column))
            o->columns[o->count++] = column;
    }
    for (int64_t row = 0; row < o->manifest.rows; row++)
        for (int64_t i = 0; i < o->count; i++) {
            double value;
            if (!csv_real(csv, o->manifest.at[row], o->columns[i], &value, &error))
                return manifest_fail(
                    build, &o->manifest, (ManifestField){.row = row, .column = o->columns[i]},
                    "columns", "column '%s': '%s' is not a number", csv_header(csv, o->columns[i]),
                    csv_field(csv, o->manifest.at[row], o->columns[i]));
        }
    return o->count || fornix_build_fail(build, "columns", "no column is left for features");
}

/* ---- A tensor ---------------------------------------------------------------------------- */

/* Whether the file's own list of subjects agrees with the manifest's lines. */
static bool subjects_agree(FornixBuild *build, const Opened *o, const char *list)
{
    const Features *a = o->attrs;
    const Csv *csv = o->manifest.csv;
    int64_t column = manifest_column(build, &o->manifest, "subject", a->subject);
    for (int64_t row = 0; column >= 0 && row < csv_rows(csv); row++) {
        const char *wanted = csv_field(csv, row, column);
        size_t length = strcspn(list, "\n");
        if (length != strlen(wanted) || strncmp(list, wanted, length) != 0)
            return fornix_build_fail(build, "file",
                                     "row %" PRId64 " of '%s' is of subject '%.*s', line %" PRId64
                                     " of %s of '%s': they cannot be joined",
                                     row, a->tensor, (int)length, list, csv_line(csv, row),
                                     csv_name(csv), wanted);
        list += length + (list[length] == '\n');
    }
    return column >= 0;
}

static bool rows_join(FornixBuild *build, const Opened *o)
{
    const char *list = safetensors_text(o->file, "subjects");
    if (list && *o->attrs->subject)
        return subjects_agree(build, o, list);
    fornix_warn(build,
                "%s does not say whose its rows are: they are joined with the lines of %s by "
                "position",
                o->attrs->file, o->attrs->manifest);
    return true;
}

static bool tensor_find(FornixBuild *build, Opened *o)
{
    const Features *a = o->attrs;
    FornixError error = {0};
    if (!fornix_uses_file(build, a->file))
        return false;
    if (!(o->file = safetensors_open(a->file, &error)))
        return fornix_build_fail(build, "file", "%s", error.text);
    int64_t at = safetensors_find(o->file, a->tensor);
    if (at < 0)
        return fornix_build_fail(build, "tensor", "%s holds no '%s'", a->file, a->tensor);
    const SafeTensor *tensor = safetensors_tensor(o->file, (size_t)at);
    o->tensor = (size_t)at;
    if (tensor->rank < 2 || tensor->rank > 5)
        return fornix_build_fail(build, "tensor",
                                 "'%s' has %d dimensions; 2 to 5 are wanted, rows "
                                 "first and channels last",
                                 a->tensor, tensor->rank);
    if (tensor->dims[0] != csv_rows(o->manifest.csv))
        return fornix_build_fail(build, "file", "'%s' has %" PRId64 " rows, %s %" PRId64, a->tensor,
                                 tensor->dims[0], a->manifest, csv_rows(o->manifest.csv));
    if (!build_add_fits_of(build, a->file, &error))
        return fornix_build_fail(build, "file", "%s", error.text);
    return rows_join(build, o);
}

static FornixShape tensor_shape(const SafeTensor *tensor)
{
    int64_t size[4] = {1, 1, 1, 1};
    for (int i = 1; i < tensor->rank; i++)
        size[4 - tensor->rank + i] = tensor->dims[i];
    return (FornixShape){1, size[0], size[1], size[2], size[3]};
}

/* ---- The table --------------------------------------------------------------------------- */

static bool features_columns(FornixBuild *build, const void *attrs)
{
    const Features *a = attrs;
    if (*a->file && a->columns.count)
        return fornix_build_fail(build, "columns",
                                 "features come from the tensor, or from columns");
    if (*a->file && fornix_new_manifest(build))
        return fornix_build_fail(build, "file",
                                 "'%s' holds no new subjects: a run is applied to "
                                 "features that stand in the manifest",
                                 a->file);
    ManifestRequest request = {a->manifest, "", a->subject, a->cohort, a->labels, a->classes, NULL};
    Manifest manifest;
    if (!manifest_open(build, &request, &manifest))
        return false;
    Opened *o = mem_new(1, sizeof *o);
    *o = (Opened){.attrs = a, .manifest = manifest};
    fornix_set_opened(build, o);
    if (!(*a->file ? tensor_find(build, o) : numbers_find(build, o)))
        return false;
    FornixColumn column = {.name = "feature", .kind = FORNIX_FEATURE};
    column.shape = o->file ? tensor_shape(safetensors_tensor(o->file, o->tensor))
                           : (FornixShape){1, 1, 1, 1, o->count};
    fornix_add_column(build, &column);
    o->first_label = manifest_add_labels(build, &o->manifest);
    return true;
}

static bool features_rows(FornixBuild *build, const void *attrs)
{
    (void)attrs;
    Opened *o = fornix_opened(build);
    manifest_report(build, &o->manifest);
    for (int64_t i = 0; i < o->manifest.rows; i++) {
        const char *name =
            arena_format(o->manifest.arena, "line %" PRId64, manifest_line(&o->manifest, i));
        int64_t row =
            fornix_add_row(build, &(FornixRow){.subject = o->manifest.subject[i],
                                               .name = o->manifest.repeated[i] ? name : ""});
        if (o->first_label >= 0)
            manifest_set_labels(build, &o->manifest, o->first_label, i, row);
    }
    return true;
}

static bool features_read(void *opened, const FornixTable *table, int column, int64_t row,
                          float *out, FornixError *error)
{
    const Opened *o = opened;
    int64_t at = o->manifest.at[row];
    if (!o->file) {
        for (int64_t i = 0; i < o->count; i++) {
            double value;
            if (!csv_real(o->manifest.csv, at, o->columns[i], &value, error))
                return false;
            out[i] = (float)value;
        }
        return true;
    }
    if (!safetensors_read(o->file, o->tensor, at, 1, out, error))
        return false;
    int64_t count = fornix_floats(fornix_column(table, column)->shape);
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(out[i]))
            return fornix_fail_input(error, "%s: row %" PRId64 " of '%s' is not finite",
                                     o->attrs->file, at, o->attrs->tensor) ||
                   manifest_blame(&o->manifest, row, error);
    return true;
}

static const FornixAttr attrs[] = {
    FORNIX_PATH(Features, manifest, NULL, "a CSV file with a header: a line a sample"),
    FORNIX_TEXT(Features, subject, "", "the column that says whose a sample is; each its own"),
    FORNIX_TEXT(Features, cohort, "", "stands before each subject; the node's id"),
    FORNIX_LIST(Features, columns, "",
                "the numbers that make the vector; all columns but subject and labels"),
    FORNIX_PATH(Features, file, "",
                "a safetensors file with a row for each line, instead; its metadata `subjects`, a "
                "line a row, must agree with the manifest"),
    FORNIX_TEXT(Features, tensor, "feature", "its tensor: rows first, channels last"),
    FORNIX_LIST(Features, labels, "", "label columns, as name:column or column"),
    FORNIX_LIST(Features, classes, "",
                "value:class for each value of the label (label/value:class where there are "
                "several); value: drops its rows; all values in order"),
    {0}};

static const FornixPort outputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "a column feature, and the labels"}, {0}};

static const FornixSamples samples = {.flags = FORNIX_LOADS_NEW,
                                      .columns = features_columns,
                                      .rows = features_rows,
                                      .read = features_read,
                                      .close = features_close};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "features",
    .doc = "Loads feature vectors from the numeric columns of a CSV file, or features of any shape "
           "from a safetensors file with a CSV file that says whose they are.",
    .attrs_size = sizeof(Features),
    .attrs = attrs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<features id=\"tcga\" manifest=\"TCGA_InfoWithGrade.csv\" "
               "labels=\"grade:Grade\" classes=\"0:lgg 1:gbm\"/>"};
