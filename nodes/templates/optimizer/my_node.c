/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every weight moves by the same amount: one state a weight, half of what adam keeps. */
#include <node.h>

typedef struct {
    double rate, beta1, beta2, decay;
} Settings;

static double sign(double x)
{
    return x > 0 ? 1 : x < 0 ? -1 : 0;
}

static void update(const FornixUpdate *u, const void *attrs, int64_t begin, int64_t end)
{
    const Settings *a = attrs;
    float *m = u->state[0];
    for (int64_t i = begin; i < end; i++) {
        double g = u->scale * (double)u->gradient[i], w = (double)u->weight[i];
        double direction = sign(a->beta1 * (double)m[i] + (1 - a->beta1) * g);
        u->weight[i] = (float)(w - u->rate * (direction + a->decay * w));
        m[i] = (float)(a->beta2 * (double)m[i] + (1 - a->beta2) * g);
    }
}

static const FornixAttr attrs[] = {
    FORNIX_REAL(Settings, rate, "1e-4", 0, 1, "what a weight moves in a step"),
    FORNIX_REAL(Settings, beta1, "0.9", 0, 1, "memory of the direction"),
    FORNIX_REAL(Settings, beta2, "0.99", 0, 1, "memory of the gradients"),
    FORNIX_REAL(Settings, decay, "0", 0, 100, "times the weight, towards 0"),
    {0}};
static const FornixOptimizer optimizer = {
    .states = 1, .rate_offset = offsetof(Settings, rate), .update = update};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "my_node",
    .doc = "Lion: steps by the sign of the gradient's running mean.",
    .formula = "w -= rate (sign(beta1 m + (1 - beta1) g) + decay w); m = beta2 m + (1 - beta2) g "
               "(Chen et al. 2023)",
    .attrs_size = sizeof(Settings),
    .attrs = attrs,
    .optimizer = &optimizer,
    .example = "<my_node rate=\"1e-3\"/>\n<my_node rate=\"1e-3\"><cosine/></my_node>"};
