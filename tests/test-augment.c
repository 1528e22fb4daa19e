/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Augmentation: the transforms are those asked for, image and mask stay together, and no cut of
 * the work shows in the bits. The node's own functions are driven here as the engine would. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../nodes/augment.c"

static const Augment off = {.sigma = 24, .reference = 240};
static const Augment usual = {.flip_d = .5,
                              .flip_h = .5,
                              .flip_w = .5,
                              .alpha = 720,
                              .sigma = 24,
                              .reference = 240,
                              .rotate = 20,
                              .shift = .1,
                              .shear = .05,
                              .zoom = .1};

typedef struct {
    Augment attrs;
    FornixShape shape;
    FornixView in[2];
    FornixTensor out[2];
    FornixStep step;
    Opened opened;
    Layout layout;
    float *memory;
} Rig;

static FornixView view_of(FornixShape s, const float *data)
{
    return (FornixView){s, s.c, s.w * s.c, s.h * s.w * s.c, s.d * s.h * s.w * s.c, data};
}

static FornixTensor tensor_of(FornixShape s, float *data)
{
    return (FornixTensor){s, s.c, s.w * s.c, s.h * s.w * s.c, s.d * s.h * s.w * s.c, data};
}

static void rig_open(Rig *rig, Augment attrs_of, FornixShape shape)
{
    FornixShape mask = shape;
    FornixError error = {.text = ""};
    mask.c = 1;
    *rig = (Rig){.attrs = attrs_of, .shape = shape, .layout = layout_of(&attrs_of, shape)};
    if (rig->layout.fields) {
        rig->opened.field = layout_field(&rig->layout, &error);
        ck_assert_msg(rig->opened.field != NULL, "%s", error.text);
    }
    int64_t fields = rig->layout.fields ? field_scratch(rig->opened.field) : 0;
    int64_t scratch = shape.n * (rig->layout.fields * fields + rig->layout.range * 2 * shape.c);
    int64_t images = fornix_floats(shape), masks = fornix_floats(mask);
    rig->memory = mem_new((size_t)(2 * images + 2 * masks + scratch), sizeof(float));
    float *image_in = rig->memory, *mask_in = image_in + 2 * images;
    rig->in[0] = view_of(shape, image_in);
    rig->in[1] = view_of(mask, mask_in);
    rig->out[0] = tensor_of(shape, image_in + images);
    rig->out[1] = tensor_of(mask, mask_in + masks);
    rig->step = (FornixStep){.in = rig->in,
                             .out = rig->out,
                             .inputs = 2,
                             .training = true,
                             .random = fornix_random_key(3, "augment"),
                             .scratch = mask_in + 2 * masks,
                             .opened = &rig->opened};
}

static void rig_close(Rig *rig)
{
    field_free(rig->opened.field);
    mem_free(rig->memory);
}

static float *image_in(const Rig *rig)
{
    return rig->memory;
}

static float *mask_in(const Rig *rig)
{
    return rig->memory + 2 * fornix_floats(rig->shape);
}

/* Runs the node's passes, `chunk` grains at a time, the last ones first if backwards. */
static void rig_run(const Rig *rig, int64_t chunk, bool backwards)
{
    const Layout *l = &rig->layout;
    int64_t grains[2] = {l->n * (l->fields + l->range), l->n * l->blocks};
    for (int i = grains[0] ? 0 : 1, pass = 0; i < 2; i++, pass++) {
        int64_t chunks = (grains[i] + chunk - 1) / chunk;
        for (int64_t k = 0; k < chunks; k++) {
            int64_t begin = (backwards ? chunks - 1 - k : k) * chunk;
            int64_t end = begin + chunk < grains[i] ? begin + chunk : grains[i];
            augment_forward(&rig->step, &rig->attrs, pass, begin, end);
        }
    }
}

static void fill_normal(const Rig *rig)
{
    fornix_random_fill_normal(fornix_random_key(9, "image"), 0, image_in(rig),
                              fornix_floats(rig->shape));
}

/* A ball of class 2 in a ball of class 1, in every sample. */
static void fill_balls(const Rig *rig)
{
    FornixShape s = rig->shape;
    float *mask = mask_in(rig);
    for (int64_t i = 0; i < fornix_pixels(s); i++) {
        double d = s.d > 1 ? (double)(i / (s.h * s.w) % s.d) - (double)s.d / 2.2 : 0;
        double h = (double)(i / s.w % s.h) - (double)s.h / 2.1;
        double w = (double)(i % s.w) - (double)s.w / 1.9;
        double r = sqrt(d * d + h * h + w * w) / (double)s.w;
        mask[i] = r < .15 ? 2 : r < .3 ? 1 : 0;
    }
}

static const FornixShape shapes[] = {{2, 12, 13, 14, 3}, {3, 1, 40, 37, 2}, {2, 1, 1, 50, 1}};

