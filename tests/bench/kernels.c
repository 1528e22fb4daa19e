/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How fast convolution is on one thread: direct-equivalent GFLOP/s, and in per cent of the
 * multiply-adds that the processor was seen to do; and how many times faster than oneDNN that is.
 *
 *     kernels [none|f2|f4] [N D H W IN OUT KERNEL STRIDE [PITCH]]
 *
 * Winograd's tiles, f4 unless said; one shape alone, of which x has pixels PITCH floats apart, as
 * in a concatenation. FORNIX_ISA picks the instruction set.
 *
 * Times are of the thread, the best of several runs over all passes of a task on one core.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base.h"
#include "kernels/conv.h"
#include "kernels/gemm.h"
#include "kernels/peak.h"
#include "onednn.h"

enum { RUNS = 5 };

typedef struct {
    int64_t n, d, h, w, in, out, kernel, stride;
} Shape;

static const Shape shapes[] = {
    {2, 64, 64, 64, 4, 16, 3, 1},     {2, 64, 64, 64, 16, 16, 3, 1},
    {2, 64, 64, 64, 32, 16, 3, 1},    {2, 32, 32, 32, 16, 32, 3, 1},
    {2, 32, 32, 32, 32, 32, 3, 1},    {2, 32, 32, 32, 64, 32, 3, 1},
    {2, 16, 16, 16, 32, 64, 3, 1},    {2, 16, 16, 16, 64, 64, 3, 1},
    {2, 16, 16, 16, 128, 64, 3, 1},   {2, 8, 8, 8, 64, 128, 3, 1},
    {2, 8, 8, 8, 128, 128, 3, 1},     {2, 64, 64, 64, 16, 4, 1, 1},
    {2, 64, 64, 64, 16, 32, 2, 2},    {2, 32, 32, 32, 32, 64, 2, 2},
    {4, 32, 32, 32, 8, 8, 3, 1},      {1, 1, 240, 240, 16, 16, 3, 1},
    {1, 1, 240, 240, 32, 16, 3, 1},   {4, 1, 60, 60, 64, 64, 3, 1},
    {10, 1, 15, 15, 256, 256, 3, 1},  {10, 1, 15, 15, 1024, 1024, 3, 1},
    {16, 1, 15, 15, 256, 1024, 3, 1}, {16, 1, 15, 15, 64, 1024, 3, 1},
    {16, 1, 16, 16, 1024, 256, 2, 2}, {16, 1, 8, 8, 512, 1024, 4, 2},
    {16, 1, 4, 4, 512, 1024, 3, 2},   {16, 1, 8, 8, 512, 512, 2, 2},
    {1, 64, 64, 64, 5, 5, 3, 1},
};

static double seconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static float *floats_new(int64_t count)
{
    float *floats = mem_large((size_t)count * sizeof(float) + 1);
    if (!floats)
        exit(EXIT_FAILURE);
    for (int64_t i = 0; i < count; i++)
        floats[i] = (float)(i * 7919 % 1009) / 1009 - 0.5f;
    return floats;
}

typedef struct {
    Conv conv;
    int64_t pitch;
    float *x, *y, *weight, *bias, *scratch;
} Bench;

static FornixView view_of(FornixTensor t)
{
    return (FornixView){t.shape, t.pitch_w, t.pitch_h, t.pitch_d, t.pitch_n, t.data};
}

static FornixTensor tensor_of(FornixShape s, int64_t pitch, float *data)
{
    return (FornixTensor){s, pitch, pitch * s.w, pitch * s.w * s.h, pitch * s.w * s.h * s.d, data};
}

