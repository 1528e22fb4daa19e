/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Direct convolution: forward and input gradient.
 *
 * Both gather: a pixel of the result is a sum over taps of pixels of the operand times a matrix of
 * weights. Weights are packed first into blocks of ISA_LANES channels of the result, for an input
 * gradient turned round. A grain makes some rows of one plane. Where the taps along a row lie side
 * by side in memory, they and their channels are one long sum. Where all weights fit into the
 * second cache, a line is made with all of its blocks while what it sees is near.
 */
#include "conv_parts.h"
#include "panel.h"

/* About the work of a grain: a few hundredths of a millisecond. */
enum { GRAIN_FLOPS = 1 << 22, LEAST_ROWS = 8, TILE_ROWS = 6, NEAR_WEIGHTS = 1 << 16 };

/* ---- Packed weights: [block][kd][kh][kw][channels summed over][ISA_LANES] ------------------ */

static int64_t block_floats(const Conv *conv, ConvTask task)
{
    return conv_taps(conv) * conv_in(conv, task).c * ISA_LANES;
}

static int64_t direct_scratch(const Conv *conv, ConvTask task)
{
    return conv_blocks(conv_out(conv, task).c) * block_floats(conv, task);
}

/* A grain is one tap of one block. */
static void weights_pack(const Conv *conv, ConvTask task, const float *weight, float *packed,
                         int64_t grain)
{
    int64_t taps = conv_taps(conv), block = grain / taps, tap = grain % taps;
    int64_t sums = conv_in(conv, task).c, made = conv_out(conv, task).c;
    bool turned = task == CONV_INPUT_GRADIENT;
    Panel panel = {.from = weight + (turned ? taps - 1 - tap : tap) * sums * made +
                           block * ISA_LANES * (turned ? sums : 1),
                   .depth = sums,
                   .columns = conv_width(made, block),
                   .step = turned ? sums : made,
                   .turned = turned};
    panel_bring(&panel, packed + grain * sums * ISA_LANES);
}

/* ---- How the result is cut into grains ------------------------------------------------------ */

typedef struct {
    int64_t rows, parts;    /* of a plane */
    int64_t blocks, groups; /* of channels */
} Cut;

static bool lines_whole(const Conv *conv, ConvTask task) /* made with all of their blocks */
{
    return direct_scratch(conv, task) <= NEAR_WEIGHTS;
}

static Cut cut_of(const Conv *conv, ConvTask task)
{
    FornixShape in = conv_in(conv, task), out = conv_out(conv, task);
    int64_t blocks = conv_blocks(out.c);
    int64_t row = conv_max(1, out.w * conv_taps(conv) * in.c * 2 * ISA_LANES);
    Cut cut = {0};
    int64_t together = lines_whole(conv, task) ? blocks : 1;
    cut.rows = conv_min(out.h, conv_max(LEAST_ROWS, GRAIN_FLOPS / (row * together)));
    cut.parts = conv_shares(out.h, cut.rows);
    cut.rows = conv_shares(out.h, cut.parts);
    cut.blocks = conv_min(blocks, conv_max(together, GRAIN_FLOPS / (row * cut.rows)));
    cut.groups = conv_shares(blocks, cut.blocks);
    return cut;
}

static int64_t direct_grains(const Conv *conv, ConvTask task, int pass)
{
    FornixShape out = conv_out(conv, task);
    if (pass == 0)
        return conv_blocks(out.c) * conv_taps(conv);
    Cut cut = cut_of(conv, task);
    return cut.groups * out.n * out.d * cut.parts;
}

/* ---- Compute -------------------------------------------------------------------------------- */

typedef struct {
    const Conv *conv;
    ConvTask task;
    const ConvApply *apply;
    const IsaMicro *micro;
    int64_t sample, first_block, end_block;
} Job;

