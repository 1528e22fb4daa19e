/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A net that has to do without a box of the image looks at all of it. A grain is a sample, and
 * draws from a key of its own: neither threads nor the batch matter. */
#include <node.h>
#include <string.h>

typedef struct {
    double size;
} Settings;

static bool infer(FornixInfer *infer, const void *attrs)
{
    (void)attrs;
    FornixShape x = fornix_input(infer, 0);
    fornix_output(infer, 0, x);
    fornix_pass(infer, FORNIX_FORWARD, x.n, FORNIX_ALWAYS);
    return true;
}

static void erase(float *image, const FornixTensor *t, double size, FornixRandomKey key)
{
    int64_t from[3], count[3], all[] = {t->shape.d, t->shape.h, t->shape.w};
    for (int axis = 0; axis < 3; axis++) {
        count[axis] = all[axis] > 1 ? (int64_t)(size * (double)all[axis]) : 1;
        from[axis] = fornix_random_below(key, (uint64_t)axis, all[axis] - count[axis] + 1);
    }
    for (int64_t d = from[0]; d < from[0] + count[0]; d++)
        for (int64_t h = from[1]; h < from[1] + count[1]; h++)
            memset(image + d * t->pitch_d + h * t->pitch_h + from[2] * t->pitch_w, 0,
                   (size_t)(count[2] * t->pitch_w) * sizeof *image);
}

static void forward(const FornixStep *s, const void *attrs, int pass, int64_t begin, int64_t end)
{
    const FornixTensor *out = &s->out[0];
    (void)pass;
    memcpy(out->data + begin * out->pitch_n, s->in[0].data + begin * out->pitch_n,
           (size_t)((end - begin) * out->pitch_n) * sizeof *out->data);
    for (int64_t n = begin; n < end && s->training; n++)
        erase(out->data + n * out->pitch_n, out, ((const Settings *)attrs)->size,
              fornix_random_derive(s->random, (uint64_t)n));
}

static const FornixAttr attrs[] = {
    FORNIX_REAL(Settings, size, "0.25", 0, 1, "of the box, as a share of each side"), {0}};
static const FornixPort inputs[] = {{"image", FORNIX_IMAGE, FORNIX_NO_GRAD, "any size"}, {0}};
static const FornixPort outputs[] = {{"image", 0, 0, "with a box of zeros"}, {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward};

const FornixNode fornix_node = {.abi = FORNIX_ABI,
                                .name = "my_node",
                                .doc = "Sets a box at a random place to 0, while training.",
                                .formula = "Cutout (DeVries and Taylor 2017)",
                                .attrs_size = sizeof(Settings),
                                .attrs = attrs,
                                .inputs = inputs,
                                .outputs = outputs,
                                .layer = &layer,
                                .example = "x=3,4,8,8,2 | <my_node image=\"x\"/>"};
