/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Matrix products for dense layers; see gemm.h.
 *
 * A grain is a block of C. Its columns go ISA_LANES at a time; of B, as many rows are brought
 * together in a panel as stay in the first cache while all rows of the block pass by.
 */
#include "gemm.h"

#include "conv_parts.h"

enum { PANEL_ROWS = 256, BLOCK_COLUMNS = 4 * ISA_LANES, GRAIN_FLOPS = 1 << 22, LEAST_ROWS = 24 };

typedef struct {
    int64_t rows, row_blocks, column_blocks;
} Cut;

static Cut cut_of(int64_t m, int64_t n, int64_t k)
{
    Cut cut = {.column_blocks = conv_shares(n, BLOCK_COLUMNS)};
    cut.rows = conv_max(LEAST_ROWS, GRAIN_FLOPS / (2 * BLOCK_COLUMNS * conv_max(1, k)));
    cut.row_blocks = conv_shares(m, cut.rows);
    return cut;
}

int64_t gemm_grains(int64_t m, int64_t n, int64_t k)
{
    Cut cut = cut_of(m, n, k);
    return cut.row_blocks * cut.column_blocks;
}

typedef struct {
    int64_t row, rows, column, k, depth;
    int width;
} Part;

/* B of a part, ISA_LANES columns wide: in place where it stands so and is used little. */
static const float *panel_of(const Gemm *g, const Part *part, float *panel, int64_t *step)
{
    int64_t down = g->b_turned ? 1 : g->b_step, across = g->b_turned ? g->b_step : 1;
    const float *b = g->b + part->k * down + part->column * across;
    if (!g->b_turned && part->width == ISA_LANES && part->rows <= LEAST_ROWS) {
        *step = g->b_step;
        return b;
    }
    for (int64_t i = 0; i < part->depth; i++)
        for (int j = 0; j < ISA_LANES; j++)
            panel[i * ISA_LANES + j] = j < part->width ? b[i * down + j * across] : 0;
    *step = ISA_LANES;
    return panel;
}

static void part_multiply(const Gemm *g, const Part *part, const float *b, int64_t b_step)
{
    const IsaMicro *micro = isa_micro(g->isa);
    float *c = g->c + part->row * g->c_step + part->column;
    bool first = part->k == 0 && !g->accumulate;
    float start[ISA_LANES];
    for (int j = 0; j < ISA_LANES; j++)
        start[j] = first && g->bias && j < part->width ? g->bias[part->column + j] : 0;
    if (!g->a_turned) {
        IsaDot dot = {.taps = {1, 1, 1},
                      .length = part->depth,
                      .a_step = g->a_step,
                      .c_step = g->c_step,
                      .b_step = b_step,
                      .width = part->width,
                      .accumulate = !first};
        micro->dot(&dot, part->rows, g->a + part->row * g->a_step + part->k, b, start, c);
        return;
    }
    for (int64_t i = 0; first && i < part->rows; i++)
        for (int j = 0; j < part->width; j++)
            c[i * g->c_step + j] = start[j];
    IsaOuter outer = {.lines = 1,
                      .pixels = part->depth,
                      .a_pixel = g->a_step,
                      .b_pixel = b_step,
                      .rows = part->rows,
                      .c_step = g->c_step,
                      .width = part->width,
                      .accumulate = true};
    micro->outer(&outer, g->a + part->row + part->k * g->a_step, b, c);
}

static void grain_multiply(const Gemm *g, int64_t row, int64_t rows, int64_t column, int64_t end)
{
    float panel[PANEL_ROWS * ISA_LANES];
    for (; column < end; column += ISA_LANES) {
        Part part = {.row = row,
                     .rows = rows,
                     .column = column,
                     .width = (int)conv_min(ISA_LANES, end - column)};
        do {
            int64_t step;
            part.depth = conv_min(PANEL_ROWS, g->k - part.k);
            const float *b = panel_of(g, &part, panel, &step);
            part_multiply(g, &part, b, step);
            part.k += part.depth;
        } while (part.k < g->k);
    }
}

void gemm(const Gemm *g, int64_t begin, int64_t end)
{
    Cut cut = cut_of(g->m, g->n, g->k);
    for (int64_t grain = begin; grain < end; grain++) {
        int64_t row = grain / cut.column_blocks * cut.rows;
        int64_t column = grain % cut.column_blocks * BLOCK_COLUMNS;
        grain_multiply(g, row, conv_min(cut.rows, g->m - row), column,
                       conv_min(column + BLOCK_COLUMNS, g->n));
    }
}
