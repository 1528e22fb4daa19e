/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Squares where x is near y, distances where it is far: no single voxel outweighs all others. */
#include <math.h>
#include <node.h>

typedef struct {
    double width;
} Settings;

static bool infer(FornixInfer *infer, const void *attrs)
{
    FornixShape x = fornix_input(infer, 0), y = fornix_input(infer, 1);
    (void)attrs;
    if (x.n != y.n || x.d != y.d || x.h != y.h || x.w != y.w || x.c != y.c)
        return fornix_infer_fail(infer, "y", "its sizes differ from those of x");
    fornix_output(infer, 0, (FornixShape){1, 1, 1, 1, 1});
    fornix_pass(infer, FORNIX_FORWARD, 1, FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, x.n, FORNIX_FOR_INPUT); /* a grain a sample */
    return true;
}

static void forward(const FornixStep *s, const void *attrs, int pass, int64_t begin, int64_t end)
{
    double width = ((const Settings *)attrs)->width, sum = 0;
    (void)pass, (void)begin, (void)end;
    for (int64_t i = 0; i < fornix_floats(s->in[0].shape); i++)
        sum += hypot(((double)s->in[0].data[i] - (double)s->in[1].data[i]) / width, 1) - 1;
    s->out[0].data[0] = (float)(width * sum / (double)fornix_floats(s->in[0].shape));
}

static void backward(const FornixStep *s, const void *attrs, int pass, int64_t begin, int64_t end)
{
    double width = ((const Settings *)attrs)->width, all = (double)fornix_floats(s->in[0].shape);
    (void)pass;
    for (int64_t i = begin * s->in[0].pitch_n; i < end * s->in[0].pitch_n; i++) {
        double far = ((double)s->in[0].data[i] - (double)s->in[1].data[i]) / width;
        s->din[0].data[i] = (float)((double)s->dout[0].data[0] / all * far / hypot(far, 1));
    }
}

static const FornixAttr attrs[] = {FORNIX_REAL(Settings, width, "1", 1e-3, 1e3, "its bend"), {0}};
static const FornixPort inputs[] = {
    {"x", FORNIX_VALUES, FORNIX_SAVED, "what the net makes"},
    {"y", FORNIX_VALUES, FORNIX_SAVED | FORNIX_NO_GRAD, "what it should make"},
    {0}};
static const FornixPort outputs[] = {{"loss", FORNIX_LOSS, 0, "the mean over all values"}, {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "my_node",
    .doc = "The Charbonnier loss: mse_loss near the target, as robust as mae_loss far from it.",
    .formula = "mean of width (sqrt(1 + ((x - y) / width)^2) - 1) (Charbonnier et al. 1994)",
    .attrs_size = sizeof(Settings),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .layer = &layer,
    .example = "x=2,3,4,5,6 y=2,3,4,5,6 | <my_node x=\"x\" y=\"y\" width=\"0.5\"/>"};
