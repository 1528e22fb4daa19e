/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "language.h"

#include <string.h>

#define MANY 1e12

/* Attributes that the expansion reads itself: no struct is filled. */
#define NAMED(name, fallback, doc)                                                                 \
    {                                                                                              \
        name, FORNIX_ATTR_TEXT, 0, fallback, 0, 0, 0, doc                                          \
    }
#define CHOSEN(name, fallback, choices, doc)                                                       \
    {                                                                                              \
        name, FORNIX_ATTR_CHOICE, 0, fallback, 0, 0, choices, doc                                  \
    }
#define CONDITION NAMED("if", "", "an expression: dropped unless it is true")

static const char *const remainders[] = {"keep", "drop", "spread", NULL};
static const char *const selects[] = {"last", "best", NULL};
static const char *const goals[] = {"auto", "max", "min", NULL};
static const char *const label_rules[] = {"equal", "random", NULL};
static const char *const parts[] = {"train", "validation", "test", "none", NULL};
static const char *const param_types[] = {"int",  "real",   "bool", "text",
                                          "list", "choice", "path", NULL};
static const char *const loads[] = {"all", "matching", NULL};
static const char *const pools[] = {"none", "mean", NULL};

static const char *const winograds[] = {"f2", "none", "f4", NULL}; /* as FornixWinograd */

#define WINOGRAD(Attrs)                                                                            \
    FORNIX_CHOICE(Attrs, winograd, "f4", winograds,                                                \
                  "the largest tiles of convolutions' minimal filtering: f4, f2, which is slower " \
                  "at a quarter of its rounding error, or none")

static const FornixPort samples_in[] = {
    {"samples", FORNIX_SAMPLES, 0, "the table whose rows are taken"}, {0}};
static const FornixPort samples_out[] = {
    {"samples", FORNIX_SAMPLES, 0, "a row for each, with what <collect> names"}, {0}};
static const FornixPort weights_out[] = {
    {"weights", FORNIX_FIT, 0, "of all nets that it trains: weights=\"id\" reads them"}, {0}};

static const FornixAttr train_attrs[] = {
    FORNIX_WORDS(TrainAttrs, part, "train", parts, "rows of these parts"),
    FORNIX_INT(TrainAttrs, epochs, "0", 0, MANY, "length in passes over the rows"),
    FORNIX_INT(TrainAttrs, steps, "0", 0, MANY, "length in batches; either epochs or steps"),
    FORNIX_INT(TrainAttrs, batch, "1", 1, 1 << 20, "rows in a batch"),
    FORNIX_CHOICE(TrainAttrs, remainder, "keep", remainders,
                  "rows that fill no batch: keep a smaller one, drop them until the next epoch's "
                  "shuffle, or spread them over the epoch's other batches"),
    FORNIX_BOOL(TrainAttrs, shuffle, "yes", "another order in each epoch"),
    FORNIX_INT(TrainAttrs, seed, "1", 0, MANY, "of new weights, shuffling, noise and dropout"),
    FORNIX_CHOICE(TrainAttrs, select, "last", selects,
                  "which weights it hands on: the last, or those with the best monitor"),
    FORNIX_TEXT(TrainAttrs, monitor, "", "the figure of a <validate> that decides: \"watch.dice\""),
    FORNIX_CHOICE(TrainAttrs, goal, "auto", goals,
                  "whether a high or a low monitor is good; auto: low for a loss, else high"),
    FORNIX_INT(TrainAttrs, patience, "0", 0, MANY,
               "stop after so many validations without a better monitor; 0: never"),
    WINOGRAD(TrainAttrs),
    {0}};

const FornixNode language_train = {
    .abi = FORNIX_ABI,
    .name = "train",
    .doc = "Trains nets on batches of samples. Its body is the inner graph; each <update> in it "
           "minimises a loss, in document order; <validate> measures on other rows.",
    .attrs_size = sizeof(TrainAttrs),
    .attrs = train_attrs,
    .inputs = samples_in,
    .outputs = weights_out};

static const FornixAttr apply_attrs[] = {
    FORNIX_WORDS(ApplyAttrs, part, "", parts, "rows of these parts; all where unsaid"),
    FORNIX_INT(ApplyAttrs, batch, "16", 1, 1 << 20, "rows in a batch"),
    WINOGRAD(ApplyAttrs),
    {0}};

const FornixNode language_apply = {
    .abi = FORNIX_ABI,
    .name = "apply",
    .doc = "Runs nets over samples and hands on what <collect> names as new columns of the same "
           "rows, with their subjects, labels and parts.",
    .attrs_size = sizeof(ApplyAttrs),
    .attrs = apply_attrs,
    .inputs = samples_in,
    .outputs = samples_out};

