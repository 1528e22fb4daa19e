/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How far convolution is from the truth: directly, by F(2 x 2 (x 2)) and by F((2 x) 4 x 4).
 *
 * Forward, input gradient and weight gradient of shapes as they stand in the U-Nets, of normal
 * operands and of what a ReLU leaves of them. Some results are made in double too; printed is the
 * largest difference over the largest of them, in units of 1e-7.
 *
 *     errors [SEED]
 *
 * FORNIX_ISA picks the instruction set.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base.h"
#include "fornix-random.h"
#include "kernels/conv.h"

enum { PIXELS = 40, WEIGHTS = 400, WAYS = 3, TASKS = 3 };

static const FornixWinograd ways[WAYS] = {FORNIX_WINOGRAD_NONE, FORNIX_WINOGRAD_F2,
                                          FORNIX_WINOGRAD_F4};

/* n d h w in out */
static const int64_t shapes[][6] = {
    {2, 64, 64, 64, 16, 16},  {2, 64, 64, 64, 32, 16},   {2, 32, 32, 32, 32, 32},
    {2, 32, 32, 32, 64, 32},  {2, 16, 16, 16, 64, 64},   {4, 1, 240, 240, 32, 16},
    {4, 1, 120, 120, 32, 32}, {4, 1, 120, 120, 64, 32},  {4, 1, 60, 60, 64, 64},
    {4, 1, 30, 30, 128, 128}, {10, 1, 15, 15, 256, 256},
};

typedef struct {
    Conv conv;
    FornixRandomKey key;
    float *x, *dy, *weight, *made[TASKS]; /* y, dx, dweight */
} Case;

static int64_t weights_of(const Conv *conv)
{
    return conv->kernel[0] * conv->kernel[1] * conv->kernel[2] * conv->x.c * conv->y.c;
}

static float *floats_new(int64_t count)
{
    float *floats = mem_large((size_t)count * sizeof *floats);
    if (!floats)
        exit(EXIT_FAILURE);
    return floats;
}

static void floats_free(float *floats, int64_t count)
{
    mem_large_free(floats, (size_t)count * sizeof *floats);
}

static FornixTensor tensor_of(FornixShape s, float *data)
{
    return (FornixTensor){s, s.c, s.c * s.w, s.c * s.w * s.h, s.c * s.w * s.h * s.d, data};
}

static FornixView view_of(FornixTensor t)
{
    return (FornixView){t.shape, t.pitch_w, t.pitch_h, t.pitch_d, t.pitch_n, t.data};
}

/* The pixel of x that a tap of a pixel of y meets, as a count; -1 where there is none. */
static int64_t partner(const Conv *conv, int64_t pixel, int64_t tap, int sign)
{
    const int64_t size[3] = {conv->y.d, conv->y.h, conv->y.w}, *kernel = conv->kernel;
    int64_t taps[3] = {tap / kernel[2] / kernel[1], tap / kernel[2] % kernel[1], tap % kernel[2]};
    int64_t at[3] = {pixel / size[2] / size[1] % size[0], pixel / size[2] % size[1],
                     pixel % size[2]};
    int64_t to = pixel / (size[0] * size[1] * size[2]);
    for (int i = 0; i < 3; i++) {
        at[i] += sign * (taps[i] - conv->front[i]);
        if (at[i] < 0 || at[i] >= size[i])
            return -1;
        to = to * size[i] + at[i];
    }
    return to;
}

/* Element `i` of a task's result, in double. */
static double truth(const Case *c, ConvTask task, int64_t i)
{
    const Conv *conv = &c->conv;
    int64_t in = conv->x.c, out = conv->y.c, taps = weights_of(conv) / in / out;
    double sum = 0;
    if (task == CONV_WEIGHT_GRADIENT) {
        int64_t tap = i / (in * out), a = i / out % in, b = i % out;
        for (int64_t pixel = 0; pixel < fornix_pixels(conv->y); pixel++) {
            int64_t from = partner(conv, pixel, tap, 1);
            if (from >= 0)
                sum += (double)c->x[from * in + a] * (double)c->dy[pixel * out + b];
        }
        return sum;
    }
    bool forward = task == CONV_FORWARD;
    int64_t made = forward ? out : in, sums = forward ? in : out;
    for (int64_t tap = 0; tap < taps; tap++) {
        int64_t from = partner(conv, i / made, tap, forward ? 1 : -1);
        for (int64_t k = 0; from >= 0 && k < sums; k++) {
            int64_t a = forward ? k : i % made, b = forward ? i % made : k;
            sum += (double)(forward ? c->x : c->dy)[from * sums + k] *
                   (double)c->weight[(tap * in + a) * out + b];
        }
    }
    return sum;
}

static void task_run(const Case *c, const Conv *conv, ConvTask task)
{
    float *scratch = floats_new(conv_scratch(conv, task));
    FornixView x = view_of(tensor_of(conv->x, c->x)), dy = view_of(tensor_of(conv->y, c->dy));
    for (int pass = 0; pass < conv_passes(conv, task); pass++) {
        int64_t grains = conv_grains(conv, task, pass);
        ConvWeightGradient gradient = {
            .x = x, .dy = dy, .dweight = c->made[task], .scratch = scratch};
        ConvApply apply = {.in = task == CONV_FORWARD ? x : dy,
                           .weight = c->weight,
                           .out =
                               tensor_of(task == CONV_FORWARD ? conv->y : conv->x, c->made[task]),
                           .scratch = scratch};
        if (task == CONV_WEIGHT_GRADIENT)
            conv_weight_gradient(conv, &gradient, pass, 0, grains);
        else
            conv_apply(conv, task, &apply, pass, 0, grains);
    }
    floats_free(scratch, conv_scratch(conv, task));
}

