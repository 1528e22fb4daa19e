/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The safetensors writer.
 *
 * The header comes first in the file but its row counts are known last: room for the longest header
 * that can be needed is kept, and the real one is written there at the end, filled up with blanks.
 * Tensors lie in order of falling element size, so that each is aligned to its own elements.
 */
#include "safetensors.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "file.h"
#include "safetensors_parts.h"

typedef struct {
    SafeTensor tensor;
    size_t order; /* as declared */
    int64_t begin, row, room, rows;
} Place;

struct SafeWriter {
    char *path;
    FileWriter *file;
    size_t count;
    Place *places;    /* in byte order */
    size_t *place_of; /* of a tensor as declared */
    json_t *texts;    /* __metadata__, or NULL */
    int64_t header;   /* bytes kept for it */
};

static int by_size(const void *a, const void *b)
{
    const Place *x = a, *y = b;
    if (x->tensor.type != y->tensor.type) /* types are listed by falling size */
        return x->tensor.type < y->tensor.type ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static bool place_tensors(SafeWriter *writer, const SafeTensor *tensors, FornixError *error)
{
    for (size_t i = 0; i < writer->count; i++) {
        Place *place = &writer->places[i];
        place->tensor = tensors[i];
        place->tensor.name = mem_text(tensors[i].name);
        place->order = i;
    }
    qsort(writer->places, writer->count, sizeof *writer->places, by_size);
    int64_t at = 0;
    for (size_t i = 0; i < writer->count; i++) {
        Place *place = &writer->places[i];
        writer->place_of[place->order] = i;
        place->begin = at;
        if (!safetensors_bytes(&place->tensor, &place->room) || !size_add(at, place->room, &at))
            return fornix_fail(error, "%s: tensor '%s' is too big", writer->path,
                               place->tensor.name);
        place->row =
            safetensors_row_size(&place->tensor) * safetensors_type_size(place->tensor.type);
    }
    return true;
}

static bool add_entry(json_t *header, const char *name, const char *dtype, json_t *shape,
                      int64_t begin, int64_t end)
{
    if (json_object_get(header, name)) {
        json_decref(shape);
        return false;
    }
    json_t *entry = json_pack("{s:s, s:o, s:[I, I]}", "dtype", dtype, "shape", shape,
                              "data_offsets", (json_int_t)begin, (json_int_t)end);
    return entry && json_object_set_new(header, name, entry) == 0;
}

static json_t *shape_of(const SafeTensor *tensor, int64_t rows)
{
    json_t *shape = json_array();
    for (int i = 0; i < tensor->rank; i++)
        json_array_append_new(shape, json_integer(i ? tensor->dims[i] : rows));
    return shape;
}

/* The header for the rows that came, or the longest that can be needed: all rows, and room left
 * over everywhere. *end: where the data end. */
static char *make_header(const SafeWriter *writer, bool longest, int64_t *end)
{
    json_t *header = json_object();
    bool ok = !writer->texts || json_object_set(header, "__metadata__", writer->texts) == 0;
    *end = 0;
    for (size_t i = 0; ok && i < writer->count; i++) {
        const Place *place = &writer->places[i];
        int64_t rows = longest ? safetensors_rows(&place->tensor) : place->rows;
        int64_t used = place->begin + rows * place->row, limit = place->begin + place->room;
        ok = add_entry(header, place->tensor.name, safe_types[place->tensor.type].name,
                       shape_of(&place->tensor, rows), place->begin, used);
        *end = used;
        if (!ok || (!longest && (used == limit || i + 1 == writer->count)))
            continue;
        char name[40];
        snprintf(name, sizeof name, SAFE_UNUSED "%zu", i);
        json_t *shape = json_pack("[I]", (json_int_t)(longest ? limit : limit - used));
        ok = add_entry(header, name, "U8", shape, longest ? limit : used, limit);
        *end = limit;
    }
    char *text = ok ? json_dumps(header, JSON_COMPACT) : NULL;
    json_decref(header);
    return text;
}

static bool check_names(const SafeTensor *tensors, size_t count, const char *path,
                        FornixError *error)
{
    for (size_t i = 0; i < count; i++) {
        const SafeTensor *tensor = &tensors[i];
        if (strncmp(tensor->name, "__", 2) == 0 || tensor->rank < 0 || tensor->rank > SAFE_RANK)
            return fornix_fail(error, "%s: '%s' cannot be the name of a tensor of rank %d", path,
                               tensor->name, tensor->rank);
    }
    return true;
}

static void writer_free(SafeWriter *writer)
{
    for (size_t i = 0; i < writer->count; i++)
        mem_free((char *)writer->places[i].tensor.name);
    json_decref(writer->texts);
    mem_free(writer->places);
    mem_free(writer->place_of);
    mem_free(writer->path);
    mem_free(writer);
}

SafeWriter *safetensors_create(const char *path, const SafeTensor *tensors, size_t count,
                               const SafeText *texts, size_t text_count, FornixError *error)
{
    if (!check_names(tensors, count, path, error))
        return NULL;
    SafeWriter *writer = mem_new(1, sizeof *writer);
    writer->path = mem_text(path);
    writer->count = count;
    writer->places = mem_new(count + 1, sizeof *writer->places);
    writer->place_of = mem_new(count + 1, sizeof *writer->place_of);
    writer->texts = text_count ? json_object() : NULL;
    bool ok = place_tensors(writer, tensors, error);
    for (size_t i = 0; ok && i < text_count; i++)
        if (json_object_set_new(writer->texts, texts[i].name, json_string(texts[i].value)) < 0)
            ok = fornix_fail(error, "%s: metadata '%s' is not UTF-8", path, texts[i].name);
    int64_t end;
    char *longest = ok ? make_header(writer, true, &end) : NULL;
    if (ok && !longest)
        ok = fornix_fail(error, "%s: names of tensors repeat or are not UTF-8", path);
    if (ok) {
        writer->header = ((int64_t)strlen(longest) + 7) / 8 * 8;
        writer->file = file_writer_open(path, error);
    }
    free(longest);
    if (writer->file)
        return writer;
    writer_free(writer);
    return NULL;
}

bool safetensors_write(SafeWriter *writer, size_t index, const void *rows, int64_t count,
                       FornixError *error)
{
    Place *place = &writer->places[writer->place_of[index]];
    if (count < 0 || count > safetensors_rows(&place->tensor) - place->rows)
        return fornix_fail(error, "%s: more rows than the %" PRId64 " declared for '%s'",
                           writer->path, safetensors_rows(&place->tensor), place->tensor.name);
    int64_t offset = 8 + writer->header + place->begin + place->rows * place->row;
    if (!file_writer_put(writer->file, rows, (size_t)(count * place->row), offset, error))
        return false;
    place->rows += count;
    return true;
}

void safetensors_abort(SafeWriter *writer)
{
    if (!writer)
        return;
    file_writer_abort(writer->file);
    writer_free(writer);
}

bool safetensors_commit(SafeWriter *writer, FornixError *error)
{
    for (size_t i = 0; i < writer->count; i++)
        if (writer->places[i].tensor.rank == 0 && writer->places[i].rows == 0) {
            fornix_fail(error, "%s: nothing was written for '%s'", writer->path,
                        writer->places[i].tensor.name);
            safetensors_abort(writer);
            return false;
        }
    int64_t end;
    char *text = make_header(writer, false, &end);
    uint64_t length = (uint64_t)writer->header;
    char *header = mem_new(length, 1);
    memset(header, ' ', length);
    memcpy(header, text, strlen(text));
    free(text);
    bool ok = file_writer_put(writer->file, &length, sizeof length, 0, error) &&
              file_writer_put(writer->file, header, length, 8, error) &&
              file_writer_resize(writer->file, 8 + writer->header + end, error);
    mem_free(header);
    FileWriter *file = writer->file;
    writer_free(writer);
    if (ok)
        return file_writer_commit(file, error);
    file_writer_abort(file);
    return false;
}
