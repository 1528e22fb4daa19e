/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boxes cut out of a grid: patches to train on, windows to segment. Sizes and places are D H W.
 *
 * A box may reach beyond the grid, or be larger than it: the edge goes on there, which is right
 * for images of any scale and for masks alike, where a constant would be right for some.
 */
#ifndef FORNIX_CUTOUT_H
#define FORNIX_CUTOUT_H

#include "node.h"

/* Of one line along W: pixels [at, at + count) of it are those of the grid from place on; the ones
 * before and behind repeat the first and the last of these. count is 1 at least. */
typedef struct CutoutLine {
    int64_t place, at, count;
} CutoutLine;

CutoutLine cutout_line(const FornixBox *box, int64_t width);
/* Fills up a line of which pixels [at, at + count) are there. */
void cutout_line_fill(const FornixBox *box, const CutoutLine *line, int64_t channels, float *out);
/* The place in the grid of line (d, h) of the box, in lines. */
int64_t cutout_line_number(const FornixBox *box, const int64_t grid[3], int64_t d, int64_t h);

/* The box out of a dense grid, dense. */
void cutout_take(const FornixBox *box, const float *from, const int64_t grid[3], int64_t channels,
                 float *out);

/* How large a box on that grid is that a user wrote as size="64", "48 64" or "32 48 64": of an
 * image without depth one number means H and W. false: its depth is more than there is. */
bool cutout_size(const FornixDims *dims, const int64_t grid[3], int64_t size[3]);

#endif