START_TEST(off_is_identity)
{
    Rig rig;
    rig_open(&rig, off, shapes[_i]);
    fill_normal(&rig);
    fill_balls(&rig);
    rig_run(&rig, 1000, false);
    ck_assert(memcmp(rig.in[0].data, rig.out[0].data,
                     (size_t)fornix_floats(rig.in[0].shape) * sizeof(float)) == 0);
    ck_assert(memcmp(rig.in[1].data, rig.out[1].data,
                     (size_t)fornix_floats(rig.in[1].shape) * sizeof(float)) == 0);
    rig_close(&rig);
}
END_TEST

START_TEST(passes_through_outside_training)
{
    Rig rig;
    Augment all = usual;
    all.noise = all.gain = all.gamma = .5;
    rig_open(&rig, all, shapes[_i]);
    rig.step.training = false;
    fill_normal(&rig);
    fill_balls(&rig);
    rig_run(&rig, 1000, false);
    ck_assert(memcmp(rig.in[0].data, rig.out[0].data,
                     (size_t)fornix_floats(rig.in[0].shape) * sizeof(float)) == 0);
    ck_assert(memcmp(rig.in[1].data, rig.out[1].data,
                     (size_t)fornix_floats(rig.in[1].shape) * sizeof(float)) == 0);
    rig_close(&rig);
}
END_TEST

START_TEST(cuts_do_not_show)
{
    Augment all = usual;
    all.noise = all.gain = all.gamma = .3;
    Rig one, other;
    rig_open(&one, all, (FornixShape){2, 20, 24, 24, 2});
    rig_open(&other, all, (FornixShape){2, 20, 24, 24, 2});
    fill_normal(&one), fill_normal(&other);
    fill_balls(&one), fill_balls(&other);
    size_t bytes = (size_t)fornix_floats(one.shape) * sizeof(float);
    memset(other.out[0].data, 0xff, bytes);
    rig_run(&one, 1000, false);
    rig_run(&other, 1, true);
    ck_assert_int_gt(one.layout.blocks, 1);
    ck_assert(memcmp(one.out[0].data, other.out[0].data, bytes) == 0);
    ck_assert(memcmp(one.out[1].data, other.out[1].data, bytes / 2) == 0);

    other.step.random = fornix_random_key(4, "augment");
    rig_run(&other, 3, false);
    ck_assert(memcmp(one.out[0].data, other.out[0].data, bytes) != 0);
    rig_close(&one);
    rig_close(&other);
}
END_TEST

START_TEST(samples_differ)
{
    Rig rig;
    rig_open(&rig, usual, (FornixShape){2, 1, 32, 32, 1});
    fill_balls(&rig);
    rig_run(&rig, 1000, false);
    ck_assert(memcmp(rig.out[1].data, rig.out[1].data + 1024, 4096) != 0);
    rig_close(&rig);
}
END_TEST

/* The mask as an image, interpolated and cut at a half, is nearly the mask by nearest voxel. */
START_TEST(image_and_mask_go_together)
{
    Rig rig;
    rig_open(&rig, usual, _i ? (FornixShape){6, 1, 64, 64, 1} : (FornixShape){6, 28, 28, 28, 1});
    fill_balls(&rig);
    int64_t count = fornix_floats(rig.shape), apart = 0, inside = 0;
    float *mask = mask_in(&rig), *image = image_in(&rig);
    for (int64_t i = 0; i < count; i++)
        image[i] = mask[i] > 0;
    rig_run(&rig, 1000, false);
    for (int64_t i = 0; i < count; i++) {
        bool in_mask = rig.out[1].data[i] > 0;
        ck_assert(rig.out[1].data[i] == floorf(rig.out[1].data[i]));
        apart += in_mask != (rig.out[0].data[i] > .5F);
        inside += in_mask;
    }
    ck_assert_int_gt(inside, count / 50);
    ck_assert_int_lt(apart, inside / 15);
    rig_close(&rig);
}
END_TEST

/* An image that holds its own coordinate shows where the values come from. */
START_TEST(bends_as_far_as_stated)
{
    Rig rig;
    Augment elastic = off;
    elastic.alpha = 720;
    rig_open(&rig, elastic, (FornixShape){12, _i ? 1 : 24, 32, 48, 1});
    int64_t width = rig.shape.w, rows = fornix_pixels(rig.shape) / width;
    float *image = image_in(&rig);
    for (int64_t i = 0; i < rows * width; i++)
        image[i] = (float)(i % width);
    rig_run(&rig, 1000, false);
    double sum = 0;
    for (int64_t row = 0; row < rows; row++)
        for (int64_t w = 8; w < width - 8; w++)
            sum += pow((double)rig.out[0].data[row * width + w] - (double)w, 2);
    double rms = sqrt(sum / (double)(rows * (width - 16)));
    ck_assert_double_eq_tol(rms, 4.886 * 48 / 240, .15);
    rig_close(&rig);
}
END_TEST

