/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Convolution against its definition.
 *
 * Random problems of odd shapes are done by loops in double and by the kernels of every instruction
 * set of this machine. Results begin as NaN, gaps between pixels of operands are NaN, gaps of
 * results and floats round them and round scratch are canaries; a task cut into single grains, last
 * first, must give the bits of one undivided.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "fornix-random.h"
#include "kernels/conv_parts.h"
#include "kernels/conv_winograd.h"
#include "kernels/gemm.h"

enum { GUARD = 64 };

static const float CANARY = 12345.678f;

/* ---- Memory with guards --------------------------------------------------------------------- */

typedef struct {
    float *memory, *data;
    int64_t size;
} Buffer;

static Buffer buffer_new(int64_t size, float value)
{
    Buffer buffer = {malloc((size_t)(size + 2 * GUARD) * sizeof(float)), NULL, size};
    ck_assert_ptr_nonnull(buffer.memory);
    buffer.data = buffer.memory + GUARD;
    for (int64_t i = -GUARD; i < size + GUARD; i++)
        buffer.data[i] = i < 0 || i >= size ? CANARY : value;
    return buffer;
}

static void buffer_free(Buffer *buffer)
{
    int intact = 0;
    for (int64_t i = 0; i < GUARD; i++)
        intact += buffer->memory[i] == CANARY && buffer->data[buffer->size + i] == CANARY;
    ck_assert_int_eq(intact, GUARD);
    free(buffer->memory);
}

/* ---- Random problems ------------------------------------------------------------------------ */

typedef struct {
    FornixRandomKey key;
    uint64_t count;
} Draw;

static int64_t draw(Draw *from, int64_t low, int64_t high)
{
    return low + fornix_random_below(from->key, from->count++, high - low + 1);
}

typedef struct {
    Buffer buffer;
    FornixTensor tensor;
} Tensor;

/* pitch_w exceeds c by `gap`, rows and planes lie further apart than they must. */
static Tensor tensor_new(FornixShape shape, int64_t gap, float value, float between)
{
    FornixTensor t = {.shape = shape, .pitch_w = shape.c + gap};
    t.pitch_h = shape.w * t.pitch_w + 2 * gap;
    t.pitch_d = shape.h * t.pitch_h + gap;
    t.pitch_n = shape.d * t.pitch_d + gap;
    Buffer buffer = buffer_new(shape.n * t.pitch_n, between);
    t.data = buffer.data;
    for (int64_t i = 0; i < fornix_floats(shape); i++) {
        int64_t p = i / shape.c;
        t.data[p / (shape.w * shape.h * shape.d) * t.pitch_n +
               p / (shape.w * shape.h) % shape.d * t.pitch_d + p / shape.w % shape.h * t.pitch_h +
               p % shape.w * t.pitch_w + i % shape.c] = value;
    }
    return (Tensor){buffer, t};
}

static float *at(const FornixTensor *t, int64_t n, const int64_t p[3])
{
    return t->data + n * t->pitch_n + p[0] * t->pitch_d + p[1] * t->pitch_h + p[2] * t->pitch_w;
}

static FornixView view(const Tensor *t)
{
    const FornixTensor *from = &t->tensor;
    return (FornixView){from->shape,   from->pitch_w, from->pitch_h,
                        from->pitch_d, from->pitch_n, from->data};
}

static void tensor_draw(Tensor *t, Draw *from)
{
    for (int64_t i = 0; i < t->buffer.size; i++)
        if (t->buffer.data[i] == 0)
            t->buffer.data[i] = fornix_random_normal(from->key, from->count++);
}

static Conv conv_draw(Draw *from)
{
    static const int64_t channels[] = {1, 2, 3, 4, 5, 8, 16, 17, 30, 33};
    Conv conv = {.x = {.n = draw(from, 1, 2)}};
    int64_t size[3], made[3];
    for (int i = 0; i < 3; i++) {
        bool used = i == 2 || draw(from, 0, 3) > 0;
        size[i] = used ? draw(from, 1, 9) : 1;
        conv.kernel[i] = used ? draw(from, 1, 4) : 1;
        conv.stride[i] = draw(from, 0, 1) ? 1 : draw(from, 1, 3);
        conv.dilation[i] = draw(from, 0, 2) ? 1 : draw(from, 2, 3);
        conv.front[i] = used ? draw(from, 0, 3) : 0;
        made[i] = conv_extent(size[i], conv.kernel[i], conv.stride[i],
                              conv.front[i] + draw(from, 0, 3), conv.dilation[i]);
        made[i] = made[i] < 1 ? 1 : made[i];
    }
    conv.x.d = size[0], conv.x.h = size[1], conv.x.w = size[2];
    conv.x.c = channels[draw(from, 0, 9)];
    conv.y = (FornixShape){conv.x.n, made[0], made[1], made[2], channels[draw(from, 0, 9)]};
    return conv;
}

