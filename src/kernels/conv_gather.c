/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Direct convolution, forward and input gradient, where few pixels meet many channels.
 *
 * A line of pixels is too short there to use weights often enough. Pass 0 gathers what all pixels
 * of the batch see, a row for each; pass 1 is then one product of matrices, in which weights are
 * brought together a panel at a time and used for all rows. In the input gradient of a strided
 * convolution pixels fall into phases, of which each sees taps of its own.
 */
#include "conv_parts.h"
#include "panel.h"

enum {
    PANEL_DEPTH = 256,
    PANEL_BLOCKS = 4,
    PART_ROWS = 256, /* whose results stay in the second cache meanwhile */
    GOOD_GRAINS = 16,
    MOST_PIXELS = 4096,
    MOST_LINE = 12, /* pixels: longer lines use weights often enough */
    LEAST_SUMS = 64,
    LEAST_MADE = 32,
    MOST_FLOATS = 1 << 22,
    ROW_PAD = 16, /* floats, lest rows meet in few lines of the cache */
};

/* Positions of a phase, and the taps that they see; along each axis. */
typedef struct {
    int64_t first[3], step[3], count[3];
    int64_t tap[3], tap_step[3], taps[3]; /* tap, tap + tap_step... */
} Phase;

static int64_t phases_of(const Conv *conv, ConvTask task)
{
    return conv_phases(conv, task, 0) * conv_phases(conv, task, 1) * conv_phases(conv, task, 2);
}

/* Along an axis, the taps k with (position + front - dilation k) a multiple of the stride. */
static void taps_find(const Conv *conv, int axis, Phase *phase)
{
    int64_t stride = conv->stride[axis], kernel = conv->kernel[axis], second = kernel;
    phase->tap[axis] = kernel;
    for (int64_t k = kernel - 1; k >= 0; k--)
        if ((phase->first[axis] + conv->front[axis] - conv->dilation[axis] * k) % stride == 0) {
            second = phase->tap[axis];
            phase->tap[axis] = k;
        }
    phase->tap_step[axis] = conv_max(1, second - phase->tap[axis]);
    phase->taps[axis] = conv_shares(kernel - phase->tap[axis], phase->tap_step[axis]);
}

static Phase phase_of(const Conv *conv, ConvTask task, int64_t number)
{
    Phase phase;
    FornixShape out = conv_out(conv, task);
    for (int a = 2; a >= 0; a--) {
        int64_t phases = conv_phases(conv, task, a), size = conv_extent_of(out, a);
        phase.first[a] = number % phases;
        number /= phases;
        phase.step[a] = phases;
        phase.count[a] = conv_shares(conv_max(0, size - phase.first[a]), phases);
        phase.tap[a] = 0, phase.tap_step[a] = 1, phase.taps[a] = conv->kernel[a];
        if (task == CONV_INPUT_GRADIENT)
            taps_find(conv, a, &phase);
    }
    return phase;
}

static int64_t phase_rows(const Conv *conv, const Phase *phase)
{
    return conv->x.n * phase->count[0] * phase->count[1] * phase->count[2];
}

static int64_t phase_taps(const Phase *phase)
{
    return phase->taps[0] * phase->taps[1] * phase->taps[2];
}

/* Where the i-th tap of a phase stands in the kernel. */
static void tap_place(const Phase *phase, int64_t i, int64_t tap[3])
{
    for (int a = 2; a >= 0; a--) {
        tap[a] = phase->tap[a] + i % phase->taps[a] * phase->tap_step[a];
        i /= phase->taps[a];
    }
}

/* Floats of a row, and where the rows of a phase begin. */
static int64_t row_floats(const Conv *conv, ConvTask task, const Phase *phase)
{
    return phase_taps(phase) * conv_in(conv, task).c + ROW_PAD;
}

static int64_t rows_begin(const Conv *conv, ConvTask task, int64_t number)
{
    int64_t floats = 0;
    for (int64_t i = 0; i < number; i++) {
        Phase phase = phase_of(conv, task, i);
        floats += phase_rows(conv, &phase) * row_floats(conv, task, &phase);
    }
    return floats;
}

static int64_t gather_scratch(const Conv *conv, ConvTask task)
{
    return rows_begin(conv, task, phases_of(conv, task));
}

