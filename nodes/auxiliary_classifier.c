/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The class head of a discriminator: one dense layer that gives logits. */
#include "node.h"

typedef struct {
    FornixClasses classes;
    bool bias;
} AuxiliaryClassifier;

static bool expand(FornixInfer *infer, const void *attrs)
{
    const AuxiliaryClassifier *a = attrs;
    fornix_emit(infer,
                "<dense id=\"dense\" x=\"x\" channels=\"%lld\" bias=\"%s\" from=\"classes\"/>"
                "<identity id=\"logits\" x=\"dense\" as=\"logits\"/>",
                (long long)a->classes.count, a->bias ? "yes" : "no");
    return true;
}

static const FornixAttr attrs[] = {
    FORNIX_CLASSES(AuxiliaryClassifier, classes, NULL, "their number, or the label column"),
    FORNIX_BOOL(AuxiliaryClassifier, bias, "yes", "add a number to each class"),
    {0}};
static const FornixPort inputs[] = {
    {"x", FORNIX_VALUES, 0, "what the discriminator gives (h), or any feature"}, {0}};
static const FornixPort outputs[] = {{"logits", FORNIX_LOGITS, 0, "a channel a class"}, {0}};
static const FornixComposite composite = {expand};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "auxiliary_classifier",
    .doc = "A dense layer from a feature to class logits: the auxiliary classifier of an ACGAN.",
    .formula = "logits = x w + bias (Odena, Olah & Shlens 2017)",
    .attrs_size = sizeof(AuxiliaryClassifier),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .composite = &composite,
    .example = "x=4,1,1,1,9 | <auxiliary_classifier x=\"x\" classes=\"2\"/>\n"
               "x=2,1,3,3,4 | <auxiliary_classifier x=\"x\" classes=\"3\" bias=\"no\"/>"};