/* ---- The definition, in double, with the sums of absolute terms that bound the error -------- */

typedef struct {
    double *value, *size;
    double largest; /* of size: bounds the error of elements that are made in tiles */
    int64_t count;
} Reference;

static Reference reference_new(int64_t count)
{
    Reference r = {calloc((size_t)count, sizeof(double)), calloc((size_t)count, sizeof(double)), 0,
                   count};
    ck_assert(r.value && r.size);
    return r;
}

static void reference_free(Reference *r)
{
    free(r->value);
    free(r->size);
}

static void reference_add(Reference *r, int64_t i, double a, double b)
{
    r->value[i] += a * b;
    r->size[i] += fabs(a * b);
}

typedef struct {
    Conv conv;
    Tensor x, dy;
    Buffer weight, bias, x_bias;
    Reference y, dx, dw, db, dxb;
} Problem;

static int64_t weight_floats(const Conv *conv)
{
    return conv->kernel[0] * conv->kernel[1] * conv->kernel[2] * conv->x.c * conv->y.c;
}

static int64_t place(FornixShape s, int64_t n, const int64_t p[3])
{
    return (((n * s.d + p[0]) * s.h + p[1]) * s.w + p[2]) * s.c;
}

/* One tap at one position: adds to y, dx and dw. */
static void tap_define(Problem *p, int64_t n, const int64_t o[3], const int64_t from[3],
                       int64_t tap)
{
    const Conv *c = &p->conv;
    const float *x = at(&p->x.tensor, n, from), *dy = at(&p->dy.tensor, n, o);
    for (int64_t i = 0; i < c->x.c; i++)
        for (int64_t j = 0; j < c->y.c; j++) {
            int64_t k = (tap * c->x.c + i) * c->y.c + j;
            reference_add(&p->y, place(c->y, n, o) + j, (double)x[i], (double)p->weight.data[k]);
            reference_add(&p->dx, place(c->x, n, from) + i, (double)dy[j],
                          (double)p->weight.data[k]);
            reference_add(&p->dw, k, (double)x[i], (double)dy[j]);
        }
}

static void pixel_define(Problem *p, int64_t n, const int64_t o[3])
{
    const Conv *c = &p->conv;
    int64_t size[3] = {c->x.d, c->x.h, c->x.w};
    int64_t taps = c->kernel[0] * c->kernel[1] * c->kernel[2];
    for (int64_t tap = 0; tap < taps; tap++) {
        int64_t k[3] = {tap / c->kernel[2] / c->kernel[1], tap / c->kernel[2] % c->kernel[1],
                        tap % c->kernel[2]};
        int64_t from[3];
        bool inside = true;
        for (int i = 0; i < 3; i++) {
            from[i] = o[i] * c->stride[i] - c->front[i] + k[i] * c->dilation[i];
            inside = inside && from[i] >= 0 && from[i] < size[i];
        }
        if (inside)
            tap_define(p, n, o, from, tap);
    }
    for (int64_t j = 0; j < c->y.c; j++) {
        reference_add(&p->y, place(c->y, n, o) + j, (double)p->bias.data[j], 1);
        reference_add(&p->db, j, (double)at(&p->dy.tensor, n, o)[j], 1);
    }
}

