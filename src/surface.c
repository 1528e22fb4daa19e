/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How far the surfaces of a predicted mask and of the true one lie apart.
 *
 * Only the box that holds both masks is looked at: the nearest surface voxel lies in it, and an
 * organ fills a small part of its image.
 */
#include "surface.h"

#include <inttypes.h>
#include <math.h>

#include "base.h"
#include "edt.h"
#include "statistics.h"

enum { PREDICTED, TRUTH, MASKS };

typedef struct {
    int64_t first[3], size[3], voxels;
    uint8_t *in, *surface[MASKS]; /* in: bit 1 << mask */
    double *squares;
    int64_t bytes;
} Box;

double mask_diagonal(const MaskPair *pair)
{
    double sum = 0;
    for (int a = 0; a < 3; a++) {
        double side = (double)(pair->size[a] - 1) * pair->spacing[a];
        sum += side * side;
    }
    return sqrt(sum);
}

static unsigned masks_at(const MaskPair *pair, int64_t i, float class)
{
    if (!(pair->truth[i] >= 0))
        return 0;
    return (unsigned)(pair->predicted[i] == class) << PREDICTED |
           (unsigned)(pair->truth[i] == class) << TRUTH;
}

/* False where neither mask has the class. */
static bool find_box(const MaskPair *pair, float class, Box *box)
{
    int64_t last[3] = {-1, -1, -1}, i = 0;
    for (int a = 0; a < 3; a++)
        box->first[a] = pair->size[a];
    for (int64_t d = 0; d < pair->size[2]; d++)
        for (int64_t h = 0; h < pair->size[1]; h++)
            for (int64_t w = 0; w < pair->size[0]; w++, i++) {
                const int64_t at[3] = {w, h, d};
                if (!masks_at(pair, i, class))
                    continue;
                for (int a = 0; a < 3; a++) {
                    box->first[a] = at[a] < box->first[a] ? at[a] : box->first[a];
                    last[a] = at[a] > last[a] ? at[a] : last[a];
                }
            }
    for (int a = 0; a < 3; a++)
        box->size[a] = last[a] - box->first[a] + 1;
    box->voxels = box->size[0] * box->size[1] * box->size[2];
    return last[0] >= 0;
}

static bool open_box(Box *box, FornixError *error)
{
    box->bytes = box->voxels * (int64_t)(sizeof(double) + 1 + MASKS);
    box->squares = mem_large((size_t)box->bytes);
    if (!box->squares)
        return fornix_fail(error, "no memory for the surfaces of %" PRId64 " voxels", box->voxels);
    box->in = (uint8_t *)(box->squares + box->voxels);
    for (int mask = 0; mask < MASKS; mask++)
        box->surface[mask] = box->in + (1 + mask) * box->voxels;
    return true;
}

static void fill_box(const MaskPair *pair, float class, Box *box)
{
    int64_t i = 0;
    for (int64_t d = 0; d < box->size[2]; d++)
        for (int64_t h = 0; h < box->size[1]; h++)
            for (int64_t w = 0; w < box->size[0]; w++, i++) {
                int64_t row = (box->first[2] + d) * pair->size[1] + box->first[1] + h;
                box->in[i] =
                    (uint8_t)masks_at(pair, row * pair->size[0] + box->first[0] + w, class);
            }
}

/* The masks that all face neighbours are in: beyond the box there is neither. */
static unsigned around(const MaskPair *pair, const Box *box, int64_t i)
{
    unsigned all = ~0u;
    int64_t stride = 1;
    for (int a = 0; a < 3; stride *= box->size[a++]) {
        int64_t at = i / stride % box->size[a];
        if (pair->size[a] == 1)
            continue;
        all &= at > 0 ? box->in[i - stride] : 0u;
        all &= at + 1 < box->size[a] ? box->in[i + stride] : 0u;
    }
    return all;
}

static void find_surfaces(const MaskPair *pair, Box *box, int64_t count[MASKS])
{
    for (int64_t i = 0; i < box->voxels; i++) {
        unsigned edge = box->in[i] ? box->in[i] & ~around(pair, box, i) : 0;
        for (int mask = 0; mask < MASKS; mask++) {
            box->surface[mask][i] = edge >> mask & 1;
            count[mask] += edge >> mask & 1;
        }
    }
}

static void add_distances(Surfaces *surfaces, const MaskPair *pair, const Box *box, int mask,
                          int64_t count)
{
    int64_t needed = surfaces->count[mask] + count;
    if (needed > surfaces->room[mask]) {
        surfaces->room[mask] = needed + needed / 2;
        surfaces->apart[mask] = mem_grow(surfaces->apart[mask], (size_t)surfaces->room[mask],
                                         sizeof *surfaces->apart[mask]);
    }
    edt_squares(box->surface[!mask], box->size, pair->spacing, box->squares);
    double most = mask_diagonal(pair);
    for (int64_t i = 0; i < box->voxels; i++)
        if (box->surface[mask][i])
            surfaces->apart[mask][surfaces->count[mask]++] =
                isinf(box->squares[i]) ? most : sqrt(box->squares[i]);
}

bool surfaces_add(Surfaces *surfaces, const MaskPair *pair, int64_t class, FornixError *error)
{
    Box box;
    int64_t count[MASKS] = {0, 0};
    surfaces->diagonal = fmax(surfaces->diagonal, mask_diagonal(pair));
    if (!find_box(pair, (float)class, &box))
        return true;
    if (!open_box(&box, error))
        return false;
    fill_box(pair, (float)class, &box);
    find_surfaces(pair, &box, count);
    for (int mask = 0; mask < MASKS; mask++)
        if (count[mask])
            add_distances(surfaces, pair, &box, mask, count[mask]);
    mem_large_free(box.squares, (size_t)box.bytes);
    return true;
}

void surfaces_free(Surfaces *surfaces)
{
    for (int mask = 0; mask < MASKS; mask++)
        mem_free(surfaces->apart[mask]);
    *surfaces = (Surfaces){0};
}

double surfaces_hd95(Surfaces *surfaces)
{
    double largest = NAN;
    for (int mask = 0; mask < MASKS; mask++) {
        statistics_sort(surfaces->apart[mask], surfaces->count[mask]);
        double p = statistics_quantile(surfaces->apart[mask], surfaces->count[mask], 0.95);
        largest = fmax(largest, p); /* which passes over NAN */
    }
    return largest;
}

/* What lies just as far as the tolerance lies within it, whatever a square root rounds to. */
double surfaces_nsd(const Surfaces *surfaces, double tolerance)
{
    const double rounding = 1e-9;
    double within = 0, all = (double)(surfaces->count[PREDICTED] + surfaces->count[TRUTH]);
    for (int mask = 0; mask < MASKS; mask++)
        for (int64_t k = 0; k < surfaces->count[mask]; k++)
            within += surfaces->apart[mask][k] <= tolerance * (1 + rounding);
    return all > 0 ? within / all : NAN;
}
