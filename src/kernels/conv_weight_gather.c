/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Direct convolution: gradient of the weights where few pixels meet many channels.
 *
 * There the pixels of x and of dy lie a power of two of floats apart, and so meet in few lines of
 * the cache. Pass 0 brings dy into blocks of ISA_LANES channels, a block's pixels side by side;
 * pass 1 multiplies them by what some channels of x show to one tap, gathered a panel at a time. A
 * grain of it is one tap and those channels, with all of y.c.
 */
#include "conv_parts.h"

enum {
    PANEL_PIXELS = 96, /* a panel of x and one of dy fit into the first cache */
    PANEL_CHANNELS = 48,
    MOST_PIXELS = 4096, /* longer sums would lose digits */
    GOOD_GRAINS = 16,
};

static int64_t groups(const Conv *conv)
{
    return conv_shares(conv->x.c, PANEL_CHANNELS);
}

bool conv_weight_gathers(const Conv *conv)
{
    return conv->x.c >= PANEL_CHANNELS && conv->y.c >= PANEL_CHANNELS &&
           fornix_pixels(conv->y) <= MOST_PIXELS && conv_taps(conv) * groups(conv) >= GOOD_GRAINS;
}

static int64_t gather_grains(const Conv *conv, int pass)
{
    return pass == 0 ? conv_shares(fornix_pixels(conv->y), PANEL_PIXELS)
                     : conv_taps(conv) * groups(conv);
}

static int64_t gather_scratch(const Conv *conv)
{
    return conv_blocks(conv->y.c) * ISA_LANES * fornix_pixels(conv->y);
}

/* PANEL_PIXELS of dy to where each block has them: [block][pixel][ISA_LANES]. */
static void blocks_pack(const Conv *conv, const ConvWeightGradient *gradient, int64_t grain)
{
    const FornixView *dy = &gradient->dy;
    FornixShape y = conv->y;
    int64_t pixels = fornix_pixels(y), end = conv_min((grain + 1) * PANEL_PIXELS, pixels);
    for (int64_t p = grain * PANEL_PIXELS; p < end; p++) {
        int64_t row = p / y.w, plane = row / y.h;
        const float *from = dy->data + plane / y.d * dy->pitch_n + plane % y.d * dy->pitch_d +
                            row % y.h * dy->pitch_h + p % y.w * dy->pitch_w;
        for (int64_t block = 0; block < conv_blocks(y.c); block++) {
            float *to = gradient->scratch + (block * pixels + p) * ISA_LANES;
            int width = conv_width(y.c, block);
            for (int j = 0; j < ISA_LANES; j++)
                to[j] = j < width ? from[block * ISA_LANES + j] : 0;
        }
    }
}

typedef struct {
    const Conv *conv;
    const FornixView *x;
    int64_t tap[3];
    int64_t channel, channels;
} Gather;

/* The row of x that the tap shows to a row of y; NULL: outside. */
static const float *row_seen(const Gather *g, int64_t row)
{
    const Conv *conv = g->conv;
    int64_t plane = row / conv->y.h;
    int64_t d =
        plane % conv->y.d * conv->stride[0] - conv->front[0] + g->tap[0] * conv->dilation[0];
    int64_t h = row % conv->y.h * conv->stride[1] - conv->front[1] + g->tap[1] * conv->dilation[1];
    if (d < 0 || d >= conv->x.d || h < 0 || h >= conv->x.h)
        return NULL;
    return g->x->data + plane / conv->y.d * g->x->pitch_n + d * g->x->pitch_d + h * g->x->pitch_h +
           g->channel;
}

/* The channels of what the tap shows to `count` pixels of y from `first` on. */
static void panel_gather(const Gather *g, int64_t first, int64_t count, float *panel)
{
    const Conv *conv = g->conv;
    for (int64_t end = first + count; first < end;) {
        int64_t w = first % conv->y.w, stop = conv_min(conv->y.w, w + end - first);
        const float *row = row_seen(g, first / conv->y.w);
        first += stop - w;
        for (; w < stop; w++, panel += PANEL_CHANNELS) {
            int64_t at = w * conv->stride[2] - conv->front[2] + g->tap[2] * conv->dilation[2];
            if (row && at >= 0 && at < conv->x.w)
                memcpy(panel, row + at * g->x->pitch_w, (size_t)g->channels * sizeof *panel);
            else
                memset(panel, 0, (size_t)g->channels * sizeof *panel);
        }
    }
}

static void tap_multiply(const Conv *conv, const ConvWeightGradient *gradient, int64_t grain)
{
    int64_t tap = grain / groups(conv), plane = conv->kernel[1] * conv->kernel[2];
    int64_t pixels = fornix_pixels(conv->y), channel = grain % groups(conv) * PANEL_CHANNELS;
    Gather g = {
        .conv = conv,
        .x = &gradient->x,
        .tap = {tap / plane, tap / conv->kernel[2] % conv->kernel[1], tap % conv->kernel[2]},
        .channel = channel,
        .channels = conv_min(PANEL_CHANNELS, conv->x.c - channel)};
    IsaOuter outer = {.lines = 1,
                      .a_pixel = PANEL_CHANNELS,
                      .b_pixel = ISA_LANES,
                      .rows = g.channels,
                      .c_step = conv->y.c};
    float *to = gradient->dweight + (tap * conv->x.c + channel) * conv->y.c;
    _Alignas(64) float panel[PANEL_PIXELS * PANEL_CHANNELS];
    for (int64_t first = 0; first < pixels; first += PANEL_PIXELS) {
        outer.pixels = conv_min(PANEL_PIXELS, pixels - first);
        panel_gather(&g, first, outer.pixels, panel);
        for (int64_t block = 0; block < conv_blocks(conv->y.c); block++) {
            outer.width = conv_width(conv->y.c, block);
            isa_micro(conv->isa)->outer(&outer, panel,
                                        gradient->scratch + (block * pixels + first) * ISA_LANES,
                                        to + block * ISA_LANES);
        }
        outer.accumulate = true;
    }
}

static void gather_compute(const Conv *conv, const ConvWeightGradient *gradient, int pass,
                           int64_t begin, int64_t end)
{
    for (int64_t grain = begin; grain < end; grain++)
        if (pass == 0)
            blocks_pack(conv, gradient, grain);
        else
            tap_multiply(conv, gradient, grain);
}

const ConvWeightWay conv_weight_gathered = {gather_grains, gather_scratch, gather_compute};
