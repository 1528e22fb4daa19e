/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows lie so far apart that the processor does not see what comes next: it is told. Turned ones
 * are turned four by four.
 */
#include "panel.h"

#include <string.h>

#include "isa_micro.h"

enum { AHEAD = 12, FOUR = 4, LINE = 16 }; /* rows, floats, floats */

typedef float Four __attribute__((vector_size(FOUR * sizeof(float))));
typedef float LooseFour
    __attribute__((vector_size(FOUR * sizeof(float)), aligned(sizeof(float)), may_alias));

#if defined(__clang__)
#define PICK(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
typedef int FourPlaces __attribute__((vector_size(FOUR * sizeof(int))));
#define PICK(a, b, i, j, k, l) __builtin_shuffle(a, b, (FourPlaces){i, j, k, l})
#endif

static void rows_bring(const Panel *panel, float *to)
{
    int64_t block = panel->depth * ISA_LANES;
    for (int64_t i = 0; i < panel->depth; i++) {
        const float *row = panel->from + i * panel->step;
        for (int64_t c = 0; c < panel->columns; c += LINE)
            __builtin_prefetch(row + AHEAD * panel->step + c);
        float *line = to + i * ISA_LANES;
        int64_t c = 0;
        for (; c + ISA_LANES <= panel->columns; c += ISA_LANES, line += block)
            memcpy(line, row + c, ISA_LANES * sizeof *line);
        for (int64_t j = 0; c < panel->columns && j < ISA_LANES; j++)
            line[j] = c + j < panel->columns ? row[c + j] : 0;
    }
}

static void four_turn(const float *from, int64_t step, float *to)
{
    Four a = *(const LooseFour *)from, b = *(const LooseFour *)(from + step);
    Four c = *(const LooseFour *)(from + 2 * step), d = *(const LooseFour *)(from + 3 * step);
    Four ab = PICK(a, b, 0, 4, 1, 5), cd = PICK(c, d, 0, 4, 1, 5);
    *(LooseFour *)to = PICK(ab, cd, 0, 1, 4, 5);
    *(LooseFour *)(to + ISA_LANES) = PICK(ab, cd, 2, 3, 6, 7);
    ab = PICK(a, b, 2, 6, 3, 7), cd = PICK(c, d, 2, 6, 3, 7);
    *(LooseFour *)(to + 2 * ISA_LANES) = PICK(ab, cd, 0, 1, 4, 5);
    *(LooseFour *)(to + 3 * ISA_LANES) = PICK(ab, cd, 2, 3, 6, 7);
}

/* A block of `width` columns. */
static void block_turn(const Panel *panel, const float *from, int64_t width, float *to)
{
    int64_t fours = width / FOUR * FOUR, deep = panel->depth / FOUR * FOUR;
    for (int64_t j = 0; j < fours; j += FOUR)
        for (int64_t i = 0; i < deep; i += FOUR)
            four_turn(from + j * panel->step + i, panel->step, to + i * ISA_LANES + j);
    for (int64_t i = 0; i < panel->depth; i++)
        for (int64_t j = i < deep ? fours : 0; j < ISA_LANES; j++)
            to[i * ISA_LANES + j] = j < width ? from[j * panel->step + i] : 0;
}

void panel_bring(const Panel *panel, float *to)
{
    if (!panel->turned) {
        rows_bring(panel, to);
        return;
    }
    for (int64_t c = 0; c < panel->columns; c += ISA_LANES, to += panel->depth * ISA_LANES) {
        int64_t left = panel->columns - c;
        block_turn(panel, panel->from + c * panel->step, left < ISA_LANES ? left : ISA_LANES, to);
    }
}