static const char *const window_weights[] = {"gaussian", "even", NULL};

static const FornixAttr window_attrs[] = {
    FORNIX_DIMS(WindowAttrs, size, NULL, 1, 4096,
                "of a window, D H W, of slices H W: what the net was trained on"),
    FORNIX_REAL(WindowAttrs, overlap, "0.5", 0, 0.95,
                "share of a window that the next one along an axis covers too, at least"),
    FORNIX_CHOICE(WindowAttrs, weights, "gaussian", window_weights,
                  "how much a window counts at a place: gaussian, as nets know least at a "
                  "window's border, or even"),
    FORNIX_LIST(WindowAttrs, flips, "",
                "axes (d, h, w): each window is also seen flipped along every choice of these, "
                "and the mean is taken"),
    {0}};

const FornixNode language_window = {
    .abi = FORNIX_ABI,
    .name = "window",
    .doc = "Lets the body of an <apply> see windows of the samples, which cover them and overlap. "
           "What is collected is put together in the samples' own size, each place the weighted "
           "mean of the windows that saw it. Samples may be larger or smaller than a window.",
    .formula = "y(p) = sum_k w(p - s_k) y_k(p - s_k) / sum_k w(p - s_k); gaussian: w(q) = "
               "exp(-|q - c|^2 / 2 sigma^2), sigma = size / 8 along each axis, as in nnU-Net "
               "(Isensee et al. 2021)",
    .attrs_size = sizeof(WindowAttrs),
    .attrs = window_attrs};

static const FornixAttr generate_attrs[] = {
    FORNIX_INT(GenerateAttrs, count, NULL, 1, MANY, "how many samples"),
    FORNIX_INT(GenerateAttrs, batch, "16", 1, 1 << 20, "rows in a batch"),
    FORNIX_INT(GenerateAttrs, seed, "1", 0, MANY, "of labels and noise"),
    FORNIX_TEXT(GenerateAttrs, cohort, "synthetic", "before the made-up subjects' names"),
    FORNIX_TEXT(GenerateAttrs, label, "", "the label column that is drawn: row.label in the body"),
    FORNIX_CHOICE(GenerateAttrs, labels, "equal", label_rules,
                  "classes in turn, or each as likely at random"),
    WINOGRAD(GenerateAttrs),
    {0}};

const FornixNode language_generate = {
    .abi = FORNIX_ABI,
    .name = "generate",
    .doc = "Makes samples from nothing but noise and labels. Each gets a subject of its own, the "
           "origin synthetic, and stems from all that its nets were trained on.",
    .attrs_size = sizeof(GenerateAttrs),
    .attrs = generate_attrs,
    .outputs = samples_out};

static const FornixAttr filter_attrs[] = {
    FORNIX_WORDS(FilterAttrs, part, "", parts, "rows of these parts; all where unsaid"),
    FORNIX_INT(FilterAttrs, batch, "16", 1, 1 << 20, "rows in a batch"),
    FORNIX_TEXT(FilterAttrs, keep, NULL,
                "\"c/logits agrees grade\": the class with the largest logit is the label"),
    WINOGRAD(FilterAttrs),
    {0}};

const FornixNode language_filter = {.abi = FORNIX_ABI,
                                    .name = "filter",
                                    .doc = "Keeps the samples that a trained net confirms.",
                                    .attrs_size = sizeof(FilterAttrs),
                                    .attrs = filter_attrs,
                                    .inputs = samples_in,
                                    .outputs = samples_out};

static const FornixAttr update_attrs[] = {
    FORNIX_LIST(UpdateAttrs, nets, NULL, "whose weights it changes"),
    FORNIX_TEXT(UpdateAttrs, minimise, NULL, "the loss"),
    FORNIX_INT(UpdateAttrs, times, "1", 1, 1000,
               "how often in a step; each time but the last draws a batch and noise of its own"),
    FORNIX_INT(UpdateAttrs, accumulate, "1", 1, 1 << 20,
               "average the gradients of so many batches before each change"),
    FORNIX_REAL(UpdateAttrs, clip, "0", 0, 1e12,
                "largest global norm of the gradient (torch's clip_grad_norm_); 0: none"),
    FORNIX_REAL(
        UpdateAttrs, average, "0", 0, 1,
        "keep a moving average of the weights, in which the old one counts so much (0.999): "
        "what validations see, and what the stage hands on; 0: none"),
    {0}};