static void problem_define(Problem *p)
{
    FornixShape x = p->conv.x, y = p->conv.y;
    for (int64_t i = 0; i < fornix_pixels(y); i++) {
        int64_t o[3] = {i / y.w / y.h % y.d, i / y.w % y.h, i % y.w};
        pixel_define(p, i / (y.d * y.h * y.w), o);
    }
    for (int64_t i = 0; i < fornix_pixels(x); i++) {
        int64_t from[3] = {i / x.w / x.h % x.d, i / x.w % x.h, i % x.w};
        for (int64_t j = 0; j < x.c; j++) {
            reference_add(&p->dx, i * x.c + j, (double)p->x_bias.data[j], 1);
            reference_add(&p->dxb, j, (double)at(&p->x.tensor, i / (x.d * x.h * x.w), from)[j], 1);
        }
    }
    Reference *all[] = {&p->y, &p->dx, &p->dw, &p->db, &p->dxb};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        for (int64_t j = 0; j < all[i]->count; j++)
            all[i]->largest = fmax(all[i]->largest, all[i]->size[j]);
}

static Problem problem_new(Conv conv, Draw *from, int64_t gap)
{
    Problem p = {.conv = conv,
                 .x = tensor_new(conv.x, gap, 0, NAN),
                 .dy = tensor_new(conv.y, gap, 0, NAN),
                 .weight = buffer_new(weight_floats(&conv), 0),
                 .bias = buffer_new(conv.y.c, 0),
                 .x_bias = buffer_new(conv.x.c, 0),
                 .y = reference_new(fornix_floats(conv.y)),
                 .dx = reference_new(fornix_floats(conv.x)),
                 .dw = reference_new(weight_floats(&conv)),
                 .db = reference_new(conv.y.c),
                 .dxb = reference_new(conv.x.c)};
    tensor_draw(&p.x, from);
    tensor_draw(&p.dy, from);
    fornix_random_fill_normal(from->key, 1000, p.weight.data, p.weight.size);
    fornix_random_fill_normal(from->key, 2000, p.bias.data, p.bias.size);
    fornix_random_fill_normal(from->key, 3000, p.x_bias.data, p.x_bias.size);
    problem_define(&p);
    return p;
}

static void problem_free(Problem *p)
{
    buffer_free(&p->x.buffer);
    buffer_free(&p->dy.buffer);
    buffer_free(&p->weight);
    buffer_free(&p->bias);
    buffer_free(&p->x_bias);
    reference_free(&p->y);
    reference_free(&p->dx);
    reference_free(&p->dw);
    reference_free(&p->db);
    reference_free(&p->dxb);
}

/* ---- Comparison ----------------------------------------------------------------------------- */

static void check_value(const Conv *c, const char *what, double got, const Reference *want,
                        int64_t i)
{
    bool tiles = false;
    for (ConvTask task = CONV_FORWARD; task <= CONV_WEIGHT_GRADIENT; task++)
        tiles = tiles || conv_winograd_size(c, task) > 0;
    double unit = c->winograd == FORNIX_WINOGRAD_F4 ? 5e-6 : 5e-7;
    double bound = (tiles ? unit * want->largest : 1e-6 * want->size[i]) + 1e-30;
    if (!(fabs(got - want->value[i]) <= bound))
        ck_abort_msg("%s[%ld] is %g, not %g, isa %s winograd %d: x %ldx%ldx%ldx%ldx%ld y "
                     "%ldx%ldx%ldx%ld kernel %ld %ld %ld stride %ld %ld %ld front %ld %ld %ld "
                     "dilation %ld %ld %ld",
                     what, (long)i, got, want->value[i], isa_name(c->isa), (int)c->winograd,
                     (long)c->x.n, (long)c->x.d, (long)c->x.h, (long)c->x.w, (long)c->x.c,
                     (long)c->y.d, (long)c->y.h, (long)c->y.w, (long)c->y.c, (long)c->kernel[0],
                     (long)c->kernel[1], (long)c->kernel[2], (long)c->stride[0], (long)c->stride[1],
                     (long)c->stride[2], (long)c->front[0], (long)c->front[1], (long)c->front[2],
                     (long)c->dilation[0], (long)c->dilation[1], (long)c->dilation[2]);
}

static void check_buffer(const Conv *conv, const char *what, const Buffer *got,
                         const Reference *want)
{
    for (int64_t i = 0; i < want->count; i++)
        check_value(conv, what, (double)got->data[i], want, i);
}

