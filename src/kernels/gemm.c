/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Matrix products for dense layers; see gemm.h.
 *
 * A grain is a block of C. Its k go a panel at a time: rows of B, and of a turned A, are brought
 * together, because they lie powers of two apart so often that they meet in few lines of the cache.
 */
#include "gemm.h"

#include "conv_parts.h"
#include "panel.h"

enum {
    PANEL_DEPTH = 256,
    GROUP_ROWS = 48, /* of C at once: a panel of A, one of B fit into the first cache */
    MOST_BLOCKS = 4,
    GRAIN_FLOPS = 1 << 22,
    LEAST_ROWS = 96, /* of a grain: so often is a panel of B used */
    FEW_ROWS = 24,   /* not worth bringing B together */
    GOOD_GRAINS = 8,
};

typedef struct {
    int64_t rows, row_blocks, columns, column_blocks;
} Cut;

static Cut cut_of(int64_t m, int64_t n, int64_t k)
{
    Cut cut = {
        .rows = conv_max(LEAST_ROWS, GRAIN_FLOPS / (2 * MOST_BLOCKS * ISA_LANES * conv_max(1, k)))};
    cut.row_blocks = conv_max(1, conv_shares(m, cut.rows));
    cut.rows = conv_shares(m, cut.row_blocks);
    /* Lines of B that lie side by side are read together; but a few grains there must be. */
    int64_t blocks = conv_blocks(n) * cut.row_blocks / GOOD_GRAINS;
    cut.columns = ISA_LANES * conv_min(MOST_BLOCKS, conv_max(1, blocks));
    cut.column_blocks = conv_shares(n, cut.columns);
    return cut;
}

int64_t gemm_grains(int64_t m, int64_t n, int64_t k)
{
    Cut cut = cut_of(m, n, k);
    return cut.row_blocks * cut.column_blocks;
}

typedef struct {
    const Gemm *g;
    int64_t row, rows, column, columns, k, depth; /* a block of C, a panel's k */
} Part;

/* B of a part: the first block's rows, `step` apart, and how far apart blocks are. */
static const float *panel_of_b(const Part *part, float *panel, int64_t *step, int64_t *apart)
{
    const Gemm *g = part->g;
    Panel b = {.from = g->b + part->k * (g->b_turned ? 1 : g->b_step) +
                       part->column * (g->b_turned ? g->b_step : 1),
               .depth = part->depth,
               .columns = part->columns,
               .step = g->b_step,
               .turned = g->b_turned};
    if (!g->b_turned && part->columns % ISA_LANES == 0 && part->rows <= FEW_ROWS) {
        *step = g->b_step;
        *apart = ISA_LANES;
        return b.from;
    }
    panel_bring(&b, panel);
    *step = ISA_LANES;
    *apart = part->depth * ISA_LANES;
    return panel;
}

/* A group of a turned A's rows: [k][GROUP_ROWS]. */
static void panel_of_a(const Part *part, int64_t row, int64_t rows, float *panel)
{
    const float *a = part->g->a + part->k * part->g->a_step + row;
    for (int64_t i = 0; i < part->depth; i++)
        memcpy(panel + i * GROUP_ROWS, a + i * part->g->a_step, (size_t)rows * sizeof *panel);
}

typedef struct {
    const float *a, *b;
    int64_t b_step;
    int64_t row, rows, column;
    int width;
} Block;

static void block_multiply(const Part *part, const Block *block)
{
    const Gemm *g = part->g;
    float *c = g->c + block->row * g->c_step + block->column;
    bool first = part->k == 0 && !g->accumulate;
    float start[ISA_LANES];
    for (int j = 0; j < ISA_LANES; j++)
        start[j] = first && g->bias && j < block->width ? g->bias[block->column + j] : 0;
    if (!g->a_turned) {
        IsaDot dot = {.taps = {1, 1, 1},
                      .length = part->depth,
                      .a_step = g->a_step,
                      .c_step = g->c_step,
                      .b_step = block->b_step,
                      .width = block->width,
                      .accumulate = !first};
        isa_micro(g->isa)->dot(&dot, block->rows, block->a, block->b, start, c);
        return;
    }
    for (int64_t i = 0; first && g->bias && i < block->rows; i++)
        for (int j = 0; j < block->width; j++)
            c[i * g->c_step + j] = start[j];
    IsaOuter outer = {.lines = 1,
                      .pixels = part->depth,
                      .a_pixel = GROUP_ROWS,
                      .b_pixel = block->b_step,
                      .rows = block->rows,
                      .c_step = g->c_step,
                      .width = block->width,
                      .accumulate = !first || g->bias};
    isa_micro(g->isa)->outer(&outer, block->a, block->b, c);
}

static void panel_multiply(const Part *part)
{
    const Gemm *g = part->g;
    _Alignas(64) float b_panel[MOST_BLOCKS * PANEL_DEPTH * ISA_LANES];
    _Alignas(64) float a_panel[PANEL_DEPTH * GROUP_ROWS];
    int64_t step, apart, count = conv_shares(part->columns, ISA_LANES);
    const float *b = panel_of_b(part, b_panel, &step, &apart);
    for (int64_t row = part->row; row < part->row + part->rows; row += GROUP_ROWS) {
        int64_t rows = conv_min(GROUP_ROWS, part->row + part->rows - row);
        if (g->a_turned)
            panel_of_a(part, row, rows, a_panel);
        for (int64_t i = 0; i < count; i++) {
            int64_t column = part->column + i * ISA_LANES;
            Block block = {.a = g->a_turned ? a_panel : g->a + row * g->a_step + part->k,
                           .b = b + i * apart,
                           .b_step = step,
                           .row = row,
                           .rows = rows,
                           .column = column,
                           .width =
                               (int)conv_min(ISA_LANES, part->column + part->columns - column)};
            block_multiply(part, &block);
        }
    }
}

void gemm(const Gemm *g, int64_t begin, int64_t end)
{
    Cut cut = cut_of(g->m, g->n, g->k);
    for (int64_t grain = begin; grain < end; grain++) {
        Part part = {.g = g,
                     .row = grain / cut.column_blocks * cut.rows,
                     .column = grain % cut.column_blocks * cut.columns};
        part.rows = conv_min(cut.rows, g->m - part.row);
        part.columns = conv_min(cut.columns, g->n - part.column);
        do {
            part.depth = conv_min(PANEL_DEPTH, g->k - part.k);
            panel_multiply(&part);
            part.k += part.depth;
        } while (part.k < g->k);
    }
}