const FornixNode language_update = {
    .abi = FORNIX_ABI,
    .name = "update",
    .doc = "Changes weights to lower a loss; the optimizer is its child element.",
    .attrs_size = sizeof(UpdateAttrs),
    .attrs = update_attrs};

static const FornixAttr validate_attrs[] = {
    FORNIX_WORDS(ValidateAttrs, part, "validation", parts, "rows of these parts"),
    FORNIX_TEXT(ValidateAttrs, every, "1 epoch", "\"2 epochs\" or \"100 steps\""),
    FORNIX_INT(ValidateAttrs, batch, "0", 0, 1 << 20, "rows in a batch; 0: the stage's"),
    {0}};

const FornixNode language_validate = {
    .abi = FORNIX_ABI,
    .name = "validate",
    .doc = "Measures while training: its body runs over other rows, without training.",
    .attrs_size = sizeof(ValidateAttrs),
    .attrs = validate_attrs};

/* ---- What the expansion knows ---- */

static const FornixAttr graph_attrs[] = {NAMED("name", "", "of the experiment, and of its runs"),
                                         {0}};

const FornixNode language_graph = {
    .name = "graph",
    .doc = "The root of a graph: params, nets, and nodes that pass tables of samples.",
    .attrs = graph_attrs};

const FornixNode language_nets = {
    .name = "nets", .doc = "The root of a file that is only included: its content comes in."};

static const FornixAttr param_attrs[] = {
    NAMED("name", NULL, "what ${name} and -p name=value mean"),
    CHOSEN("type", NULL, param_types, "of its value"),
    NAMED("value", "", "unless another is given by -p or by the include"),
    NAMED("range", "", "of an int or real: its low and its high end"),
    NAMED("of", "", "the words of a choice or list"),
    {0}};

const FornixNode language_param = {
    .name = "param", .doc = "A setting: ${name} in a value stands for it.", .attrs = param_attrs};

static const FornixAttr include_attrs[] = {
    NAMED("href", NULL, "the file, relative to this one"),
    NAMED("prefix", "", "goes before the ids of what comes in"),
    NAMED("as", "", "the new id of the one element that comes in"),
    CONDITION,
    {0}};

const FornixNode language_include = {
    .name = "include",
    .doc = "Everything in another file, in this place; other attributes are values for its params.",
    .attrs = include_attrs};

static const FornixAttr for_attrs[] = {
    NAMED("name", NULL, "of the loop's variable: ${name}"),
    NAMED("in", NULL, "its values: words, a range 0..3, or a list: ${arms}"),
    CONDITION,
    {0}};

const FornixNode language_for = {
    .name = "for", .doc = "Its content, once for each value.", .attrs = for_attrs};

static const FornixAttr choose_attrs[] = {
    NAMED("on", NULL, "what is compared: ${arm}"),
    NAMED("id", "", "of the one element that each branch then holds"),
    CONDITION,
    {0}};

const FornixNode language_choose = {
    .name = "choose",
    .doc = "The content of the first <when> that lists the value, or of <otherwise>.",
    .attrs = choose_attrs};

static const FornixAttr when_attrs[] = {NAMED("is", NULL, "the values that take this branch"), {0}};

const FornixNode language_when = {
    .name = "when", .doc = "A branch of <choose>.", .attrs = when_attrs};

const FornixNode language_otherwise = {.name = "otherwise",
                                       .doc = "The last branch of <choose>, for all other values."};

static const char *const yes_or_no[] = {"no", "yes", NULL};

static const FornixAttr net_attrs[] = {
    NAMED("input", "", "names of its inputs, as its nodes refer to them"),
    CHOSEN("spectral", "no", yes_or_no,
           "yes: each weight of its dense layers and convolutions is divided by its largest "
           "singular value, seen as a matrix of its last axis against all others (spectral "
           "normalisation, Miyato et al. 2018); found by one power iteration a step"),
    {0}};

const FornixNode language_net = {
    .name = "net",
    .doc = "A graph of tensors that owns weights; <use> puts it into a stage.",
    .attrs = net_attrs};

static const FornixAttr use_attrs[] = {
    NAMED("net", NULL, "the net that is used"),
    NAMED("weights", "", "a <train> that trained it, or a .safetensors file"),
    CHOSEN("load", "all", loads, "all weights, or those of matching names and shapes"),
    NAMED("except", "", "weights that are not loaded: a pattern of their names"),
    {0}};