static void check_tensor(const Conv *conv, const char *what, const Tensor *got,
                         const Reference *want)
{
    FornixShape s = got->tensor.shape;
    int64_t gaps = got->buffer.size - want->count;
    for (int64_t i = 0; i < want->count; i++) {
        int64_t q = i / s.c, o[3] = {q / s.w / s.h % s.d, q / s.w % s.h, q % s.w};
        check_value(conv, what, (double)at(&got->tensor, q / (s.d * s.h * s.w), o)[i % s.c], want,
                    i);
    }
    for (int64_t i = 0; i < got->buffer.size; i++)
        gaps -= got->buffer.data[i] == CANARY;
    ck_assert_int_eq(gaps, 0);
}

static void check_same(const Buffer *a, const Buffer *b)
{
    ck_assert_mem_eq(a->data, b->data, (size_t)a->size * sizeof(float));
}

/* ---- Running -------------------------------------------------------------------------------- */

typedef enum { WHOLE, SINGLE } Split;

typedef void Pass(const Conv *conv, ConvTask task, const void *what, int pass, int64_t begin,
                  int64_t end);

static void apply_pass(const Conv *conv, ConvTask task, const void *what, int pass, int64_t begin,
                       int64_t end)
{
    conv_apply(conv, task, what, pass, begin, end);
}

static void gradient_pass(const Conv *conv, ConvTask task, const void *what, int pass,
                          int64_t begin, int64_t end)
{
    (void)task;
    conv_weight_gradient(conv, what, pass, begin, end);
}

static void run(Pass *run_pass, const Conv *conv, ConvTask task, const void *what, Split split)
{
    for (int pass = 0; pass < conv_passes(conv, task); pass++) {
        int64_t grains = conv_grains(conv, task, pass);
        if (split == WHOLE)
            run_pass(conv, task, what, pass, 0, grains);
        for (int64_t grain = grains - 1; split == SINGLE && grain >= 0; grain--)
            run_pass(conv, task, what, pass, grain, grain + 1);
    }
}

static Tensor apply_run(const Problem *p, ConvTask task, int64_t gap, Split split)
{
    bool forward = task == CONV_FORWARD;
    Buffer scratch = buffer_new(conv_scratch(&p->conv, task), NAN);
    Tensor out = tensor_new(forward ? p->conv.y : p->conv.x, gap, NAN, CANARY);
    ConvApply apply = {.in = view(forward ? &p->x : &p->dy),
                       .weight = p->weight.data,
                       .bias = forward ? p->bias.data : p->x_bias.data,
                       .out = out.tensor,
                       .scratch = scratch.data};
    run(apply_pass, &p->conv, task, &apply, split);
    buffer_free(&scratch);
    return out;
}

static void apply_check(const Problem *p, ConvTask task, int64_t gap)
{
    Tensor whole = apply_run(p, task, gap, WHOLE), single = apply_run(p, task, gap, SINGLE);
    check_tensor(&p->conv, task == CONV_FORWARD ? "y" : "dx", &whole,
                 task == CONV_FORWARD ? &p->y : &p->dx);
    check_same(&whole.buffer, &single.buffer);
    buffer_free(&whole.buffer);
    buffer_free(&single.buffer);
}

typedef struct {
    Buffer weight, dy, x;
} Gradient;

static Gradient gradient_run(const Problem *p, Split split)
{
    Buffer scratch = buffer_new(conv_scratch(&p->conv, CONV_WEIGHT_GRADIENT), NAN);
    Gradient g = {buffer_new(weight_floats(&p->conv), NAN), buffer_new(p->conv.y.c, NAN),
                  buffer_new(p->conv.x.c, NAN)};
    ConvWeightGradient gradient = {.x = view(&p->x),
                                   .dy = view(&p->dy),
                                   .dweight = g.weight.data,
                                   .sum_dy = g.dy.data,
                                   .sum_x = g.x.data,
                                   .scratch = scratch.data};
    run(gradient_pass, &p->conv, CONV_WEIGHT_GRADIENT, &gradient, split);
    buffer_free(&scratch);
    return g;
}

