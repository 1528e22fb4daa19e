/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An optimizer that follows the gradient. */
#include <node.h>

typedef struct {
    double rate;
} Uphill;

static void update(const FornixUpdate *update, const void *attrs, int64_t begin, int64_t end)
{
    (void)attrs;
    for (int64_t i = begin; i < end; i++)
        update->weight[i] += (float)(update->rate * update->scale) * update->gradient[i];
}

static const FornixAttr attrs[] = {FORNIX_REAL(Uphill, rate, "0.01", 0, 1, "of learning"), {0}};
static const FornixOptimizer optimizer = {.rate_offset = offsetof(Uphill, rate), .update = update};

const FornixNode fornix_node = {.abi = FORNIX_ABI,
                                .name = "uphill",
                                .doc = "Follows the gradient.",
                                .attrs_size = sizeof(Uphill),
                                .attrs = attrs,
                                .optimizer = &optimizer,
                                .example = "<uphill rate=\"0.1\"/>"};