static void task_run(const Bench *b, ConvTask task)
{
    const Conv *conv = &b->conv;
    for (int pass = 0; pass < conv_passes(conv, task); pass++) {
        int64_t grains = conv_grains(conv, task, pass);
        FornixTensor x = tensor_of(conv->x, b->pitch, b->x);
        FornixTensor y = tensor_of(conv->y, conv->y.c, b->y);
        if (task == CONV_WEIGHT_GRADIENT)
            conv_weight_gradient(conv,
                                 &(ConvWeightGradient){.x = view_of(x),
                                                       .dy = view_of(y),
                                                       .dweight = b->weight,
                                                       .sum_dy = b->bias,
                                                       .scratch = b->scratch},
                                 pass, 0, grains);
        else
            conv_apply(conv, task,
                       &(ConvApply){.in = view_of(task == CONV_FORWARD ? x : y),
                                    .weight = b->weight,
                                    .out = task == CONV_FORWARD ? y : x,
                                    .scratch = b->scratch},
                       pass, 0, grains);
    }
}

static double task_time(const Bench *b, ConvTask task)
{
    double best = 1e9;
    for (int run = 0; run < RUNS; run++) {
        double begin = seconds();
        task_run(b, task);
        double time = seconds() - begin;
        best = time < best ? time : best;
    }
    return best;
}

/* Pixels of x are `pitch` floats apart. */
static void shape_time(const Shape *s, int64_t pitch, FornixWinograd winograd, double most)
{
    int64_t pad = s->kernel / 2 * (s->stride == 1), deep = s->d > 1;
    int64_t size[3] = {s->d, s->h, s->w}, made[3];
    Bench b = {.conv = {.x = {s->n, s->d, s->h, s->w, s->in}, .winograd = winograd}};
    for (int i = 0; i < 3; i++) {
        bool used = i > 0 || deep;
        b.conv.kernel[i] = used ? s->kernel : 1;
        b.conv.stride[i] = used ? s->stride : 1;
        b.conv.front[i] = used ? pad : 0;
        b.conv.dilation[i] = 1;
        made[i] = conv_extent(size[i], b.conv.kernel[i], b.conv.stride[i], used ? 2 * pad : 0, 1);
    }
    b.conv.y = (FornixShape){s->n, made[0], made[1], made[2], s->out};
    b.pitch = pitch;
    int64_t counts[5] = {fornix_pixels(b.conv.x) * b.pitch, fornix_floats(b.conv.y),
                         b.conv.kernel[0] * b.conv.kernel[1] * b.conv.kernel[2] * s->in * s->out,
                         s->out, 0};
    for (ConvTask task = CONV_FORWARD; task <= CONV_WEIGHT_GRADIENT; task++)
        if (conv_scratch(&b.conv, task) > counts[4])
            counts[4] = conv_scratch(&b.conv, task);
    float **floats[5] = {&b.x, &b.y, &b.weight, &b.bias, &b.scratch};
    for (int i = 0; i < 5; i++)
        *floats[i] = floats_new(counts[i]);
    printf("%2ldx%2ldx%3ldx%3ld %4ld->%-4ld k%ld s%ld ", (long)s->n, (long)s->d, (long)s->h,
           (long)s->w, (long)s->in, (long)s->out, (long)s->kernel, (long)s->stride);
    for (ConvTask task = CONV_FORWARD; task <= CONV_WEIGHT_GRADIENT; task++) {
        double time = task_time(&b, task), rate = conv_flops(&b.conv) / time / 1e9;
        double peer = onednn_time(&b.conv, task, RUNS, seconds);
        printf("%7.1f ms %6.1f %4.0f%% ", 1e3 * time, rate, 100 * rate / most);
        if (peer > 0)
            printf("%5.2fx ", peer / time);
    }
    printf("%6.1f MB\n", (double)counts[4] * 4e-6);
    for (int i = 0; i < 5; i++)
        mem_large_free(*floats[i], (size_t)counts[i] * sizeof(float) + 1);
}

/* ---- Dense layers: forward, input gradient, weight gradient of batch x in, in x out ---------- */

enum { COPIES_BYTES = 1 << 26 }; /* weights in turn, lest they stay in a cache between runs */

static const int64_t layers[][3] = {{64, 102, 512},  {64, 512, 512},   {64, 512, 2048},
                                    {64, 2048, 512}, {64, 512, 256},   {16, 102, 16384},
                                    {16, 16384, 1},  {256, 1024, 1024}};