bool conv_gathers(const Conv *conv, ConvTask task)
{
    FornixShape out = conv_out(conv, task);
    int64_t down = conv_shares(out.h, conv_phases(conv, task, 1));
    int64_t across = conv_shares(out.w, conv_phases(conv, task, 2));
    return conv_in(conv, task).c >= LEAST_SUMS && out.c >= LEAST_MADE &&
           conv_max(down, across) < MOST_LINE && fornix_pixels(out) <= MOST_PIXELS &&
           gather_scratch(conv, task) <= MOST_FLOATS;
}

/* ---- Gathering ------------------------------------------------------------------------------ */

/* Where a row of a phase stands in the result: sample, d, h, w. */
static void row_place(const Phase *phase, int64_t row, int64_t place[4])
{
    for (int a = 2; a >= 0; a--) {
        place[a + 1] = phase->first[a] + row % phase->count[a] * phase->step[a];
        row /= phase->count[a];
    }
    place[0] = row;
}

/* The pixel that a tap shows to a place; NULL: outside. */
static const float *pixel_seen(const Conv *conv, ConvTask task, const FornixView *in,
                               const int64_t place[4], const int64_t tap[3])
{
    const int64_t pitch[3] = {in->pitch_d, in->pitch_h, in->pitch_w};
    const float *pixel = in->data + place[0] * in->pitch_n;
    for (int a = 0; a < 3; a++) {
        int64_t reach = conv->dilation[a] * tap[a] - conv->front[a];
        int64_t at = task == CONV_FORWARD ? place[a + 1] * conv->stride[a] + reach
                                          : (place[a + 1] - reach) / conv->stride[a];
        if (at < 0 || at >= conv_extent_of(conv_in(conv, task), a))
            return NULL;
        pixel += at * pitch[a];
    }
    return pixel;
}

static void row_gather(const Conv *conv, ConvTask task, const FornixView *in, const Phase *phase,
                       int64_t row, float *to)
{
    size_t bytes = (size_t)conv_in(conv, task).c * sizeof *to;
    int64_t place[4], tap[3];
    row_place(phase, row, place);
    for (int64_t i = 0; i < phase_taps(phase); i++, to += conv_in(conv, task).c) {
        tap_place(phase, i, tap);
        const float *pixel = pixel_seen(conv, task, in, place, tap);
        if (pixel)
            memcpy(to, pixel, bytes);
        else
            memset(to, 0, bytes);
    }
}

/* A grain of pass 0 is a pixel of the batch's result, by phases. */
static void rows_gather(const Conv *conv, ConvTask task, const ConvApply *apply, int64_t begin,
                        int64_t end)
{
    float *to = apply->scratch;
    for (int64_t number = 0; number < phases_of(conv, task); number++) {
        Phase phase = phase_of(conv, task, number);
        int64_t rows = phase_rows(conv, &phase), floats = row_floats(conv, task, &phase);
        for (int64_t row = conv_max(0, begin); row < conv_min(rows, end); row++)
            row_gather(conv, task, &apply->in, &phase, row, to + row * floats);
        to += rows * floats;
        begin -= rows;
        end -= rows;
    }
}

/* ---- The product ---------------------------------------------------------------------------- */

static int64_t columns_of(const Conv *conv, ConvTask task) /* of a grain, in blocks */
{
    int64_t blocks = conv_blocks(conv_out(conv, task).c);
    return conv_max(1, conv_min(PANEL_BLOCKS, blocks * phases_of(conv, task) / GOOD_GRAINS));
}

static int64_t gather_grains(const Conv *conv, ConvTask task, int pass)
{
    if (pass == 0)
        return fornix_pixels(conv_out(conv, task));
    int64_t blocks = conv_blocks(conv_out(conv, task).c);
    return phases_of(conv, task) * conv_shares(blocks, columns_of(conv, task));
}

typedef struct {
    const Conv *conv;
    ConvTask task;
    const ConvApply *apply;
    Phase phase;
    const float *rows;
    int64_t row_step;
    int64_t block, blocks; /* of the result's channels */
    float bias[PANEL_BLOCKS * ISA_LANES];
} Product;

