/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the oriented image to the grid and back, one axis after the other.
 *
 * Because a map is separable, each axis is a table of taps: which voxels a new voxel is made of,
 * and with which weights. Cropping and nearest sampling are taps of one voxel with weight 1, so
 * they copy bits; a voxel without taps lies outside and is filled.
 */
#include "volume.h"

#include <math.h>
#include <string.h>

#include "base.h"

typedef struct {
    int64_t first, count; /* source voxels; count 0: outside */
    int64_t weight;       /* where its weights begin */
} Tap;

typedef struct {
    int64_t from, to; /* lengths of the axis before and after */
    Tap *taps;        /* to of them */
    float *weights;
    bool same; /* nothing to do along this axis */
} Axis;

VolumeMap volume_crop(VolumeMap map, const int64_t size[3], VolumeAnchor anchor)
{
    for (int a = 0; a < 3; a++) {
        /* Division is towards zero: an odd voxel is cut, or added, at the high end. */
        int64_t low = anchor == VOLUME_CENTRE ? (map.size[a] - size[a]) / 2 : 0;
        map.start[a] += map.step[a] * (double)low;
        map.size[a] = size[a];
    }
    return map;
}

VolumeMap volume_resize(VolumeMap map, const int64_t size[3])
{
    for (int a = 0; a < 3; a++) {
        double ratio = (double)map.size[a] / (double)size[a];
        map.start[a] += map.step[a] * (ratio - 1) / 2; /* outer edges meet, not centres */
        map.step[a] *= ratio;
        map.size[a] = size[a];
    }
    return map;
}

VolumeMap volume_respace(VolumeMap map, const double spacing[3], const double wanted[3])
{
    for (int a = 0; a < 3; a++) {
        double ratio = wanted[a] / (spacing[a] * map.step[a]);
        double size = fmax(1, round((double)map.size[a] / ratio));
        double middle = map.start[a] + map.step[a] * (double)(map.size[a] - 1) / 2;
        map.step[a] *= ratio;
        map.start[a] = middle - map.step[a] * (size - 1) / 2;
        map.size[a] = (int64_t)size;
    }
    return map;
}

void volume_spacing(const VolumeMap *map, const double spacing[3], double out[3])
{
    for (int a = 0; a < 3; a++)
        out[a] = spacing[a] * map->step[a];
}

void volume_image_size(const VolumeMap *map, int64_t size[3])
{
    for (int a = 0; a < 3; a++)
        size[a] = map->file_size[map->axis[a]];
}

bool volume_is_whole(const VolumeMap *map)
{
    int64_t size[3];
    volume_image_size(map, size);
    bool whole = true;
    for (int a = 0; a < 3; a++)
        whole = whole && map->size[a] == size[a] && map->start[a] == 0 && map->step[a] == 1;
    return whole;
}

/* The triangle around place, of half width 1 voxel, or of `step` where that is more. */
static void add_linear(Axis *axis, Tap *tap, double place, double step)
{
    double reach = fmax(1, step), sum = 0;
    int64_t first = (int64_t)fmax(0, ceil(place - reach));
    int64_t last = (int64_t)fmin((double)(axis->from - 1), floor(place + reach));
    float *weights = axis->weights + tap->weight;
    tap->first = first;
    for (int64_t i = first; i <= last; i++) {
        double weight = 1 - fabs((double)i - place) / reach;
        if (weight <= 0 && tap->count == 0) {
            tap->first = i + 1;
        } else if (weight > 0) {
            weights[tap->count++] = (float)weight;
            sum += weight;
        }
    }
    for (int64_t i = 0; i < tap->count; i++)
        weights[i] = (float)((double)weights[i] / sum);
}

static Axis axis_new(int64_t from, int64_t to, double start, double step, VolumeSampling sampling)
{
    int64_t most = 2 * (int64_t)ceil(fmin(fmax(1, step), (double)from)) + 1;
    Axis axis = {.from = from, .to = to, .same = from == to};
    axis.taps = mem_new((size_t)to, sizeof *axis.taps);
    axis.weights = mem_new((size_t)to * (size_t)most, sizeof *axis.weights);
    for (int64_t i = 0; i < to; i++) {
        Tap *tap = &axis.taps[i];
        tap->weight = i * most;
        double place = start + step * (double)i;
        if (!(place >= -0.5 && place < (double)from - 0.5)) {
            axis.same = false;
            continue;
        }
        if (sampling == VOLUME_LINEAR) {
            add_linear(&axis, tap, place, step);
        } else {
            tap->first = (int64_t)fmin(floor(place + 0.5), (double)(from - 1));
            tap->count = 1;
            axis.weights[tap->weight] = 1;
        }
        axis.same = axis.same && tap->count == 1 && tap->first == i;
    }
    return axis;
}