static void gradient_check(const Problem *p)
{
    Gradient whole = gradient_run(p, WHOLE), single = gradient_run(p, SINGLE);
    check_buffer(&p->conv, "dw", &whole.weight, &p->dw);
    check_buffer(&p->conv, "sum of dy", &whole.dy, &p->db);
    check_buffer(&p->conv, "sum of x", &whole.x, &p->dxb);
    check_same(&whole.weight, &single.weight);
    check_same(&whole.dy, &single.dy);
    check_same(&whole.x, &single.x);
    buffer_free(&whole.weight), buffer_free(&single.weight);
    buffer_free(&whole.dy), buffer_free(&single.dy);
    buffer_free(&whole.x), buffer_free(&single.x);
}

static void problem_check(Conv conv, Draw *from, int64_t gap)
{
    Problem p = problem_new(conv, from, gap);
    for (Isa isa = ISA_PLAIN; isa < ISA_COUNT; isa++)
        if (isa_available(isa)) {
            p.conv.isa = isa;
            apply_check(&p, CONV_FORWARD, gap);
            apply_check(&p, CONV_INPUT_GRADIENT, gap);
            gradient_check(&p);
        }
    problem_free(&p);
}

/* ---- Tests ---------------------------------------------------------------------------------- */

START_TEST(random_problems)
{
    Draw from = {.key = fornix_random_derive(fornix_random_key(1, "conv"), (uint64_t)_i)};
    for (int i = 0; i < 15; i++) {
        Conv conv = conv_draw(&from);
        problem_check(conv, &from, draw(&from, 0, 2));
    }
}
END_TEST

static Conv cube(int64_t n, int64_t size, int64_t in, int64_t out)
{
    return (Conv){.x = {n, size, size, size, in},
                  .y = {n, size, size, size, out},
                  .kernel = {3, 3, 3},
                  .stride = {1, 1, 1},
                  .front = {1, 1, 1},
                  .dilation = {1, 1, 1}};
}

/* Sizes at which every way of cutting the work comes into play. */
START_TEST(cut_problems)
{
    Draw from = {.key = fornix_random_key(2, "conv")};
    Conv conv = cube(1, 20, 3, 18);
    problem_check(conv, &from, 0);
    conv = cube(1, 1, 4, 3);
    conv.x.h = conv.y.h = 70, conv.x.w = conv.y.w = 150;
    problem_check(conv, &from, 1);
    conv = cube(1, 5, 80, 135);
    problem_check(conv, &from, 0);
    conv.winograd = FORNIX_WINOGRAD_NONE;
    problem_check(conv, &from, 0);
}
END_TEST

/* Heads: few channels made of blocks of them, in each pixel alone. */
START_TEST(head_problems)
{
    Draw from = {.key = fornix_random_key(6, "conv")};
    for (int i = 0; i < 8; i++) {
        Conv conv = cube(draw(&from, 1, 2), 1, 16 * draw(&from, 1, 2), draw(&from, 1, 5));
        conv.x.d = conv.y.d = draw(&from, 1, 3);
        conv.x.h = conv.y.h = draw(&from, 1, 20);
        conv.x.w = conv.y.w = draw(&from, 1, 300);
        for (int axis = 0; axis < 3; axis++)
            conv.kernel[axis] = 1, conv.front[axis] = 0;
        problem_check(conv, &from, i % 3);
    }
}
END_TEST

/* Strides over a tensor that no cache holds; one position and one row are left over. */
START_TEST(far_problems)
{
    Draw from = {.key = fornix_random_key(7, "conv")};
    Conv conv = {.x = {1, 9, 64, 251, 15},
                 .y = {1, 4, 32, 125, 2},
                 .kernel = {2, 2, 2},
                 .stride = {2, 2, 2},
                 .dilation = {1, 1, 1}};
    ck_assert(conv_far(&conv));
    problem_check(conv, &from, 1);
    conv.front[1] = conv.front[2] = 1;
    problem_check(conv, &from, 0);
}
END_TEST

/* Few pixels and many channels are gathered. */
static Conv gather_draw(Draw *from)
{
    Conv conv = conv_draw(from);
    conv.x.c = draw(from, 48, 100);
    conv.y.c = draw(from, 48, 70);
    conv.winograd = FORNIX_WINOGRAD_NONE;
    return conv;
}