static const FornixPort gradient_in[] = {
    {"of", FORNIX_VALUES | FORNIX_LOSS, 0,
     "a number for each sample, as a discriminator's; of more the sum is taken"},
    {"by", FORNIX_VALUES, 0, "where it depends on: what goes into the net"},
    {0}};
static const FornixPort gradient_out[] = {{"gradient", FORNIX_FEATURE, 0, "of the shape of by"},
                                          {0}};

const FornixNode language_gradient = {
    .abi = FORNIX_ABI,
    .name = "gradient",
    .doc = "How a value changes with another that it was made of, as a tensor that can be trained "
           "on: a gradient_penalty of it makes a WGAN-GP or R1. Between the two stand layers that "
           "say how they change along a direction (the page of each tells).",
    .formula = "g = d sum(of) / d by; in a backward sweep that brings u = dL/dg, dL/dw = d/dw (u . "
               "g), the change of `of` along u differentiated (forward over reverse)",
    .inputs = gradient_in,
    .outputs = gradient_out};

const FornixNode language_use = {
    .name = "use",
    .doc = "A net in a stage, or in another net; its inputs are attributes. All uses of a net in "
           "a stage share one set of weights.",
    .attrs = use_attrs};

static const FornixAttr collect_attrs[] = {
    CHOSEN("pool", "none", pools, "mean: averaged over depth, height and width"), {0}};

const FornixNode language_collect = {
    .name = "collect",
    .doc = "What the stage hands on: an attribute for each column, with what it is of.",
    .attrs = collect_attrs};

/* ---- All of them ---- */

enum {
    BODIES = PLACE_NET | PLACE_TRAIN | PLACE_APPLY | PLACE_FILTER | PLACE_VALIDATE,
    ANYWHERE = PLACE_GRAPH | BODIES | PLACE_UPDATE | PLACE_OPTIMIZER
};

const LanguageWord language_words[] = {
    {&language_graph, PLACE_FILE, PLACE_GRAPH, LANGUAGE_PLAIN},
    {&language_nets, PLACE_FILE, ANYWHERE, LANGUAGE_PLAIN},
    {&language_param, PLACE_GRAPH, 0, LANGUAGE_PLAIN},
    {&language_include, ANYWHERE, 0, LANGUAGE_PLAIN | LANGUAGE_OPEN},
    {&language_for, ANYWHERE, PLACE_AROUND, LANGUAGE_PLAIN},
    {&language_choose, ANYWHERE, PLACE_CHOOSE, LANGUAGE_PLAIN},
    {&language_when, PLACE_CHOOSE, PLACE_AROUND, LANGUAGE_PLAIN},
    {&language_otherwise, PLACE_CHOOSE, PLACE_AROUND, LANGUAGE_PLAIN},
    {&language_net, PLACE_GRAPH, PLACE_NET, LANGUAGE_NAMED},
    {&language_train, PLACE_GRAPH, PLACE_TRAIN, LANGUAGE_NAMED},
    {&language_apply, PLACE_GRAPH, PLACE_APPLY, LANGUAGE_NAMED},
    {&language_generate, PLACE_GRAPH, PLACE_APPLY, LANGUAGE_NAMED},
    {&language_filter, PLACE_GRAPH, PLACE_FILTER, LANGUAGE_NAMED},
    {&language_use, BODIES, 0, LANGUAGE_NAMED | LANGUAGE_OPEN},
    {&language_gradient, PLACE_TRAIN | PLACE_VALIDATE, 0, LANGUAGE_NAMED},
    {&language_update, PLACE_TRAIN, PLACE_UPDATE, 0},
    {&language_validate, PLACE_TRAIN, PLACE_VALIDATE, LANGUAGE_NAMED},
    {&language_collect, PLACE_APPLY, 0, LANGUAGE_OPEN},
    {&language_window, PLACE_APPLY, 0, 0},
    {0}};

const LanguageWord *language_word(const char *name)
{
    for (const LanguageWord *word = language_words; word->node; word++)
        if (strcmp(word->node->name, name) == 0)
            return word;
    return NULL;
}

LanguageWord language_of(const FornixNode *node)
{
    const LanguageWord *word = language_word(node->name);
    if (word && word->node == node)
        return *word;
    return (LanguageWord){.node = node,
                          .stands = node->samples     ? PLACE_GRAPH
                                    : node->optimizer ? PLACE_UPDATE
                                    : node->schedule  ? PLACE_OPTIMIZER
                                                      : BODIES,
                          .holds = node->optimizer ? PLACE_OPTIMIZER : 0,
                          .flags = node->optimizer || node->schedule ? 0 : LANGUAGE_NAMED};
}
