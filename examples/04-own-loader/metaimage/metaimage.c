/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loads MetaImages (.mha, .mhd): a few lines of text, and the voxels behind them or in a file of
 * their own.
 *
 * `columns` reads the list and every header, so that all that is wrong is told before a run, at the
 * file where it stands; voxels are read when a batch wants them, by several threads at once, each
 * with a file of its own. Sizes in a header are compared with what the file holds, never trusted.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <node.h>

typedef struct {
    const char *manifest;
    int64_t classes;
    double scale;
} MetaImage;

typedef enum { NO_TYPE, UCHAR, SHORT, FLOAT } Type;

enum { IMAGE, MASK, FILES, LINE = 1024, SIDE_MOST = 4096 };

typedef struct {
    char data[LINE]; /* the file with the voxels */
    long offset;     /* where they begin in it */
    int64_t size[3]; /* x y z: as W H D */
    Type type;
} Volume;

typedef struct {
    char subject[LINE];
    Volume file[FILES];
} Scan;

typedef struct {
    Scan *scans;
    int64_t count;
    double scale;
} Opened;

static const struct {
    const char *name;
    Type type;
    size_t bytes;
} types[] = {{"MET_UCHAR", UCHAR, 1}, {"MET_SHORT", SHORT, 2}, {"MET_FLOAT", FLOAT, 4}};

/* ---- Headers ---------------------------------------------------------------------------- */

/* The folder of `beside` with name behind it; a name from the root on stands for itself. */
static bool path_join(char *path, const char *beside, const char *name)
{
    const char *slash = strrchr(beside, '/');
    int folder = slash && *name != '/' ? (int)(slash + 1 - beside) : 0;
    return snprintf(path, LINE, "%.*s%s", folder, beside, name) < LINE;
}

static bool header_line(Volume *volume, const char *path, const char *key, const char *value,
                        FILE *file)
{
    long long size[3] = {0};
    if (strcmp(key, "DimSize") == 0) {
        bool three = sscanf(value, "%lld %lld %lld", &size[0], &size[1], &size[2]) == 3;
        for (int axis = 0; axis < 3; axis++)
            volume->size[axis] = three ? size[axis] : 0;
    } else if (strcmp(key, "ElementType") == 0) {
        for (size_t k = 0; k < sizeof types / sizeof *types; k++)
            if (strcmp(types[k].name, value) == 0)
                volume->type = types[k].type;
    } else if (strcmp(key, "ElementDataFile") == 0) {
        bool local = strcmp(value, "LOCAL") == 0;
        volume->offset = local ? ftell(file) : 0;
        return path_join(volume->data, local ? "" : path, local ? path : value);
    }
    bool strange = strcmp(value, "True") == 0 &&
                   (strcmp(key, "CompressedData") == 0 || strstr(key, "ByteOrderMSB"));
    return !strange && (strcmp(key, "ElementNumberOfChannels") != 0 || strcmp(value, "1") == 0);
}

static size_t voxel_bytes(const Volume *volume)
{
    return (size_t)(volume->size[0] * volume->size[1] * volume->size[2]) *
           types[volume->type - UCHAR].bytes;
}

static bool voxels_there(const Volume *volume, FornixError *error)
{
    FILE *file = fopen(volume->data, "rb");
    if (!file)
        return fornix_fail_input(error, "%s: %s", volume->data, strerror(errno));
    long end = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    fclose(file);
    return (end >= volume->offset && (size_t)(end - volume->offset) >= voxel_bytes(volume)) ||
           fornix_fail_input(error, "%s: %zu bytes of voxels are said to be there, and are not",
                             volume->data, voxel_bytes(volume));
}

static bool header_read(Volume *volume, const char *path, FornixError *error)
{
    char line[LINE], key[100], value[LINE];
    FILE *file = fopen(path, "rb");
    if (!file)
        return fornix_fail_input(error, "%s: %s", path, strerror(errno));
    *volume = (Volume){.type = NO_TYPE};
    bool fine = true;
    while (fine && !*volume->data && fgets(line, sizeof line, file))
        if (sscanf(line, "%99s = %1023[^\r\n]", key, value) == 2)
            fine = header_line(volume, path, key, value, file);
    fclose(file);
    if (!fine)
        return fornix_fail_input(error, "%s: '%s = %s' is not served here", path, key, value);
    for (int axis = 0; axis < 3; axis++)
        if (volume->size[axis] < 1 || volume->size[axis] > SIDE_MOST)
            return fornix_fail_input(error, "%s: DimSize has to be three sizes, 1 to %d", path,
                                     (int)SIDE_MOST);
    if (!volume->type || !*volume->data)
        return fornix_fail_input(error, "%s: no %s that is known here", path,
                                 volume->type ? "ElementDataFile" : "ElementType");
    return voxels_there(volume, error);
}

/* ---- The list --------------------------------------------------------------------------- */

static bool scan_read(FornixBuild *build, Opened *o, const char *manifest, int line, char *text)
{
    Scan *scans = realloc(o->scans, ((size_t)o->count + 1) * sizeof *scans), *scan;
    if (!scans)
        return fornix_build_fail(build, NULL, "no memory for %s", manifest);
    o->scans = scans;
    scan = &scans[o->count++];
    char *field[3] = {strtok(text, ","), strtok(NULL, ","), strtok(NULL, ",\r\n")};
    if (!field[2] || strtok(NULL, ",\r\n"))
        return fornix_build_fail(build, "manifest", "%s:%d: subject,image,mask is wanted", manifest,
                                 line);
    snprintf(scan->subject, sizeof scan->subject, "%s", field[0]);
    for (int k = 0; k < FILES; k++) {
        FornixError error = {0};
        char path[LINE];
        if (!path_join(path, manifest, field[1 + k]) ||
            !header_read(&scan->file[k], path, &error) ||
            (memcmp(scan->file[k].size, scans[0].file[IMAGE].size,
                    sizeof scans[0].file[IMAGE].size) != 0 &&
             !fornix_fail_input(&error, "its DimSize differs from the first one's")))
            return fornix_build_fail(build, "manifest", "%s:%d: %s", manifest, line, error.text);
        if (!fornix_uses_file(build, path) || !fornix_uses_file(build, scan->file[k].data))
            return false;
    }
    return true;
}

