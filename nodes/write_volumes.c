/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes a table of volumes as NIfTI files and a manifest: a phantom cohort for other programs and
 * for the loaders' tests, images as the nets saw them, masks as they drew them.
 *
 * Rows that know their place in a file keep that file's business to other nodes: what is written
 * here is the grid itself, in RAS, its centre at the origin. File names begin with the row's
 * number, so that no two subjects can share one however they are called.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "csv.h"
#include "file.h"
#include "node.h"
#include "volume.h"

enum { NAME_MOST = 200, FIELDS_MOST = 256 };

typedef struct {
    const char *folder;
    int channels;
} Attrs;

enum { CHANNELS_APART, CHANNELS_TOGETHER };

typedef struct {
    const Attrs *attrs;
    const FornixTable *table;
    const char *folder;
    FornixError *errors; /* of each row */
} Export;

static bool is_volume(const FornixColumn *column)
{
    FornixShape s = column->shape;
    return column->kind != FORNIX_LABEL && column->kind != FORNIX_WEIGHT && s.d * s.h * s.w > 1;
}

/* How many files a row has of a column. */
static int64_t files_of(const Export *export, const FornixColumn *column)
{
    return export->attrs->channels == CHANNELS_APART ? column->shape.c : 1;
}

static void field_name(char name[NAME_MOST], const FornixColumn *column, int64_t files,
                       int64_t file)
{
    if (files == 1)
        snprintf(name, NAME_MOST, "%s", column->name);
    else
        snprintf(name, NAME_MOST, "%s_%" PRId64, column->name, file + 1);
}

static void file_name_of(char name[NAME_MOST], const Export *export, int64_t row, const char *field)
{
    const FornixRow *identity = fornix_row(export->table, row);
    int length = snprintf(name, NAME_MOST, "%06" PRId64 "_%.60s%s%.40s_%.60s", row + 1,
                          identity->subject, identity->name[0] ? "_" : "", identity->name, field);
    for (int i = 0; i < length; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("-_", name[i]))
            name[i] = '_';
    snprintf(name + length, (size_t)(NAME_MOST - length), ".nii.gz");
}

/* The grid with its centre at the origin. */
static VolumeInfo grid_info(const FornixColumn *column, const FornixSpace *space, int64_t channels)
{
    const int64_t size[3] = {column->shape.w, column->shape.h, column->shape.d};
    VolumeInfo info = {.channels = channels, .placed = true};
    for (int i = 0; i < 3; i++) {
        double mm = space && space->spacing[i] > 0 ? space->spacing[i] : 1;
        info.map.file_size[i] = info.map.size[i] = size[i];
        info.map.axis[i] = i;
        info.map.step[i] = 1;
        info.spacing[i] = info.affine[i][i] = mm;
        info.affine[i][3] = -mm * (double)(size[i] - 1) / 2;
    }
    return info;
}

static bool write_file(const Export *export, int64_t row, const FornixColumn *column,
                       int64_t channels, const char *field, const float *values)
{
    char name[NAME_MOST];
    VolumeInfo info = grid_info(column, fornix_space(export->table, row), channels);
    VolumeType type = column->kind != FORNIX_MASK ? VOLUME_FLOAT32
                      : column->classes <= 256    ? VOLUME_UINT8
                                                  : VOLUME_INT16;
    file_name_of(name, export, row, field);
    char *path = file_join(export->folder, name);
    bool fine = volume_write(path, &info, values, type, &export->errors[row]);
    mem_free(path);
    return fine;
}

static bool write_column(const Export *export, int64_t row, int number)
{
    const FornixColumn *column = fornix_column(export->table, number);
    int64_t files = files_of(export, column), floats = fornix_floats(column->shape);
    int64_t channels = column->shape.c / files, voxels = floats / column->shape.c;
    FornixError *error = &export->errors[row];
    size_t bytes = 2 * (size_t)floats * sizeof(float);
    float *values = mem_large(bytes);
    if (!values)
        return fornix_fail(error, "no memory for a volume of %" PRId64 " floats", floats);
    float *part = values + floats;
    bool fine = fornix_read(export->table, number, row, values, error);
    for (int64_t f = 0; f < files && fine; f++) {
        char field[NAME_MOST];
        field_name(field, column, files, f);
        for (int64_t i = 0; i < voxels; i++)
            for (int64_t c = 0; c < channels; c++)
                part[i * channels + c] = values[i * column->shape.c + f + c];
        fine = write_file(export, row, column, channels, field, part);
    }
    mem_large_free(values, bytes);
    return fine;
}

static void write_row(void *context, int64_t row)
{
    const Export *export = context;
    bool fine = true;
    for (int i = 0; i < fornix_columns(export->table) && fine; i++)
        if (is_volume(fornix_column(export->table, i)))
            fine = write_column(export, row, i);
}

/* A line's fields: pointers into own, which hold what had to be made. */
typedef struct {
    const char *field[FIELDS_MOST];
    char own[FIELDS_MOST][NAME_MOST];
    size_t count;
} Line;

static char *line_add(Line *line)
{
    if (line->count == FIELDS_MOST)
        return line->own[FIELDS_MOST - 1];
    char *own = line->own[line->count];
    line->field[line->count++] = own;
    own[0] = '\0';
    return own;
}