typedef struct {
    int64_t batch, in, out;
    float *x, *weight, *y;
} Dense;

static Gemm product_of(const Dense *d, ConvTask task, float *weight)
{
    if (task == CONV_FORWARD)
        return (Gemm){.m = d->batch,
                      .n = d->out,
                      .k = d->in,
                      .a = d->x,
                      .b = weight,
                      .c = d->y,
                      .a_step = d->in,
                      .b_step = d->out,
                      .c_step = d->out};
    if (task == CONV_INPUT_GRADIENT)
        return (Gemm){.m = d->batch,
                      .n = d->in,
                      .k = d->out,
                      .a = d->y,
                      .b = weight,
                      .c = d->x,
                      .a_step = d->out,
                      .b_step = d->out,
                      .c_step = d->in,
                      .b_turned = true};
    return (Gemm){.m = d->in,
                  .n = d->out,
                  .k = d->batch,
                  .a = d->x,
                  .b = d->y,
                  .c = weight,
                  .a_step = d->in,
                  .b_step = d->out,
                  .c_step = d->out,
                  .a_turned = true};
}

static void layer_time(const int64_t layer[3], double most)
{
    Dense d = {.batch = layer[0], .in = layer[1], .out = layer[2]};
    int64_t weights = d.in * d.out, copies = COPIES_BYTES / 4 / weights + 1;
    d.x = floats_new(d.batch * d.in);
    d.y = floats_new(d.batch * d.out);
    d.weight = floats_new(weights * copies);
    printf("%4ld x %5ld -> %-5ld ", (long)d.batch, (long)d.in, (long)d.out);
    for (ConvTask task = CONV_FORWARD; task <= CONV_WEIGHT_GRADIENT; task++) {
        double began = seconds();
        int64_t runs = copies < 20 ? 20 : copies;
        for (int64_t run = 0; run < runs; run++) {
            Gemm product = product_of(&d, task, d.weight + run % copies * weights);
            gemm(&product, 0, gemm_grains(product.m, product.n, product.k));
        }
        double time = (seconds() - began) / (double)runs;
        double rate = 2e-9 * (double)d.batch * (double)weights / time;
        printf("%8.3f ms %6.1f %4.0f%% ", 1e3 * time, rate, 100 * rate / most);
    }
    printf("\n");
    mem_large_free(d.x, (size_t)(d.batch * d.in) * sizeof(float) + 1);
    mem_large_free(d.y, (size_t)(d.batch * d.out) * sizeof(float) + 1);
    mem_large_free(d.weight, (size_t)(weights * copies) * sizeof(float) + 1);
}

int main(int argc, char **argv)
{
    FornixWinograd winograd = FORNIX_WINOGRAD_F4;
    if (argc > 1 && strcmp(argv[1], "none") == 0)
        winograd = FORNIX_WINOGRAD_NONE;
    if (argc > 1 && strcmp(argv[1], "f2") == 0)
        winograd = FORNIX_WINOGRAD_F2;
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(0, &cores);
    sched_setaffinity(0, sizeof cores, &cores);
    double most = 1e-9 * peak_flops();
    printf("isa %s, innermost loop %.1f GFLOP/s\n", isa_name(ISA_ACTIVE), most);
    if (argc > 9) {
        int64_t n[8];
        for (int i = 0; i < 8; i++)
            n[i] = strtoll(argv[2 + i], NULL, 10);
        Shape shape = {n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7]};
        shape_time(&shape, argc > 10 ? strtoll(argv[10], NULL, 10) : shape.in, winograd, most);
        return EXIT_SUCCESS;
    }
    printf("dense layers, batch, in, out: forward, input gradient, weight gradient\n");
    for (size_t i = 0; i < COUNT(layers); i++)
        layer_time(layers[i], most);
    printf("n d h w, channels, kernel, stride: forward, input gradient, weight gradient (x: times "
           "oneDNN); scratch\n");
    for (size_t i = 0; i < COUNT(shapes); i++)
        shape_time(&shapes[i], shapes[i].in, winograd, most);
    return EXIT_SUCCESS;
}