static bool list_read(FornixBuild *build, Opened *o, const char *manifest)
{
    char text[LINE];
    int line = 0;
    FILE *file = fopen(manifest, "r");
    if (!file)
        return fornix_build_fail(build, "manifest", "%s: %s", manifest, strerror(errno));
    bool fine = fornix_uses_file(build, manifest);
    while (fine && fgets(text, sizeof text, file))
        if (++line > 1 && text[strspn(text, " \r\n")]) /* the first is subject,image,mask */
            fine = scan_read(build, o, manifest, line, text);
    fclose(file);
    return fine && (o->count || fornix_build_fail(build, "manifest", "%s lists nothing", manifest));
}

/* ---- The table -------------------------------------------------------------------------- */

static bool columns(FornixBuild *build, const void *attrs)
{
    const MetaImage *a = attrs;
    Opened *o = calloc(1, sizeof *o);
    if (!o)
        return fornix_build_fail(build, NULL, "no memory");
    o->scale = a->scale;
    fornix_set_opened(build, o); /* from here on it is freed by close, whatever goes wrong */
    if (!list_read(build, o, a->manifest))
        return false;
    const int64_t *size = o->scans[0].file[IMAGE].size;
    FornixShape shape = {1, size[2], size[1], size[0], 1};
    fornix_add_column(build,
                      &(FornixColumn){.name = "image", .kind = FORNIX_IMAGE, .shape = shape});
    fornix_add_column(
        build, &(FornixColumn){
                   .name = "mask", .kind = FORNIX_MASK, .shape = shape, .classes = a->classes});
    return true;
}

static bool rows(FornixBuild *build, const void *attrs)
{
    (void)attrs;
    const Opened *o = fornix_opened(build);
    for (int64_t k = 0; k < o->count; k++) {
        char subject[LINE + 100];
        snprintf(subject, sizeof subject, "%s/%s", fornix_build_id(build), o->scans[k].subject);
        fornix_add_row(build, &(FornixRow){.subject = subject, .name = ""});
        for (int f = 0; f < FILES; f++)
            if (!fornix_file_of(build, o->scans[k].file[f].data, 0, subject))
                return false;
    }
    return true;
}

/* Masks have to be of the classes that the graph was told of. */
static bool convert(const void *raw, Type type, int64_t count, double scale, int64_t classes,
                    float *out)
{
    for (int64_t i = 0; i < count; i++) {
        int16_t whole = 0;
        float real = 0;
        if (type == SHORT)
            memcpy(&whole, (const char *)raw + 2 * i, sizeof whole);
        else if (type == FLOAT)
            memcpy(&real, (const char *)raw + 4 * i, sizeof real);
        else
            whole = ((const unsigned char *)raw)[i];
        out[i] = (float)(scale * (type == FLOAT ? (double)real : whole));
        if (classes && !(out[i] >= 0 && out[i] < (float)classes))
            return false;
    }
    return true;
}

static bool read_voxels(void *opened, const FornixTable *table, int column, int64_t row, float *out,
                        FornixError *error)
{
    const Opened *o = opened;
    const Volume *volume = &o->scans[row].file[column];
    const FornixColumn *shown = fornix_column(table, column);
    size_t bytes = voxel_bytes(volume);
    void *raw = malloc(bytes);
    FILE *file = fopen(volume->data, "rb");
    bool fine = raw && file && fseek(file, volume->offset, SEEK_SET) == 0 &&
                fread(raw, 1, bytes, file) == bytes;
    if (!fine)
        fornix_fail_input(error, "%s: %zu bytes of voxels can't be read", volume->data, bytes);
    else if (!convert(raw, volume->type, fornix_floats(shown->shape),
                      column == IMAGE ? o->scale : 1, shown->classes, out))
        fine = fornix_fail_input(error, "%s: a voxel is of no class from 0 to %d", volume->data,
                                 (int)shown->classes - 1);
    if (file)
        fclose(file);
    free(raw);
    return fine;
}

static void close_all(void *opened)
{
    Opened *o = opened;
    free(o->scans);
    free(o);
}

static const FornixAttr attrs[] = {
    FORNIX_PATH(MetaImage, manifest, NULL,
                "a CSV file with a head and lines subject,image,mask; files beside it"),
    FORNIX_INT(MetaImage, classes, "2", 2, 256, "of the masks, background among them"),
    FORNIX_REAL(MetaImage, scale, "1", -1e6, 1e6, "times each voxel of an image"),
    {0}};
static const FornixPort outputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "columns image and mask, a row for each line"}, {0}};
static const FornixSamples samples = {.flags = FORNIX_COSTLY_READ,
                                      .columns = columns,
                                      .rows = rows,
                                      .read = read_voxels,
                                      .close = close_all};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "metaimage",
    .doc = "Loads volumes and masks from MetaImage files (.mha, .mhd), as ITK and elastix write "
           "them: uncompressed, of one channel, the same size in all.",
    .attrs_size = sizeof(MetaImage),
    .attrs = attrs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<metaimage id=\"scans\" manifest=\"scans.csv\" scale=\"0.01\"/>"};
