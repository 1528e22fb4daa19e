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

enum { RUN = 8 };

/* Whether all of a run are 0, of either sign. */
static inline bool run_is_empty(const float *x)
{
    uint64_t bits[RUN / 2];
    memcpy(bits, x, sizeof bits);
    return !((bits[0] | bits[1] | bits[2] | bits[3]) & 0x7fffffff7fffffff);
}

/* The first pixel from i on that counts. The background of a volume comes in long runs. */
static inline int64_t next_pixel(const float *x, int64_t i, int64_t pixels, int64_t step, bool all)
{
    if (all || i >= pixels || x[i * step] != 0)
        return i;
    while (step == 1 && i + RUN <= pixels && run_is_empty(x + i))
        i += RUN;
    while (i < pixels && x[i * step] == 0)
        i++;
    return i;
}

/* Sums in the order of the pixels; step and all are constants to whoever calls it in a hurry. */
static inline void zscore(float *x, int64_t pixels, int64_t step, bool all)
{
    double sum = 0, squares = 0;
    int64_t count = 0;
    for (int64_t i = 0; (i = next_pixel(x, i, pixels, step, all)) < pixels; i++) {
        sum += (double)x[i * step];
        count++;
    }
    double mean = count ? sum / (double)count : 0;
    for (int64_t i = 0; (i = next_pixel(x, i, pixels, step, all)) < pixels; i++)
        squares += ((double)x[i * step] - mean) * ((double)x[i * step] - mean);
    double deviation = count ? sqrt(squares / (double)count) : 0;
    double factor = deviation > 0 ? 1 / deviation : 1;
    for (int64_t i = 0; (i = next_pixel(x, i, pixels, step, all)) < pixels; i++)
        x[i * step] = (float)(((double)x[i * step] - mean) * factor);
}

static void channel_zscore(float *x, int64_t pixels, int64_t channels, bool all)
{
    if (channels > 1)
        zscore(x, pixels, channels, all);
    else if (all)
        zscore(x, pixels, 1, true);
    else
        zscore(x, pixels, 1, false);
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

/* In lanes, because a single chain of comparisons waits for each; of zeros the first counts, which
 * may have either sign. */
float pixels_least(const float *image, int64_t count)
{
    float lanes[RUN], least = count ? image[0] : 0;
    int64_t i = 0;
    for (int n = 0; n < RUN; n++)
        lanes[n] = least;
    for (; i + RUN <= count; i += RUN)
        for (int n = 0; n < RUN; n++)
            lanes[n] = image[i + n] < lanes[n] ? image[i + n] : lanes[n];
    for (int n = 0; n < RUN; n++)
        least = lanes[n] < least ? lanes[n] : least;
    for (; i < count; i++)
        least = image[i] < least ? image[i] : least;
    for (i = 0; least == 0 && i < count; i++)
        if (image[i] == 0)
            return image[i];
    return least;
}

void pixels_interleave(const float *image, int64_t pixels, int64_t channels, float *out,
                       int64_t total)
{
    for (int64_t i = 0; i < pixels; i++)
        for (int64_t c = 0; c < channels; c++)
            out[i * total + c] = image[i * channels + c];
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
        if (mask[i] == 0) { /* as most are */
            mask[i] = 0;
            continue;
        }
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