START_TEST(gather_problems)
{
    Draw from = {.key = fornix_random_key(5, "conv")};
    for (int gathered[3] = {0}; gathered[0] < 4 || gathered[1] < 4 || gathered[2] < 4;) {
        Conv conv = gather_draw(&from);
        bool gathers[3] = {conv_gathers(&conv, CONV_FORWARD),
                           conv_gathers(&conv, CONV_INPUT_GRADIENT), conv_weight_gathers(&conv)};
        bool wanted = false;
        for (int i = 0; i < 3; i++)
            wanted = wanted || (gathers[i] && gathered[i] < 4);
        if (!wanted)
            continue;
        problem_check(conv, &from, gathered[0] % 2);
        for (int i = 0; i < 3; i++)
            gathered[i] += gathers[i];
    }
}
END_TEST

/* ---- Matrix products ------------------------------------------------------------------------ */

static void gemm_run(const Gemm *product, Split split)
{
    int64_t grains = gemm_grains(product->m, product->n, product->k);
    if (split == WHOLE)
        gemm(product, 0, grains);
    for (int64_t grain = grains - 1; split == SINGLE && grain >= 0; grain--)
        gemm(product, grain, grain + 1);
}

static double element(const float *data, int64_t step, bool turned, int64_t row, int64_t column)
{
    return (double)data[turned ? column * step + row : row * step + column];
}

static void gemm_check(const Gemm *product, const float *before)
{
    for (int64_t i = 0; i < product->m; i++)
        for (int64_t j = 0; j < product->n; j++) {
            double sum = product->accumulate ? (double)before[i * product->c_step + j]
                         : product->bias     ? (double)product->bias[j]
                                             : 0;
            double size = fabs(sum);
            for (int64_t k = 0; k < product->k; k++) {
                double term = element(product->a, product->a_step, product->a_turned, i, k) *
                              element(product->b, product->b_step, product->b_turned, k, j);
                sum += term;
                size += fabs(term);
            }
            double got = (double)product->c[i * product->c_step + j];
            if (!(fabs(got - sum) <= 1e-6 * size + 1e-30))
                ck_abort_msg("%g, not %g, in %ld %ld", got, sum, (long)i, (long)j);
        }
}

static void gemm_try(Draw *from, int64_t m, int64_t n, int64_t k)
{
    for (int way = 0; way < 8; way++) {
        Gemm g = {.m = m, .n = n, .k = k, .a_turned = way & 1, .b_turned = way & 2};
        int64_t gap = draw(from, 0, 3);
        g.accumulate = way & 4;
        g.a_step = (g.a_turned ? m : k) + gap;
        g.b_step = (g.b_turned ? k : n) + gap;
        g.c_step = n + gap;
        Buffer a = buffer_new((g.a_turned ? k : m) * g.a_step, 0);
        Buffer b = buffer_new((g.b_turned ? n : k) * g.b_step, 0);
        Buffer bias = buffer_new(n, 0), before = buffer_new(m * g.c_step, 0);
        Buffer whole = buffer_new(m * g.c_step, 0), single = buffer_new(m * g.c_step, 0);
        fornix_random_fill_normal(from->key, 1, a.data, a.size);
        fornix_random_fill_normal(from->key, 2, b.data, b.size);
        fornix_random_fill_normal(from->key, 3, bias.data, bias.size);
        fornix_random_fill_normal(from->key, 4, before.data, before.size);
        g.a = a.data, g.b = b.data, g.bias = !g.accumulate && gap ? bias.data : NULL;
        for (g.isa = ISA_PLAIN; g.isa < ISA_COUNT; g.isa++) {
            if (!isa_available(g.isa))
                continue;
            for (int64_t i = 0; i < before.size; i++) {
                bool gap_here = i % g.c_step >= n;
                whole.data[i] = g.accumulate || gap_here ? before.data[i] : NAN;
                single.data[i] = whole.data[i];
            }
            g.c = single.data;
            gemm_run(&g, SINGLE);
            g.c = whole.data;
            gemm_run(&g, WHOLE);
            gemm_check(&g, before.data);
            check_same(&whole, &single);
            for (int64_t i = 0; i < before.size; i++)
                if (i % g.c_step >= n && whole.data[i] != before.data[i])
                    ck_abort_msg("written behind a row");
        }
        buffer_free(&a), buffer_free(&b), buffer_free(&bias);
        buffer_free(&before), buffer_free(&whole), buffer_free(&single);
    }
}