/* All positions of a box of ranges, by the longer lines of pixels. */
static void box_compute(const Job *job, const ConvRange *d, const ConvRange *h, const ConvRange *w)
{
    const FornixView *in = &job->apply->in;
    const FornixTensor *out = &job->apply->out;
    int64_t sums = conv_in(job->conv, job->task).c, made = conv_out(job->conv, job->task).c;
    int64_t b_w = sums * ISA_LANES, b_h = job->conv->kernel[2] * b_w;
    int64_t b_d = job->conv->kernel[1] * b_h, b_block = block_floats(job->conv, job->task);
    bool joined = w->tap_in == 1 && w->tap_step == 1 && in->pitch_w == sums;
    IsaDot dot = {
        .taps = {d->taps, h->taps, joined ? conv_min(1, w->taps) : w->taps},
        .a_tap = {d->tap_in * in->pitch_d, h->tap_in * in->pitch_h, w->tap_in * in->pitch_w},
        .b_tap = {d->tap_step * b_d, h->tap_step * b_h, w->tap_step * b_w},
        .length = joined ? w->taps * sums : sums,
        .b_step = ISA_LANES};
    bool across =
        h->count * conv_shares(w->count, TILE_ROWS) <= w->count * conv_shares(h->count, TILE_ROWS);
    int64_t a_w = w->in_step * in->pitch_w, a_h = h->in_step * in->pitch_h;
    int64_t c_w = w->step * out->pitch_w, c_h = h->step * out->pitch_h;
    dot.a_step = across ? a_w : a_h;
    dot.c_step = across ? c_w : c_h;
    int64_t lines = across ? h->count : w->count, pixels = across ? w->count : h->count;
    int64_t a_line = across ? a_h : a_w, c_line = across ? c_h : c_w;
    const float *a = in->data + job->sample * in->pitch_n + d->in * in->pitch_d +
                     h->in * in->pitch_h + w->in * in->pitch_w;
    float *c = out->data + job->sample * out->pitch_n + d->first * out->pitch_d +
               h->first * out->pitch_h + w->first * out->pitch_w;
    const float *b = job->apply->scratch + d->tap * b_d + h->tap * b_h + w->tap * b_w;
    int64_t together = lines_whole(job->conv, job->task) ? 1 : lines;
    bool far = across && job->task == CONV_FORWARD && conv_far(job->conv);
    for (int64_t first = 0; first < lines; first += together) {
        if (far && first + 1 < lines)
            conv_touch(in, d, h, w, a + (first + 1) * a_line);
        for (int64_t block = job->first_block; block < job->end_block; block++) {
            float start[ISA_LANES];
            conv_start(start, job->apply->bias, made, block);
            dot.width = conv_width(made, block);
            for (int64_t line = first; line < conv_min(first + together, lines); line++)
                job->micro->dot(&dot, pixels, a + line * a_line, b + block * b_block, start,
                                c + line * c_line + block * ISA_LANES);
        }
    }
}

static void rows_compute(const Job *job, int64_t plane, int64_t begin, int64_t end)
{
    const Conv *conv = job->conv;
    int64_t width = conv_out(conv, job->task).w;
    ConvRange d = conv_range(conv, job->task, 0, plane, plane + 1);
    for (int64_t i = 0; i < conv_phases(conv, job->task, 1); i++)
        for (int64_t y = begin + i; y < end;) {
            ConvRange h = conv_range(conv, job->task, 1, y, end);
            for (int64_t j = 0; j < conv_phases(conv, job->task, 2); j++)
                for (int64_t x = j; x < width;) {
                    ConvRange w = conv_range(conv, job->task, 2, x, width);
                    box_compute(job, &d, &h, &w);
                    x += w.count * w.step;
                }
            y += h.count * h.step;
        }
}

static void direct_compute(const Conv *conv, ConvTask task, const ConvApply *apply, int pass,
                           int64_t begin, int64_t end)
{
    if (pass == 0) {
        for (int64_t grain = begin; grain < end; grain++)
            weights_pack(conv, task, apply->weight, apply->scratch, grain);
        return;
    }
    FornixShape out = conv_out(conv, task);
    Cut cut = cut_of(conv, task);
    Job job = {.conv = conv, .task = task, .apply = apply, .micro = isa_micro(conv->isa)};
    for (int64_t grain = begin; grain < end; grain++) {
        int64_t part = grain % cut.parts, plane = grain / cut.parts % (out.n * out.d);
        int64_t group = grain / cut.parts / (out.n * out.d);
        job.sample = plane / out.d;
        job.first_block = group * cut.blocks;
        job.end_block = conv_min(job.first_block + cut.blocks, conv_blocks(out.c));
        rows_compute(&job, plane % out.d, part * cut.rows, conv_min((part + 1) * cut.rows, out.h));
    }
}

const ConvApplyWay conv_direct = {direct_grains, direct_scratch, direct_compute};
