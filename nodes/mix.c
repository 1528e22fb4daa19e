/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A point between two tensors, drawn anew for each sample: where a gradient penalty looks. */
#include "node.h"
#include "pair_ports.h"

enum { A, B, SHARE };

static bool infer(FornixInfer *infer, const void *attrs)
{
    (void)attrs;
    FornixShape a = fornix_input(infer, A);
    FornixShape share = fornix_input(infer, SHARE);
    if (!pair_check(infer, "a", "b"))
        return false;
    if (fornix_has_input(infer, SHARE) && (share.n != a.n || fornix_floats(share) != a.n))
        return fornix_infer_fail(infer, "share", "it has to be one number for each sample");
    fornix_output(infer, 0, a);
    fornix_pass(infer, FORNIX_FORWARD, a.n, FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, a.n, FORNIX_FOR_INPUT);
    fornix_flops(infer, FORNIX_FORWARD, 3.0 * (double)fornix_floats(a));
    fornix_flops(infer, FORNIX_BACKWARD, 2.0 * (double)fornix_floats(a));
    return true;
}

/* Backward draws what forward drew. */
static float share_of(const FornixStep *step, int64_t sample)
{
    const float *given = step->in[SHARE].data;
    return given ? given[sample] : fornix_random_uniform(step->random, (uint64_t)sample);
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    (void)attrs, (void)pass;
    int64_t floats = step->in[A].pitch_n;
    for (int64_t n = begin; n < end; n++) {
        const float *a = step->in[A].data + n * floats, *b = step->in[B].data + n * floats;
        float *y = step->out[0].data + n * floats, share = share_of(step, n);
        for (int64_t i = 0; i < floats; i++)
            y[i] = share * a[i] + (1 - share) * b[i];
    }
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    (void)attrs, (void)pass;
    int64_t floats = step->dout[0].pitch_n;
    for (int64_t n = begin; n < end; n++) {
        const float *dy = step->dout[0].data + n * floats;
        float share = share_of(step, n);
        for (int side = A; side <= B; side++) {
            float *to = step->din[side].data, factor = side == A ? share : 1 - share;
            for (int64_t i = 0; to && i < floats; i++)
                to[n * floats + i] = factor * dy[i];
        }
    }
}

static const FornixPort inputs[] = {
    {"a", FORNIX_VALUES, 0, "one end, as real features"},
    {"b", FORNIX_VALUES, 0, "the other end, as generated ones"},
    {"share", FORNIX_VALUES | FORNIX_WEIGHT, FORNIX_OPTIONAL | FORNIX_SAVED | FORNIX_NO_GRAD,
     "of a, a number for each sample; drawn uniformly in 0 to 1 unless given"},
    {0}};
static const FornixPort outputs[] = {{"y", FORNIX_FEATURE, 0, "between them"}, {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "mix",
    .doc = "Mixes two tensors, in another proportion for each sample, drawn anew at each step: "
           "points between real and fake, at which a Wasserstein critic's gradient is held to 1.",
    .formula = "y = e a + (1 - e) b, e uniform in 0 to 1 for each sample (Gulrajani et al. 2017)",
    .inputs = inputs,
    .outputs = outputs,
    .layer = &layer,
    .example = "a=3,1,1,1,5 b=3,1,1,1,5 | <mix a=\"a\" b=\"b\"/>\n"
               "a=2,2,3,2,4 b=2,2,3,2,4 s=2,1,1,1,1 | <mix a=\"a\" b=\"b\" share=\"s\"/>"};
