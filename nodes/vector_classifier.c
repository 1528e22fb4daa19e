/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A classifier of vectors: dense layers with dropout; without hidden layers, logistic regression.
 */
#include "node.h"

typedef struct {
    FornixClasses classes;
    int64_t width, depth;
    double dropout;
} VectorClassifier;

static bool expand(FornixInfer *infer, const void *attrs)
{
    const VectorClassifier *a = attrs;
    fornix_emit(infer, "<identity id=\"drop0\" x=\"x\"/>");
    for (int64_t k = 1; k <= a->depth; k++)
        fornix_emit(infer,
                    "<dense id=\"dense%lld\" x=\"drop%lld\" channels=\"%lld\" from=\"width\"/>"
                    "<relu id=\"act%lld\" x=\"dense%lld\"/>"
                    "<dropout id=\"drop%lld\" x=\"act%lld\" rate=\"%.9g\" from=\"dropout\"/>",
                    (long long)k, (long long)(k - 1), (long long)a->width, (long long)k,
                    (long long)k, (long long)k, (long long)k, a->dropout);
    fornix_emit(infer,
                "<dense id=\"dense\" x=\"drop%lld\" channels=\"%lld\" from=\"classes\"/>"
                "<identity id=\"logits\" x=\"dense\" as=\"logits\"/>",
                (long long)a->depth, (long long)a->classes.count);
    return true;
}

static const FornixAttr attrs[] = {
    FORNIX_CLASSES(VectorClassifier, classes, NULL, "their number, or the label column"),
    FORNIX_INT(VectorClassifier, width, "64", 1, 1 << 20, "channels of the hidden layers"),
    FORNIX_INT(VectorClassifier, depth, "2", 0, 64, "hidden layers; 0: logistic regression"),
    FORNIX_REAL(VectorClassifier, dropout, "0.5", 0, 1, "behind each hidden layer"),
    {0}};
static const FornixPort inputs[] = {{"x", FORNIX_VALUES, 0, "a vector for each sample"}, {0}};
static const FornixPort outputs[] = {{"logits", FORNIX_LOGITS, 0, "a channel a class"}, {0}};
static const FornixComposite composite = {expand};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "vector_classifier",
    .doc = "A classifier of vectors: dense layers with ReLU and dropout, then one that gives "
           "logits. Without hidden layers it is logistic regression. Inside: dense1, act1, ..., "
           "dense.",
    .attrs_size = sizeof(VectorClassifier),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .composite = &composite,
    .example = "x=4,1,1,1,9 | <vector_classifier x=\"x\" classes=\"2\" width=\"6\"/>\n"
               "x=4,1,1,1,9 | <vector_classifier x=\"x\" classes=\"3\" depth=\"0\"/>"};
