/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reorders into its own layouts are left out, to its advantage: a net would not pay them in each
 * layer. */
#include "onednn.h"

#ifndef HAVE_DNNL

double onednn_time(const Conv *conv, ConvTask task, int runs, double (*seconds)(void))
{
    (void)conv, (void)task, (void)runs, (void)seconds;
    return 0;
}

#else

#include <dnnl.h>
#include <omp.h>
#include <stddef.h>

typedef struct {
    dnnl_memory_desc_t x, weight, y;
    dnnl_dims_t stride, front, behind;
} Problem;

static int64_t behind_of(const Conv *conv, int axis)
{
    const int64_t in[3] = {conv->x.d, conv->x.h, conv->x.w};
    const int64_t out[3] = {conv->y.d, conv->y.h, conv->y.w};
    return (out[axis] - 1) * conv->stride[axis] + conv->kernel[axis] - in[axis] - conv->front[axis];
}

/* Images of one plane are two-dimensional to oneDNN. */
static bool problem_fill(const Conv *conv, Problem *p)
{
    int first = conv->x.d == 1 && conv->kernel[0] == 1 ? 1 : 0, axes = 3 - first;
    const int64_t in[3] = {conv->x.d, conv->x.h, conv->x.w};
    const int64_t out[3] = {conv->y.d, conv->y.h, conv->y.w};
    dnnl_dims_t x = {conv->x.n, conv->x.c}, y = {conv->y.n, conv->y.c};
    dnnl_dims_t weight = {conv->y.c, conv->x.c};
    for (int a = 0; a < axes; a++) {
        x[2 + a] = in[first + a];
        y[2 + a] = out[first + a];
        weight[2 + a] = conv->kernel[first + a];
        p->stride[a] = conv->stride[first + a];
        p->front[a] = conv->front[first + a];
        p->behind[a] = behind_of(conv, first + a);
    }
    dnnl_format_tag_t any = dnnl_format_tag_any;
    return dnnl_memory_desc_init_by_tag(&p->x, 2 + axes, x, dnnl_f32, any) == dnnl_success &&
           dnnl_memory_desc_init_by_tag(&p->y, 2 + axes, y, dnnl_f32, any) == dnnl_success &&
           dnnl_memory_desc_init_by_tag(&p->weight, 2 + axes, weight, dnnl_f32, any) ==
               dnnl_success;
}

/* The way that is chosen for a task; an update's is chosen with the forward's as a hint. */
static dnnl_primitive_desc_t way_of(const Problem *p, ConvTask task, dnnl_engine_t engine)
{
    dnnl_convolution_desc_t forward, back;
    dnnl_primitive_desc_t way = NULL, hint = NULL;
    if (dnnl_convolution_forward_desc_init(&forward, dnnl_forward_training, dnnl_convolution_auto,
                                           &p->x, &p->weight, NULL, &p->y, p->stride, p->front,
                                           p->behind) != dnnl_success ||
        dnnl_primitive_desc_create(&hint, &forward, NULL, engine, NULL) != dnnl_success)
        return NULL;
    if (task == CONV_FORWARD)
        return hint;
    dnnl_status_t status =
        task == CONV_INPUT_GRADIENT
            ? dnnl_convolution_backward_data_desc_init(&back, dnnl_convolution_auto, &p->x,
                                                       &p->weight, &p->y, p->stride, p->front,
                                                       p->behind)
            : dnnl_convolution_backward_weights_desc_init(&back, dnnl_convolution_auto, &p->x,
                                                          &p->weight, NULL, &p->y, p->stride,
                                                          p->front, p->behind);
    if (status == dnnl_success &&
        dnnl_primitive_desc_create(&way, &back, NULL, engine, hint) != dnnl_success)
        way = NULL;
    dnnl_primitive_desc_destroy(hint);
    return way;
}

typedef struct {
    int argument;
    dnnl_query_t query;
} Tensor;

static const Tensor tensors[3][3] = {
    [CONV_FORWARD] = {{DNNL_ARG_SRC, dnnl_query_src_md},
                      {DNNL_ARG_WEIGHTS, dnnl_query_weights_md},
                      {DNNL_ARG_DST, dnnl_query_dst_md}},
    [CONV_INPUT_GRADIENT] = {{DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md},
                             {DNNL_ARG_WEIGHTS, dnnl_query_weights_md},
                             {DNNL_ARG_DIFF_SRC, dnnl_query_diff_src_md}},
    [CONV_WEIGHT_GRADIENT] = {{DNNL_ARG_SRC, dnnl_query_src_md},
                              {DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md},
                              {DNNL_ARG_DIFF_WEIGHTS, dnnl_query_diff_weights_md}}};

static bool memory_fill(dnnl_memory_t memory, const dnnl_memory_desc_t *form)
{
    void *data;
    if (dnnl_memory_get_data_handle(memory, &data) != dnnl_success || !data)
        return false;
    float *floats = data;
    for (size_t i = 0; i < dnnl_memory_desc_get_size(form) / sizeof *floats; i++)
        floats[i] = (float)(i * 7919 % 1009) / 1009 - 0.5f;
    return true;
}

static double best_time(dnnl_primitive_desc_t way, ConvTask task, dnnl_engine_t engine, int runs,
                        double (*seconds)(void))
{
    dnnl_stream_t stream = NULL;
    dnnl_primitive_t primitive = NULL;
    dnnl_exec_arg_t arguments[3] = {{0}};
    bool fine = dnnl_primitive_create(&primitive, way) == dnnl_success &&
                dnnl_stream_create(&stream, engine, dnnl_stream_default_flags) == dnnl_success;
    for (int i = 0; i < 3 && fine; i++) {
        const dnnl_memory_desc_t *form =
            dnnl_primitive_desc_query_md(way, tensors[task][i].query, 0);
        arguments[i].arg = tensors[task][i].argument;
        fine = form &&
               dnnl_memory_create(&arguments[i].memory, form, engine, DNNL_MEMORY_ALLOCATE) ==
                   dnnl_success &&
               memory_fill(arguments[i].memory, form);
    }
    double best = 0;
    for (int run = 0; run < runs && fine; run++) {
        double began = seconds();
        fine = dnnl_primitive_execute(primitive, stream, 3, arguments) == dnnl_success &&
               dnnl_stream_wait(stream) == dnnl_success;
        double time = seconds() - began;
        best = !fine ? 0 : best > 0 && best < time ? best : time;
    }
    for (int i = 0; i < 3; i++)
        if (arguments[i].memory)
            dnnl_memory_destroy(arguments[i].memory);
    if (primitive)
        dnnl_primitive_destroy(primitive);
    if (stream)
        dnnl_stream_destroy(stream);
    return best;
}

double onednn_time(const Conv *conv, ConvTask task, int runs, double (*seconds)(void))
{
    omp_set_num_threads(1);
    Problem problem;
    dnnl_engine_t engine;
    if (dnnl_engine_create(&engine, dnnl_cpu, 0) != dnnl_success)
        return 0;
    double best = 0;
    if (problem_fill(conv, &problem)) {
        dnnl_primitive_desc_t way = way_of(&problem, task, engine);
        if (way)
            best = best_time(way, task, engine, runs, seconds);
        if (way)
            dnnl_primitive_desc_destroy(way);
    }
    dnnl_engine_destroy(engine);
    return best;
}

#endif