/* Weights of one tap: channels summed over from `from` on, and those made. */
static void weights_bring(const Product *p, int64_t tap, int64_t from, int64_t depth, float *panel)
{
    int64_t sums = conv_in(p->conv, p->task).c, made = conv_out(p->conv, p->task).c;
    int64_t first = p->block * ISA_LANES;
    bool turned = p->task == CONV_INPUT_GRADIENT;
    Panel b = {.from = p->apply->weight + tap * sums * made + from * (turned ? 1 : made) +
                       first * (turned ? sums : 1),
               .depth = depth,
               .columns = conv_min(p->blocks * ISA_LANES, made - first),
               .step = turned ? sums : made,
               .turned = turned};
    panel_bring(&b, panel);
}

/* Rows of the result to their pixels. */
static void rows_scatter(const Product *p, int64_t first, int64_t count, const float *results)
{
    const FornixTensor *out = &p->apply->out;
    int64_t channel = p->block * ISA_LANES;
    int64_t channels = conv_min(p->blocks * ISA_LANES, out->shape.c - channel);
    for (int64_t row = 0; row < count; row++) {
        int64_t place[4];
        row_place(&p->phase, first + row, place);
        memcpy(out->data + place[0] * out->pitch_n + place[1] * out->pitch_d +
                   place[2] * out->pitch_h + place[3] * out->pitch_w + channel,
               results + row * PANEL_BLOCKS * ISA_LANES, (size_t)channels * sizeof *results);
    }
}

static void part_multiply(const Product *p, int64_t first, int64_t count)
{
    _Alignas(64) float results[PART_ROWS * PANEL_BLOCKS * ISA_LANES];
    _Alignas(64) float panel[PANEL_BLOCKS * PANEL_DEPTH * ISA_LANES];
    int64_t sums = conv_in(p->conv, p->task).c, taps = phase_taps(&p->phase);
    for (int64_t row = 0; row < count; row++)
        memcpy(results + row * PANEL_BLOCKS * ISA_LANES, p->bias, sizeof p->bias);
    IsaDot dot = {.taps = {1, 1, 1},
                  .a_step = p->row_step,
                  .c_step = PANEL_BLOCKS * ISA_LANES,
                  .b_step = ISA_LANES,
                  .width = ISA_LANES,
                  .accumulate = true};
    for (int64_t i = 0; i < taps; i++) {
        int64_t at[3];
        tap_place(&p->phase, i, at);
        int64_t tap = (at[0] * p->conv->kernel[1] + at[1]) * p->conv->kernel[2] + at[2];
        for (int64_t from = 0; from < sums; from += PANEL_DEPTH) {
            dot.length = conv_min(PANEL_DEPTH, sums - from);
            weights_bring(p, tap, from, dot.length, panel);
            for (int64_t block = 0; block < p->blocks; block++)
                isa_micro(p->conv->isa)
                    ->dot(&dot, count, p->rows + first * p->row_step + i * sums + from,
                          panel + block * dot.length * ISA_LANES, NULL,
                          results + block * ISA_LANES);
        }
    }
    rows_scatter(p, first, count, results);
}

static void product_compute(const Conv *conv, ConvTask task, const ConvApply *apply, int64_t grain)
{
    int64_t blocks = conv_blocks(conv_out(conv, task).c), columns = columns_of(conv, task);
    int64_t groups = conv_shares(blocks, columns), number = grain / groups;
    Product p = {.conv = conv,
                 .task = task,
                 .apply = apply,
                 .phase = phase_of(conv, task, number),
                 .rows = apply->scratch + rows_begin(conv, task, number),
                 .block = grain % groups * columns};
    p.blocks = conv_min(columns, blocks - p.block);
    p.row_step = row_floats(conv, task, &p.phase);
    for (int64_t block = 0; block < p.blocks; block++)
        conv_start(p.bias + block * ISA_LANES, apply->bias, conv_out(conv, task).c,
                   p.block + block);
    int64_t rows = phase_rows(conv, &p.phase);
    for (int64_t first = 0; first < rows; first += PART_ROWS)
        part_multiply(&p, first, conv_min(PART_ROWS, rows - first));
}

static void gather_compute(const Conv *conv, ConvTask task, const ConvApply *apply, int pass,
                           int64_t begin, int64_t end)
{
    if (pass == 0)
        rows_gather(conv, task, apply, begin, end);
    for (int64_t grain = begin; pass == 1 && grain < end; grain++)
        product_compute(conv, task, apply, grain);
}

const ConvApplyWay conv_gathered = {gather_grains, gather_scratch, gather_compute};
