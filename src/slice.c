/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "slice.h"

#include <math.h>
#include <string.h>

#include "base.h"
#include "classification.h"
#include "picture.h"
#include "sink.h"

enum { PANELS = 2, COLOURS = 3 };

static int64_t fullest_slice(const float *classes, FornixShape shape)
{
    int64_t best = shape.d / 2, most = 0;
    for (int64_t d = 0; d < shape.d; d++) {
        int64_t count = 0;
        for (int64_t i = 0; i < shape.h * shape.w; i++)
            count += classes[d * shape.h * shape.w + i] > 0;
        if (count > most) {
            most = count;
            best = d;
        }
    }
    return best;
}

/* One channel of the slice, its least value black and its largest white. */
static void window_image(const float *image, int64_t pixels, int64_t channels, int64_t channel,
                         uint8_t *grey)
{
    float low = INFINITY, high = -INFINITY;
    for (int64_t i = 0; i < pixels; i++) {
        low = fminf(low, image[i * channels + channel]);
        high = fmaxf(high, image[i * channels + channel]);
    }
    picture_window(image, pixels, channels, channel, low, high, grey);
}

static void draw_likelihood(const float *values, int64_t pixels, const FornixColumn *column,
                            uint8_t *grey)
{
    int64_t channels = column->shape.c;
    double *probability = mem_new((size_t)channels + 2, sizeof *probability);
    for (int64_t i = 0; i < pixels; i++) {
        const float *x = values + i * channels;
        double other = x[0] > 0; /* of a mask */
        if (!(column->kind & FORNIX_MASK)) {
            probabilities_of(x, (int32_t)channels, column->kind & FORNIX_LOGITS, probability);
            other = 1 - probability[0];
        }
        grey[i] = (uint8_t)lrint(255 * fmin(fmax(other, 0), 1));
    }
    mem_free(probability);
}

/* The slice in grey with the outlines of a mask, on the left or right half of a picture. */
static void panel_draw(const uint8_t *grey, const float *classes, FornixShape shape, int panel,
                       uint8_t *picture)
{
    size_t line = (size_t)shape.w * COLOURS;
    uint8_t *colours = mem_new((size_t)shape.h * line, 1);
    picture_outline(grey, classes, shape.h, shape.w, colours);
    for (int64_t h = 0; h < shape.h; h++)
        memcpy(picture + ((size_t)h * PANELS + (size_t)panel) * line, colours + (size_t)h * line,
               line);
    mem_free(colours);
}

/* Volumes have their last line at the head or the front, which atlases show on top. */
static void picture_flip(uint8_t *picture, FornixShape shape)
{
    size_t line = (size_t)shape.w * PANELS * COLOURS;
    uint8_t *kept = mem_new(line, 1);
    for (int64_t h = 0; h < shape.h / 2; h++) {
        uint8_t *a = picture + (size_t)h * line, *b = picture + (size_t)(shape.h - 1 - h) * line;
        memcpy(kept, a, line);
        memcpy(a, b, line);
        memcpy(b, kept, line);
    }
    mem_free(kept);
}

/* The mask's values, their classes, the truth's classes, and the image. */
typedef struct Read {
    float *values, *classes, *truth, *image;
    float *memory;
    size_t bytes;
} Read;

static bool read_open(const SliceRequest *r, Read *read, FornixError *error)
{
    FornixShape shape = fornix_column(r->table, r->mask)->shape;
    size_t pixels = (size_t)fornix_pixels(shape), deepest = (size_t)shape.c, image = 0;
    if (r->truth >= 0 && (size_t)fornix_column(r->table, r->truth)->shape.c > deepest)
        deepest = (size_t)fornix_column(r->table, r->truth)->shape.c;
    if (r->image >= 0)
        image = (size_t)fornix_column(r->table, r->image)->shape.c;
    read->bytes = pixels * (deepest + 2 + image) * sizeof(float);
    read->memory = mem_large(read->bytes);
    if (!read->memory)
        return fornix_fail(error, "no memory for a picture");
    read->values = read->memory;
    read->classes = read->values + pixels * deepest;
    read->truth = read->classes + pixels;
    read->image = read->truth + pixels;
    return true;
}

static bool read_row(const SliceRequest *r, int64_t row, Read *read, FornixError *error)
{
    const FornixColumn *mask = fornix_column(r->table, r->mask);
    int64_t pixels = fornix_pixels(mask->shape);
    if (r->image >= 0 && !fornix_read(r->table, r->image, row, read->image, error))
        return false;
    if (r->truth >= 0) {
        if (!fornix_read(r->table, r->truth, row, read->values, error))
            return false;
        sink_classes(read->values, pixels, fornix_column(r->table, r->truth), read->truth);
    }
    if (!fornix_read(r->table, r->mask, row, read->values, error))
        return false;
    sink_classes(read->values, pixels, mask, read->classes);
    if (r->truth < 0)
        memcpy(read->truth, read->classes, (size_t)pixels * sizeof *read->truth);
    return true;
}

static void draw(const SliceRequest *r, int64_t row, const Read *read, uint8_t *picture)
{
    const FornixColumn *mask = fornix_column(r->table, r->mask);
    FornixShape shape = mask->shape;
    int64_t pixels = shape.h * shape.w, at = fullest_slice(read->truth, shape) * pixels;
    uint8_t *grey = mem_new((size_t)pixels, 1);
    if (r->image >= 0) {
        int64_t channels = fornix_column(r->table, r->image)->shape.c;
        window_image(read->image + at * channels, pixels, channels, r->channel, grey);
    } else {
        draw_likelihood(read->values + at * shape.c, pixels, mask, grey);
    }
    panel_draw(grey, read->truth + at, shape, 0, picture);
    panel_draw(grey, read->classes + at, shape, 1, picture);
    const FornixSpace *space = fornix_space(r->table, row);
    if (space && !sink_is_picture(space))
        picture_flip(picture, shape);
    mem_free(grey);
}

bool slice_draw(const SliceRequest *request, int64_t row, Slice *slice, FornixError *error)
{
    FornixShape shape = fornix_column(request->table, request->mask)->shape;
    Read read = {0};
    *slice = (Slice){.height = shape.h, .width = PANELS * shape.w};
    bool fine = read_open(request, &read, error) && read_row(request, row, &read, error);
    if (fine) {
        slice->colours = mem_new((size_t)(shape.h * PANELS * shape.w), COLOURS);
        draw(request, row, &read, slice->colours);
    }
    if (read.memory)
        mem_large_free(read.memory, read.bytes);
    return fine;
}
