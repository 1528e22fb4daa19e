/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "language.h"

#define MANY 1e12

static const char *const remainders[] = {"keep", "drop", "spread", NULL};
static const char *const selects[] = {"last", "best", NULL};
static const char *const goals[] = {"auto", "max", "min", NULL};
static const char *const label_rules[] = {"equal", "random", NULL};

static const FornixPort samples_in[] = {
    {"samples", FORNIX_SAMPLES, 0, "the table whose rows are taken"}, {0}};
static const FornixPort samples_out[] = {
    {"samples", FORNIX_SAMPLES, 0, "a row for each, with what <collect> names"}, {0}};
static const FornixPort weights_out[] = {
    {"weights", FORNIX_FIT, 0, "of all nets that it trains: weights=\"id\" reads them"}, {0}};

static const FornixAttr train_attrs[] = {
    FORNIX_LIST(TrainAttrs, part, "train", "rows of these parts"),
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
    FORNIX_LIST(ApplyAttrs, part, "", "rows of these parts; all where unsaid"),
    FORNIX_INT(ApplyAttrs, batch, "16", 1, 1 << 20, "rows in a batch"),
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

static const FornixAttr generate_attrs[] = {
    FORNIX_INT(GenerateAttrs, count, NULL, 1, MANY, "how many samples"),
    FORNIX_INT(GenerateAttrs, batch, "16", 1, 1 << 20, "rows in a batch"),
    FORNIX_INT(GenerateAttrs, seed, "1", 0, MANY, "of labels and noise"),
    FORNIX_TEXT(GenerateAttrs, cohort, "synthetic", "before the made-up subjects' names"),
    FORNIX_TEXT(GenerateAttrs, label, "", "the label column that is drawn: row.label in the body"),
    FORNIX_CHOICE(GenerateAttrs, labels, "equal", label_rules,
                  "classes in turn, or each as likely at random"),
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
    FORNIX_LIST(FilterAttrs, part, "", "rows of these parts; all where unsaid"),
    FORNIX_INT(FilterAttrs, batch, "16", 1, 1 << 20, "rows in a batch"),
    FORNIX_TEXT(FilterAttrs, keep, NULL,
                "\"c/logits agrees grade\": the class with the largest logit is the label"),
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
    {0}};

const FornixNode language_update = {
    .abi = FORNIX_ABI,
    .name = "update",
    .doc = "Changes weights to lower a loss; the optimizer is its child element.",
    .attrs_size = sizeof(UpdateAttrs),
    .attrs = update_attrs};

static const FornixAttr validate_attrs[] = {
    FORNIX_LIST(ValidateAttrs, part, "validation", "rows of these parts"),
    FORNIX_TEXT(ValidateAttrs, every, "1 epoch", "\"2 epochs\" or \"100 steps\""),
    FORNIX_INT(ValidateAttrs, batch, "0", 0, 1 << 20, "rows in a batch; 0: the stage's"),
    {0}};

const FornixNode language_validate = {
    .abi = FORNIX_ABI,
    .name = "validate",
    .doc = "Measures while training: its body runs over other rows, without training.",
    .attrs_size = sizeof(ValidateAttrs),
    .attrs = validate_attrs};

const FornixNode *const language_elements[] = {&language_train,
                                               &language_apply,
                                               &language_generate,
                                               &language_filter,
                                               &language_update,
                                               &language_validate,
                                               NULL};