/* The field of a label: its class's name or number, nothing where it is missing. */
static void add_label(Line *line, const FornixTable *table, int number, int64_t row)
{
    const FornixColumn *column = fornix_column(table, number);
    int32_t class = fornix_label(table, number, row);
    char *own = line_add(line);
    if (class >= 0 && column->class_names && class < column->classes)
        snprintf(own, NAME_MOST, "%s", column->class_names[class]);
    else if (class >= 0)
        snprintf(own, NAME_MOST, "%d", (int)class);
}

/* The manifest's line of a row; of the header for row -1. */
static void line_fill(Line *line, const Export *export, int64_t row)
{
    static const char *const parts[] = {"", "train", "validation", "test"};
    static const char *const identity[] = {"subject", "sample", "part"};
    const FornixTable *table = export->table;
    line->count = 0;
    for (size_t i = 0; i < COUNT(identity); i++) {
        const FornixRow *of = row < 0 ? NULL : fornix_row(table, row);
        snprintf(line_add(line), NAME_MOST, "%s",
                 !of      ? identity[i]
                 : i == 0 ? of->subject
                 : i == 1 ? of->name
                          : parts[of->part]);
    }
    for (int i = 0; i < fornix_columns(table); i++) {
        const FornixColumn *column = fornix_column(table, i);
        if (is_volume(column)) {
            int64_t files = files_of(export, column);
            for (int64_t f = 0; f < files; f++) {
                char field[NAME_MOST];
                field_name(field, column, files, f);
                if (row < 0)
                    snprintf(line_add(line), NAME_MOST, "%s", field);
                else
                    file_name_of(line_add(line), export, row, field);
            }
        } else if (column->kind == FORNIX_LABEL && row < 0) {
            snprintf(line_add(line), NAME_MOST, "%s", column->name);
        } else if (column->kind == FORNIX_LABEL) {
            add_label(line, table, i, row);
        }
    }
}

static bool write_manifest(const Export *export, FornixError *error)
{
    Line *line = mem_new(1, sizeof *line);
    Text text = {0};
    for (int64_t row = -1; row < fornix_rows(export->table); row++) {
        line_fill(line, export, row);
        csv_add_row(&text, line->field, line->count);
    }
    char *path = file_join(export->folder, "manifest.csv");
    bool fine = file_write(path, text_value(&text), text.length, error);
    mem_free(path);
    text_free(&text);
    mem_free(line);
    return fine;
}

static bool write_volumes_columns(FornixBuild *build, const void *attrs)
{
    const Export export = {.attrs = attrs, .table = fornix_table(build, 0)};
    int64_t fields = 3, volumes = 0;
    fornix_copy_columns(build, 0);
    for (int i = 0; i < fornix_columns(export.table); i++) {
        const FornixColumn *column = fornix_column(export.table, i);
        volumes += is_volume(column);
        fields += is_volume(column) ? files_of(&export, column) : 1;
    }
    if (volumes == 0)
        return fornix_build_fail(build, "samples", "the table has no column of volumes");
    return fields <= FIELDS_MOST ||
           fornix_build_fail(build, "channels",
                             "%" PRId64 " files a row are too many: write the "
                             "channels together",
                             fields);
}

static bool write_volumes_rows(FornixBuild *build, const void *attrs)
{
    const Attrs *a = attrs;
    FornixError error = {.text = ""};
    Export export = {.attrs = a, .table = fornix_table(build, 0)};
    int64_t rows = fornix_rows(export.table), failed = 0;
    export.folder = a->folder[0] ? a->folder : fornix_output_folder(build);
    if (!export.folder || !file_make_folders(export.folder, &error))
        return fornix_build_fail(build, "folder", "%s", error.text);

    export.errors = mem_new((size_t)rows + 1, sizeof *export.errors);
    fornix_parallel(build, rows, write_row, &export);
    while (failed < rows && !export.errors[failed].text[0])
        fornix_copy_row(build, 0, failed++);
    bool fine = failed == rows ? write_manifest(&export, &error) : true;
    if (failed < rows)
        error = export.errors[failed];
    mem_free(export.errors);
    return (fine && failed == rows) || fornix_build_fail(build, "folder", "%s", error.text);
}

static const char *const channels[] = {"apart", "together", NULL};

static const FornixAttr attrs[] = {
    FORNIX_PATH(Attrs, folder, "", "where files and manifest.csv go; the run's own folder"),
    FORNIX_CHOICE(
        Attrs, channels, "apart", channels,
        "a file for each channel (columns image_1, image_2 …), or one in four dimensions"),
    {0}};

static const FornixPort inputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "rows with volumes: images, masks, probabilities"}, {0}};
static const FornixPort outputs[] = {{"samples", FORNIX_SAMPLES, 0, "the same rows"}, {0}};

static const FornixSamples samples = {
    .flags = FORNIX_NEEDS_RUN, .columns = write_volumes_columns, .rows = write_volumes_rows};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "write_volumes",
    .doc = "Writes the volumes of a table as NIfTI files, with a manifest.csv that the node nifti "
           "reads: subject, sample, part, a column for each file, labels by name. The grid is "
           "written as it is, in RAS.",
    .attrs_size = sizeof(Attrs),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<write_volumes id=\"files\" samples=\"source\" folder=\"cohort\"/>"};