static void axis_free(Axis *axis)
{
    mem_free(axis->taps);
    mem_free(axis->weights);
}

/* How many new voxels from i on are source voxels side by side. */
static int64_t run_length(const Axis *axis, int64_t i)
{
    const Tap *taps = axis->taps + i;
    int64_t run = 1;
    while (i + run < axis->to && taps[run].count == 1 && taps[run].first == taps->first + run)
        run++;
    return run;
}

/* in: outer x axis.from x inner; out: outer x axis.to x inner. */
static void apply(const Axis *axis, int64_t outer, int64_t inner, const float *in, float fill,
                  float *out)
{
    for (int64_t o = 0; o < outer; o++, in += axis->from * inner)
        for (int64_t i = 0; i < axis->to; i++, out += inner) {
            const Tap *tap = &axis->taps[i];
            const float *weights = axis->weights + tap->weight, *row = in + tap->first * inner;
            if (tap->count == 0)
                for (int64_t n = 0; n < inner; n++)
                    out[n] = fill;
            else if (tap->count == 1) {
                int64_t run = run_length(axis, i);
                memcpy(out, row, (size_t)(run * inner) * sizeof *out);
                i += run - 1;
                out += (run - 1) * inner;
            } else
                for (int64_t n = 0; n < inner; n++)
                    out[n] = weights[0] * row[n];
            for (int64_t w = 1; w < tap->count; w++)
                for (int64_t n = 0; n < inner; n++)
                    out[n] += weights[w] * row[w * inner + n];
        }
}

/* All three axes, from D to W: each result is the next one's source. */
static bool apply_all(const Axis axes[3], const float *in, int64_t channels, float fill, float *out,
                      FornixError *error)
{
    int last = -1; /* the axis whose result is `out` itself */
    for (int a = 2; a >= 0; a--)
        if (!axes[a].same)
            last = a;
    if (last < 0) {
        int64_t count = axes[0].to * axes[1].to * axes[2].to * channels;
        memcpy(out, in, (size_t)count * sizeof *out);
        return true;
    }
    int64_t length[3] = {axes[0].from, axes[1].from, axes[2].from};
    float *held = NULL;
    size_t held_bytes = 0;
    for (int a = 2; a >= last; a--) {
        if (axes[a].same)
            continue;
        int64_t inner = channels, outer = 1;
        for (int b = 0; b < a; b++)
            inner *= length[b];
        for (int b = a + 1; b < 3; b++)
            outer *= length[b];
        length[a] = axes[a].to;
        size_t bytes = (size_t)(outer * length[a] * inner) * sizeof(float);
        float *to = a == last ? out : mem_large(bytes);
        if (to)
            apply(&axes[a], outer, inner, held ? held : in, fill, to);
        if (held)
            mem_large_free(held, held_bytes);
        if (!to)
            return fornix_fail(error, "no memory to resample a volume: %zu MB", bytes >> 20);
        held = a == last ? NULL : to;
        held_bytes = bytes;
    }
    return true;
}

bool volume_to_grid(const VolumeMap *map, VolumeSampling sampling, const float *image,
                    int64_t channels, float fill, float *grid, FornixError *error)
{
    int64_t size[3];
    volume_image_size(map, size);
    Axis axes[3];
    for (int a = 0; a < 3; a++)
        axes[a] = axis_new(size[a], map->size[a], map->start[a], map->step[a], sampling);
    bool ok = apply_all(axes, image, channels, fill, grid, error);
    for (int a = 0; a < 3; a++)
        axis_free(&axes[a]);
    return ok;
}

bool volume_from_grid(const VolumeMap *map, VolumeSampling sampling, const float *grid,
                      int64_t channels, float fill, float *image, FornixError *error)
{
    int64_t size[3];
    volume_image_size(map, size);
    Axis axes[3];
    for (int a = 0; a < 3; a++)
        axes[a] = axis_new(map->size[a], size[a], -map->start[a] / map->step[a], 1 / map->step[a],
                           sampling);
    bool ok = apply_all(axes, grid, channels, fill, image, error);
    for (int a = 0; a < 3; a++)
        axis_free(&axes[a]);
    return ok;
}
