/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pixels.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base.h"
#include "text.h"

const char *const pixels_scales[] = {"none", "zscore", "foreground", "percentile", "byte", NULL};

static const double LOW = .01, HIGH = .99;

/* ---- Intensities ------------------------------------------------------------------------- */

static void channel_zscore(float *x, int64_t pixels, int64_t channels, bool all)
{
    double sum = 0, squares = 0;
    int64_t count = 0;
    for (int64_t i = 0; i < pixels; i++)
        if (all || x[i * channels] != 0) {
            sum += (double)x[i * channels];
            count++;
        }
    double mean = count ? sum / (double)count : 0;
    for (int64_t i = 0; i < pixels; i++)
        if (all || x[i * channels] != 0)
            squares += ((double)x[i * channels] - mean) * ((double)x[i * channels] - mean);
    double deviation = count ? sqrt(squares / (double)count) : 0;
    double factor = deviation > 0 ? 1 / deviation : 1;
    for (int64_t i = 0; i < pixels; i++)
        if (all || x[i * channels] != 0)
            x[i * channels] = (float)(((double)x[i * channels] - mean) * factor);
}

static void swap(float *a, float *b)
{
    float kept = *a;
    *a = *b;
    *b = kept;
}

/* The value that stands at place k when x is sorted (Hoare's selection); reorders x. */
static float select_place(float *x, int64_t count, int64_t k)
{
    int64_t low = 0, high = count - 1;
    while (low < high) {
        float pivot = x[low + (high - low) / 2];
        int64_t i = low, j = high;
        while (i <= j) {
            while (x[i] < pivot)
                i++;
            while (x[j] > pivot)
                j--;
            if (i <= j)
                swap(&x[i++], &x[j--]);
        }
        if (k <= j)
            high = j;
        else if (k >= i)
            low = i;
        else
            break;
    }
    return x[k];
}

static void channel_percentile(float *x, int64_t pixels, int64_t channels, float *spare)
{
    int64_t count = 0;
    for (int64_t i = 0; i < pixels; i++)
        if (x[i * channels] != 0)
            spare[count++] = x[i * channels];
    if (!count)
        return;
    float low = select_place(spare, count, (int64_t)(LOW * (double)(count - 1)));
    float high = select_place(spare, count, (int64_t)ceil(HIGH * (double)(count - 1)));
    float factor = high > low ? 1 / (high - low) : 1;
    for (int64_t i = 0; i < pixels; i++) {
        float y = (x[i * channels] - low) * factor;
        x[i * channels] = y < 0 ? 0 : y > 1 ? 1 : y;
    }
}

static void channel_byte(float *x, int64_t pixels, int64_t channels)
{
    for (int64_t i = 0; i < pixels; i++)
        x[i * channels] /= 255;
}

bool pixels_scale(float *image, int64_t pixels, int64_t channels, int scale, FornixError *error)
{
    size_t bytes = (size_t)pixels * sizeof(float);
    float *spare = scale == SCALE_PERCENTILE ? mem_large(bytes) : NULL;
    if (scale == SCALE_PERCENTILE && !spare)
        return fornix_fail(error, "no memory to scale an image");
    for (int64_t c = 0; c < channels; c++)
        if (scale == SCALE_PERCENTILE)
            channel_percentile(image + c, pixels, channels, spare);
        else if (scale == SCALE_BYTE)
            channel_byte(image + c, pixels, channels);
        else if (scale != SCALE_NONE)
            channel_zscore(image + c, pixels, channels, scale == SCALE_ZSCORE);
    if (spare)
        mem_large_free(spare, bytes);
    return true;
}

float pixels_least(const float *image, int64_t count)
{
    float least = count ? image[0] : 0;
    for (int64_t i = 1; i < count; i++)
        least = image[i] < least ? image[i] : least;
    return least;
}

/* ---- Masks ------------------------------------------------------------------------------- */

static bool word_read(FornixBuild *build, const char *where, const char *word, Arena *arena,
                      MaskMap *map)
{
    const char *at = word;
    for (;;) {
        size_t length = strcspn(at, ",");
        int64_t value;
        if (!text_to_int(arena_slice(arena, at, length), &value) || value == 0)
            return fornix_build_fail(build, where,
                                     "'%s': values of a class are whole numbers but "
                                     "0, with commas between",
                                     word);
        for (int64_t i = 0; i < map->count; i++)
            if (map->values[i] == (double)value)
                return fornix_build_fail(build, where, "value %" PRId64 " has two classes", value);
        map->values[map->count] = (double)value;
        map->class[map->count++] = (int32_t)map->classes;
        if (!at[length])
            break;
        at += length + 1;
    }
    map->classes++;
    return true;
}

bool mask_map_read(FornixBuild *build, const char *where, FornixList words, Arena *arena,
                   MaskMap *map)
{
    size_t most = 0;
    *map = (MaskMap){.classes = 2};
    if (words.count == 1 && strcmp(words.items[0], "any") == 0)
        return true;
    for (int64_t i = 0; i < words.count; i++)
        most += strlen(words.items[i]);
    map->values = arena_take(arena, most + 1, sizeof *map->values);
    map->class = arena_take(arena, most + 1, sizeof *map->class);
    map->classes = 1;
    for (int64_t i = 0; i < words.count; i++)
        if (!word_read(build, where, words.items[i], arena, map))
            return false;
    return words.count || fornix_build_fail(build, where, "no class is named");
}

bool mask_map_apply(const MaskMap *map, float *mask, int64_t count, FornixError *error)
{
    for (int64_t i = 0; i < count; i++) {
        double value = round((double)mask[i]);
        int32_t class = !map->count && value != 0;
        if (fabs(value - (double)mask[i]) > 1e-3)
            return fornix_fail_input(error, "the mask holds %g, which is no whole number",
                                     (double)mask[i]);
        for (int64_t k = 0; k < map->count; k++)
            if (map->values[k] == value)
                class = map->class[k];
        mask[i] = (float)class;
    }
    return true;
}
