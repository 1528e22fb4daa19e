/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random class labels: what a conditional generator is asked for while it learns. */
#include "node.h"
#include "text.h"

#include <string.h>

typedef struct {
    FornixClasses like;
    FornixList distribution;
} RandomLabels;

static bool is_uniform(const RandomLabels *a)
{
    return a->distribution.count == 1 && strcmp(a->distribution.items[0], "uniform") == 0;
}

/* How often a class comes, in any unit; negative where that is not a number. */
static double class_share(const RandomLabels *a, int64_t class)
{
    double share;
    if (is_uniform(a))
        return 1;
    return text_to_real(a->distribution.items[class], &share) ? share : -1;
}

static bool random_labels_infer(FornixInfer *infer, const void *attrs)
{
    const RandomLabels *a = attrs;
    double sum = 0;
    if (!is_uniform(a) && a->distribution.count != a->like.count)
        return fornix_infer_fail(infer, "distribution",
                                 "'uniform' is wanted, or a number for each of the %lld classes",
                                 (long long)a->like.count);
    for (int64_t i = 0; i < a->like.count; i++) {
        double share = class_share(a, i);
        if (!(share >= 0))
            return fornix_infer_fail(infer, "distribution", "'%s' is not a number from 0 on",
                                     a->distribution.items[i]);
        sum += share;
    }
    if (!(sum > 0))
        return fornix_infer_fail(infer, "distribution", "no class is ever drawn");
    fornix_output(infer, 0, (FornixShape){fornix_batch(infer), 1, 1, 1, 1});
    fornix_output_classes(infer, 0, a->like.count);
    fornix_pass(infer, FORNIX_FORWARD, 1, FORNIX_ALWAYS);
    return true;
}

/* The last class that can come where rounding leaves something over. */
static int64_t class_at(const RandomLabels *a, double place)
{
    int64_t found = 0;
    for (int64_t class = 0; class < a->like.count; class ++) {
        double share = class_share(a, class);
        if (share > 0)
            found = class;
        if (place < share)
            break;
        place -= share;
    }
    return found;
}

static void random_labels_forward(const FornixStep *step, const void *attrs, int pass,
                                  int64_t begin, int64_t end)
{
    const RandomLabels *a = attrs;
    const FornixTensor *out = &step->out[0];
    double sum = 0;
    (void)pass, (void)begin, (void)end;

    for (int64_t class = 0; class < a->like.count; class ++)
        sum += class_share(a, class);
    for (int64_t n = 0; n < out->shape.n; n++)
        out->data[n * out->pitch_n] =
            (float)class_at(a, sum * fornix_random_real(step->random, (uint64_t)n));
}

static const FornixAttr attrs[] = {
    FORNIX_CLASSES(RandomLabels, like, NULL,
                   "the label column whose classes are drawn, or their number"),
    FORNIX_LIST(RandomLabels, distribution, "uniform",
                "uniform, or how often each class comes, in any unit: 1 3"),
    {0}};

static const FornixPort outputs[] = {{"label", FORNIX_LABEL, 0, "new labels at each step"}, {0}};

static const FornixLayer layer = {.infer = random_labels_infer, .forward = random_labels_forward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "random_labels",
    .doc = "Draws a class for each sample of the batch, anew at each step.",
    .attrs_size = sizeof(RandomLabels),
    .attrs = attrs,
    .outputs = outputs,
    .layer = &layer,
    .example = " | <random_labels like=\"3\"/>\n"
               " | <random_labels like=\"2\" distribution=\"1 3\"/>"};
