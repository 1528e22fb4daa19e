/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cutout.h"

#include <string.h>

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

CutoutLine cutout_line(const FornixBox *box, int64_t width)
{
    int64_t start = box->start[2], size = box->size[2];
    int64_t first = clamp(start, 0, width - 1), last = clamp(start + size - 1, 0, width - 1);
    return (CutoutLine){first, clamp(first - start, 0, size - 1), last - first + 1};
}

void cutout_line_fill(const FornixBox *box, const CutoutLine *line, int64_t channels, float *out)
{
    size_t bytes = (size_t)channels * sizeof *out;
    int64_t last = line->at + line->count - 1;
    for (int64_t w = 0; w < line->at; w++)
        memcpy(out + w * channels, out + line->at * channels, bytes);
    for (int64_t w = last + 1; w < box->size[2]; w++)
        memcpy(out + w * channels, out + last * channels, bytes);
}

int64_t cutout_line_number(const FornixBox *box, const int64_t grid[3], int64_t d, int64_t h)
{
    return clamp(box->start[0] + d, 0, grid[0] - 1) * grid[1] +
           clamp(box->start[1] + h, 0, grid[1] - 1);
}

void cutout_take(const FornixBox *box, const float *from, const int64_t grid[3], int64_t channels,
                 float *out)
{
    CutoutLine line = cutout_line(box, grid[2]);
    for (int64_t d = 0; d < box->size[0]; d++)
        for (int64_t h = 0; h < box->size[1]; h++) {
            int64_t at = cutout_line_number(box, grid, d, h) * grid[2] + line.place;
            memcpy(out + line.at * channels, from + at * channels,
                   (size_t)(line.count * channels) * sizeof *out);
            cutout_line_fill(box, &line, channels, out);
            out += box->size[2] * channels;
        }
}

bool cutout_size(const FornixDims *dims, const int64_t grid[3], int64_t size[3])
{
    for (int axis = 0; axis < 3; axis++)
        size[axis] = dims->size[axis];
    if (grid[0] == 1 && dims->count == 1)
        size[0] = 1;
    return size[0] == 1 || grid[0] > 1;
}