/* The samples are the same for all ways. */
static void task_errors(const Case *c, ConvTask task, double error[WAYS])
{
    const Conv *conv = &c->conv;
    int64_t count = task == CONV_FORWARD          ? fornix_floats(conv->y)
                    : task == CONV_INPUT_GRADIENT ? fornix_floats(conv->x)
                                                  : weights_of(conv);
    int64_t channels = task == CONV_INPUT_GRADIENT ? conv->x.c : conv->y.c;
    int64_t samples = task == CONV_WEIGHT_GRADIENT ? WEIGHTS : PIXELS * channels;
    double *want = calloc((size_t)samples, sizeof *want), largest = 0;
    int64_t *place = calloc((size_t)samples, sizeof *place);
    if (!want || !place)
        exit(EXIT_FAILURE);
    for (int64_t i = 0; i < samples; i++) {
        place[i] = task != CONV_WEIGHT_GRADIENT && i % channels
                       ? place[i - 1] + 1
                       : fornix_random_below(c->key, (uint64_t)(9000 + i), count);
        if (task != CONV_WEIGHT_GRADIENT && i % channels == 0)
            place[i] = place[i] / channels * channels;
        want[i] = truth(c, task, place[i]);
        largest = fmax(largest, fabs(want[i]));
    }
    for (int way = 0; way < WAYS; way++) {
        Conv done = *conv;
        done.winograd = ways[way];
        task_run(c, &done, task);
        error[way] = 0;
        for (int64_t i = 0; i < samples; i++)
            error[way] = fmax(error[way], fabs((double)c->made[task][place[i]] - want[i]));
        error[way] *= 1e7 / largest;
    }
    free(want);
    free(place);
}

static void shape_errors(const int64_t *s, int64_t seed, bool positive, double ratio[TASKS][WAYS])
{
    int64_t deep = s[1] > 1;
    Case c = {.conv = {.x = {s[0], s[1], s[2], s[3], s[4]},
                       .y = {s[0], s[1], s[2], s[3], s[5]},
                       .kernel = {deep ? 3 : 1, 3, 3},
                       .stride = {1, 1, 1},
                       .front = {deep, 1, 1},
                       .dilation = {1, 1, 1}},
              .key = fornix_random_key((uint64_t)seed, "errors")};
    int64_t counts[3] = {fornix_floats(c.conv.x), fornix_floats(c.conv.y), weights_of(&c.conv)};
    float **filled[3] = {&c.x, &c.dy, &c.weight};
    for (int i = 0; i < 3; i++) {
        *filled[i] = floats_new(counts[i]);
        fornix_random_fill_normal(c.key, (uint64_t)i << 40, *filled[i], counts[i]);
    }
    for (int64_t i = 0; positive && i < counts[0]; i++)
        c.x[i] = c.x[i] > 0 ? c.x[i] : 0;
    const int64_t made[TASKS] = {counts[1], counts[0], counts[2]};
    for (ConvTask task = CONV_FORWARD; task <= CONV_WEIGHT_GRADIENT; task++)
        c.made[task] = floats_new(made[task]);
    printf("%2ldx%2ldx%3ldx%3ld %4ld->%-4ld %-6s", (long)s[0], (long)s[1], (long)s[2], (long)s[3],
           (long)s[4], (long)s[5], positive ? "relu" : "normal");
    for (ConvTask task = CONV_FORWARD; task <= CONV_WEIGHT_GRADIENT; task++) {
        double error[WAYS];
        task_errors(&c, task, error);
        printf(" |%6.1f %6.1f %6.1f", error[0], error[1], error[2]);
        for (int way = 0; way < WAYS; way++)
            ratio[task][way] += log(error[way] / error[0]);
    }
    printf("\n");
    for (int i = 0; i < 3; i++)
        floats_free(*filled[i], counts[i]);
    for (ConvTask task = CONV_FORWARD; task <= CONV_WEIGHT_GRADIENT; task++)
        floats_free(c.made[task], made[task]);
}

int main(int argc, char **argv)
{
    int64_t seed = argc > 1 ? strtoll(argv[1], NULL, 10) : 1;
    double ratio[TASKS][WAYS] = {{0}};
    printf("%-34s | forward: direct, f2, f4 | input gradient     | weight gradient\n", "");
    for (size_t i = 0; i < COUNT(shapes); i++)
        for (int positive = 0; positive < 2; positive++)
            shape_errors(shapes[i], seed, positive, ratio);
    double count = 2.0 * (double)COUNT(shapes);
    printf("%-34s", "mean ratio to direct");
    for (int task = 0; task < TASKS; task++)
        printf(" |        %6.2f %6.2f", exp(ratio[task][1] / count), exp(ratio[task][2] / count));
    printf("\n");
    return EXIT_SUCCESS;
}