/* Shapes for Winograd: odd extents, paddings, channels that fill no block or several parts. */
static Conv winograd_draw(Draw *from)
{
    static const int64_t channels[] = {15, 16, 16, 17, 24, 32, 40, 48};
    bool deep = draw(from, 0, 1);
    Conv conv = {.x = {.n = draw(from, 1, 2), .c = channels[draw(from, 0, 7)]},
                 .y = {.c = channels[draw(from, 0, 6)]},
                 .kernel = {deep ? 3 : 1, 3, 3},
                 .stride = {1, 1, 1},
                 .dilation = {1, 1, 1}};
    int64_t size[3] = {draw(from, deep ? 2 : 1, deep ? 7 : 2), draw(from, 7, deep ? 10 : 19),
                       draw(from, 7, deep ? 10 : 19)};
    int64_t made[3];
    for (int i = 0; i < 3; i++) {
        conv.front[i] = i || deep ? draw(from, 0, 3) : 0;
        made[i] = conv_extent(size[i], conv.kernel[i], 1,
                              conv.front[i] + (i || deep ? draw(from, 0, 2) : 0), 1);
        made[i] = made[i] < 1 ? 1 : made[i];
    }
    conv.x.d = size[0], conv.x.h = size[1], conv.x.w = size[2];
    conv.y.n = conv.x.n, conv.y.d = made[0], conv.y.h = made[1], conv.y.w = made[2];
    return conv;
}

START_TEST(winograd_problems)
{
    Draw from = {.key = fornix_random_derive(fornix_random_key(4, "conv"), (uint64_t)_i)};
    for (int i = 0; i < 2; i++) {
        Conv conv = winograd_draw(&from);
        int64_t gap = draw(&from, 0, 1) * 3;
        for (conv.winograd = FORNIX_WINOGRAD_F2; conv.winograd <= FORNIX_WINOGRAD_F4;
             conv.winograd++)
            problem_check(conv, &from, gap);
    }
}
END_TEST

START_TEST(matrix_products)
{
    Draw from = {.key = fornix_random_key(3, "gemm")};
    gemm_try(&from, 1, 1, 1);
    gemm_try(&from, 7, 16, 600);
    gemm_try(&from, 130, 70, 3);
    gemm_try(&from, 33, 150, 257);
    gemm_try(&from, 97, 65, 129);
    for (int i = 0; i < 10; i++) {
        int64_t m = draw(&from, 1, 40), n = draw(&from, 1, 40);
        gemm_try(&from, m, n, draw(&from, 1, 40));
    }
}
END_TEST

START_TEST(extents)
{
    ck_assert_int_eq(conv_extent(64, 3, 1, 2, 1), 64);
    ck_assert_int_eq(conv_extent(15, 3, 2, 2, 1), 8);
    ck_assert_int_eq(conv_extent(5, 3, 1, 0, 3), 0);
    ck_assert_int_eq(conv_extent(7, 3, 1, 0, 3), 1);
    ck_assert_int_eq(conv_transposed_extent(8, 2, 2, 0, 1, 0), 16);
    ck_assert_int_eq(conv_transposed_extent(8, 4, 2, 2, 1, 0), 16);
    ck_assert_int_eq(conv_transposed_extent(8, 3, 2, 2, 1, 1), 16);
}
END_TEST

START_TEST(instruction_sets)
{
    ck_assert(isa_available(ISA_PLAIN));
    ck_assert(isa_available(isa_active()));
    ck_assert_str_eq(isa_name(ISA_V3), "v3");
    ck_assert_str_eq(isa_name(ISA_ACTIVE), isa_name(isa_active()));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conv");
    TCase *test = tcase_create("conv");
    tcase_set_timeout(test, 60);
    tcase_add_test(test, extents);
    tcase_add_test(test, instruction_sets);
    tcase_add_loop_test(test, random_problems, 0, 8);
    tcase_add_test(test, cut_problems);
    tcase_add_test(test, head_problems);
    tcase_add_test(test, far_problems);
    tcase_add_test(test, gather_problems);
    tcase_add_loop_test(test, winograd_problems, 0, 6);
    tcase_add_test(test, matrix_products);
    suite_add_tcase(suite, test);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