/* Forward, step by step, as warp.h tells it; the matrix must lead back. */
START_TEST(affine_leads_back)
{
    const int64_t size[3] = {21, 30, 17};
    const Affine a = {.flip = {true, false, true},
                      .zoom = {1.2, .8, .9},
                      .shear = {.1, -.2, .15},
                      .rotate = {.3, -.4, .5},
                      .shift = {2, -3, 1.5}};
    const double start[3] = {4, 21, 9};
    double p[3], centre[3];
    for (int i = 0; i < 3; i++) {
        centre[i] = (double)(size[i] - 1) / 2;
        p[i] = (start[i] - centre[i]) * (a.flip[i] ? -1 : 1) * a.zoom[i];
    }
    p[0] += a.shear[0] * p[1] + a.shear[1] * p[2];
    p[1] += a.shear[2] * p[2];
    const int plane[3][2] = {{0, 1}, {0, 2}, {1, 2}};
    for (int i = 0; i < 3; i++) {
        double angle = a.rotate[2 - i];
        double *u = &p[plane[i][0]], *v = &p[plane[i][1]];
        double turned = cos(angle) * *u - sin(angle) * *v;
        *v = sin(angle) * *u + cos(angle) * *v;
        *u = turned;
    }
    Warp warp = warp_affine(size, &a);
    for (int i = 0; i < 3; i++) {
        double back = warp.matrix[i][3];
        for (int j = 0; j < 3; j++)
            back += (double)warp.matrix[i][j] * (p[j] + a.shift[j] + centre[j]);
        ck_assert_double_eq_tol(back, start[i], 1e-4);
    }
}
END_TEST

START_TEST(simple_transforms_are_exact)
{
    const int64_t size[3] = {1, 5, 5};
    float in[25], out[25];
    for (int i = 0; i < 25; i++)
        in[i] = (float)i;
    Affine a = affine_identity;
    a.flip[2] = true;
    Warp warp = warp_affine(size, &a);
    warp_image(&warp, 1, in, out, 0, 5);
    for (int i = 0; i < 25; i++)
        ck_assert_float_eq_tol(out[i], in[i / 5 * 5 + 4 - i % 5], 1e-5F);

    a = affine_identity;
    a.shift[1] = 2;
    warp = warp_affine(size, &a);
    warp_mask(&warp, in, out, 0, 5);
    for (int i = 0; i < 25; i++)
        ck_assert_float_eq(out[i], in[i < 10 ? i % 5 : i - 10]);

    a = affine_identity;
    a.rotate[0] = acos(0);
    warp = warp_affine(size, &a);
    warp_image(&warp, 1, in, out, 0, 5);
    for (int h = 0; h < 5; h++)
        for (int w = 0; w < 5; w++)
            ck_assert_float_eq_tol(out[(4 - w) * 5 + h], in[h * 5 + w], 1e-4F);
}
END_TEST

START_TEST(intensities_change_as_stated)
{
    Rig rig;
    Augment a = off;
    a.noise = .25;
    rig_open(&rig, a, (FornixShape){1, 16, 32, 32, 2});
    rig_run(&rig, 2, false);
    double sum = 0, squares = 0, count = (double)fornix_floats(rig.shape);
    for (int64_t i = 0; i < fornix_floats(rig.shape); i++) {
        sum += (double)rig.out[0].data[i];
        squares += (double)rig.out[0].data[i] * (double)rig.out[0].data[i];
    }
    ck_assert_double_eq_tol(sum / count, 0, .01);
    ck_assert_double_eq_tol(sqrt(squares / count), .25, .01);
    rig_close(&rig);

    a = off;
    a.gamma = .5;
    rig_open(&rig, a, (FornixShape){1, 1, 1, 101, 1});
    for (int i = 0; i <= 100; i++)
        image_in(&rig)[i] = (float)i / 50 - 1;
    rig_run(&rig, 1000, false);
    const float *out = rig.out[0].data;
    double power = log((double)(out[50] + 1) / 2) / log(.5);
    ck_assert(power > exp(-.5) && power < exp(.5) && fabs(power - 1) > 1e-3);
    for (int i = 0; i <= 100; i++)
        ck_assert_double_eq_tol((double)out[i], 2 * pow(i / 100., power) - 1, 1e-4);
    rig_close(&rig);
}
END_TEST

/* Processor time, so that a busy machine does not fail it; the bound is some five times too kind.
 */
START_TEST(is_quick)
{
    Rig rig;
    rig_open(&rig, usual, _i ? (FornixShape){4, 1, 128, 128, 1} : (FornixShape){4, 32, 32, 32, 4});
    fill_normal(&rig);
    clock_t start = clock();
    rig_run(&rig, 1000, false);
    ck_assert_double_lt((double)(clock() - start) / CLOCKS_PER_SEC, 4 * .04);
    rig_close(&rig);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("augment");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, off_is_identity, 0, COUNT(shapes));
    tcase_add_loop_test(all, passes_through_outside_training, 0, COUNT(shapes));
    tcase_add_test(all, cuts_do_not_show);
    tcase_add_test(all, samples_differ);
    tcase_add_loop_test(all, image_and_mask_go_together, 0, 2);
    tcase_add_loop_test(all, bends_as_far_as_stated, 0, 2);
    tcase_add_test(all, affine_leads_back);
    tcase_add_test(all, simple_transforms_are_exact);
    tcase_add_test(all, intensities_change_as_stated);
    tcase_add_loop_test(all, is_quick, 0, 2);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
