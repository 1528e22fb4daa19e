/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A node of the tree with a mistake in its backward: what tests have to notice.
 *
 * Whoever builds it says with macros: NODE, the file of the right node; PASSES, how many its
 * backward has, one of those below; GRADIENT, the tensor of a FornixStep
 * that becomes wrong; NEED, when that is made; GRAINS, in how many the mistake is cut; MISTAKE,
 * which changes the floats of `wrong` for the grains [begin, end). The node keeps its name, so that
 * graphs take it where its folder stands in FORNIX_PLUGIN_PATH.
 */
#define fornix_node right_node
#include NODE
#undef fornix_node

#define DENSE_PASSES (((const Dense *)attrs)->bias ? BIAS_PASS + REDUCE_PASSES : BIAS_PASS)
#define LOSS_PASSES 1
#define CONV_PASSES                                                                                \
    ({                                                                                             \
        Conv described;                                                                            \
        describe(attrs, step->in[0].shape, &described);                                            \
        conv_passes(&described, CONV_INPUT_GRADIENT) +                                             \
            conv_passes(&described, CONV_WEIGHT_GRADIENT);                                         \
    })

static inline void scale(FornixTensor wrong, float factor)
{
    int64_t pixels = fornix_pixels(wrong.shape);
    for (int64_t i = 0; wrong.data && i < pixels; i++)
        for (int64_t c = 0; c < wrong.shape.c; c++)
            wrong.data[i * wrong.pitch_w + c] *= factor;
}

static bool wrong_infer(FornixInfer *asked, const void *attributes)
{
    if (!right_node.layer->infer(asked, attributes))
        return false;
    fornix_pass(asked, FORNIX_BACKWARD, GRAINS, NEED);
    return true;
}

static void wrong_backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                           int64_t end)
{
    if (pass < (PASSES)) {
        right_node.layer->backward(step, attrs, pass, begin, end);
        return;
    }
    FornixTensor wrong = step->GRADIENT;
    MISTAKE;
}

FornixNode fornix_node;

__attribute__((constructor)) static void make_wrong(void)
{
    static FornixLayer wrong_layer;
    wrong_layer = *right_node.layer;
    wrong_layer.infer = wrong_infer;
    wrong_layer.backward = wrong_backward;
    fornix_node = right_node;
    fornix_node.layer = &wrong_layer;
}
