/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "spectral.h"

#include <math.h>
#include <string.h>

enum { BLOCK_FLOATS = 16384 };

static const double least_length = 1e-12; /* PyTorch's */

enum { ADD_ROWS, SUM_ROWS, TURN, MEASURE, DIVIDE };
enum { MULTIPLY, SUM_PRODUCTS, GIVE };

static int64_t block_rows(int64_t columns)
{
    return columns < BLOCK_FLOATS ? BLOCK_FLOATS / columns : 1;
}

static int64_t blocks_of(int64_t rows, int64_t columns)
{
    return (rows + block_rows(columns) - 1) / block_rows(columns);
}

int64_t spectral_forward_grains(int64_t rows, int64_t columns, int pass)
{
    return pass == SUM_ROWS || pass == MEASURE ? 1 : blocks_of(rows, columns);
}

int64_t spectral_backward_grains(int64_t rows, int64_t columns, int pass)
{
    return pass == SUM_PRODUCTS ? 1 : blocks_of(rows, columns);
}

int64_t spectral_scratch(int64_t rows, int64_t columns)
{
    return 2 * (blocks_of(rows, columns) * columns + 1);
}

/* The rows of blocks [begin, end). */
typedef struct {
    int64_t first, last;
} Rows;

static Rows rows_of(const Spectral *s, int64_t begin, int64_t end)
{
    int64_t size = block_rows(s->columns), last = end * size;
    return (Rows){begin * size, last < s->rows ? last : s->rows};
}

static double *sums_of(const Spectral *s)
{
    return (double *)(void *)s->scratch;
}

static void add_rows(const Spectral *s, int64_t block)
{
    double *sum = sums_of(s) + block * s->columns;
    Rows rows = rows_of(s, block, block + 1);
    memset(sum, 0, (size_t)s->columns * sizeof *sum);
    for (int64_t r = rows.first; r < rows.last; r++)
        for (int64_t c = 0; c < s->columns; c++)
            sum[c] += (double)s->start[r] * (double)s->weight[r * s->columns + c];
}

static void sum_rows(const Spectral *s)
{
    double *sum = sums_of(s), squares = 0;
    for (int64_t b = 1; b < blocks_of(s->rows, s->columns); b++)
        for (int64_t c = 0; c < s->columns; c++)
            sum[c] += sum[b * s->columns + c];
    for (int64_t c = 0; c < s->columns; c++)
        squares += sum[c] * sum[c];
    double length = fmax(sqrt(squares), least_length);
    for (int64_t c = 0; c < s->columns; c++)
        s->u[c] = (float)(sum[c] / length);
}

static void turn_rows(const Spectral *s, Rows rows)
{
    for (int64_t r = rows.first; r < rows.last; r++) {
        double sum = 0;
        for (int64_t c = 0; c < s->columns; c++)
            sum += (double)s->weight[r * s->columns + c] * (double)s->u[c];
        s->v[r] = (float)sum;
    }
}

static void measure(const Spectral *s)
{
    double squares = 0;
    for (int64_t r = 0; r < s->rows; r++)
        squares += (double)s->v[r] * (double)s->v[r];
    double length = fmax(sqrt(squares), least_length);
    for (int64_t r = 0; r < s->rows; r++)
        s->v[r] = (float)((double)s->v[r] / length);
    *s->value = (float)length;
}

void spectral_forward(const Spectral *s, int pass, int64_t begin, int64_t end)
{
    Rows rows = rows_of(s, begin, end);
    for (int64_t block = begin; block < end && pass == ADD_ROWS; block++)
        add_rows(s, block);
    if (pass == SUM_ROWS)
        sum_rows(s);
    else if (pass == TURN)
        turn_rows(s, rows);
    else if (pass == MEASURE)
        measure(s);
    else if (pass == DIVIDE)
        for (int64_t i = rows.first * s->columns; i < rows.last * s->columns; i++)
            s->y[i] = s->weight[i] / *s->value;
}

static double multiply(const Spectral *s, Rows rows)
{
    double sum = 0;
    for (int64_t i = rows.first * s->columns; i < rows.last * s->columns; i++)
        sum += (double)s->dy[i] * (double)s->weight[i];
    return sum / (double)*s->value;
}

static void give(const Spectral *s, Rows rows, double product)
{
    double scale = 1 / (double)*s->value;
    for (int64_t r = rows.first; r < rows.last; r++) {
        float along = (float)(scale * product * (double)s->v[r]);
        for (int64_t c = 0; c < s->columns; c++)
            s->dweight[r * s->columns + c] =
                (float)scale * s->dy[r * s->columns + c] - along * s->u[c];
    }
}

void spectral_backward(const Spectral *s, int pass, int64_t begin, int64_t end)
{
    double *sums = sums_of(s);
    int64_t blocks = blocks_of(s->rows, s->columns);
    for (int64_t block = begin; block < end && pass == MULTIPLY; block++)
        sums[block] = multiply(s, rows_of(s, block, block + 1));
    if (pass == SUM_PRODUCTS) {
        sums[blocks] = 0;
        for (int64_t block = 0; block < blocks; block++)
            sums[blocks] += sums[block];
    } else if (pass == GIVE) {
        give(s, rows_of(s, begin, end), sums[blocks]);
    }
}
