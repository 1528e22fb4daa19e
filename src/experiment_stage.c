/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stages as nodes of the outer graph: their tables, their weights, the parts that they take. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "checkpoint.h"
#include "experiment_parts.h"
#include "file.h"
#include "train.h"

enum { FORESEEN_MOST = 1 << 20 }; /* made-up rows: more are left to the run */

void outer_stage_columns(Experiment *x, Outer *outer, FornixBuild *build)
{
    const Stage *stage = outer->stage;
    const FornixTable *samples = outer->input_count ? outer->inputs[0].from->table : NULL;
    (void)x;
    if (stage->kind == STAGE_FILTER) {
        fornix_copy_columns(build, 0);
        return;
    }
    for (int k = 0; samples && k < fornix_columns(samples); k++) {
        const FornixColumn *column = fornix_column(samples, k);
        if (column->kind & (FORNIX_LABEL | FORNIX_WEIGHT))
            fornix_add_column(build, column);
    }
    if (stage->kind == STAGE_GENERATE && *stage->generate->label)
        fornix_add_column(build, &(FornixColumn){.name = stage->generate->label,
                                                 .kind = FORNIX_LABEL,
                                                 .shape = {1, 1, 1, 1, 1},
                                                 .classes = stage->label.count,
                                                 .class_names = stage->label.names});
    for (int k = 0; k < stage->collect_count; k++)
        fornix_add_column(build, &stage->collects[k].column);
}

static const Parameter *find_parameter(const Outer *outer, const char *name)
{
    for (int k = 0; k < outer->parameter_count; k++)
        if (strcmp(outer->parameters[k].name, name) == 0)
            return &outer->parameters[k];
    return NULL;
}

/* What the stage would load must be there, in the same shapes. */
static bool check_shapes(Experiment *x, const Outer *outer, const Net *net, const Outer *from)
{
    size_t prefix = strlen(net->name);
    bool trained = false;
    for (int k = 0; k < from->parameter_count; k++)
        trained = trained || (strncmp(from->parameters[k].name, net->name, prefix) == 0 &&
                              from->parameters[k].name[prefix] == '/');
    if (!trained) {
        diag_error(x->diag, net->weights_place, "'%s' trains no net '%s'", from->id, net->name);
        return false;
    }
    for (int k = 0; k < outer->parameter_count; k++) {
        const Parameter *wanted = &outer->parameters[k];
        if (strncmp(wanted->name, net->name, prefix) != 0 || wanted->name[prefix] != '/')
            continue;
        const Parameter *given = find_parameter(from, wanted->name);
        if (given && shape_equal(given->shape, wanted->shape))
            continue;
        diag_error_help(x->diag, net->weights_place, "load=\"matching\" or except= leave such out",
                        given ? "'%s' is %s here and %s in '%s'" : "'%s' (%s) is not in %s'%s'",
                        wanted->name, shape_text(x->memory, wanted->shape),
                        given ? shape_text(x->memory, given->shape) : "", from->id);
        return false;
    }
    return true;
}

static bool check_file(Experiment *x, const Outer *outer, const Net *net)
{
    if (!file_exists(net->weights)) {
        diag_error(x->diag, net->weights_place, "there is no file '%s'", net->weights);
        return false;
    }
    FornixError error = {0};
    WeightsLoad load = {.path = net->weights,
                        .net = net->name,
                        .matching = net->load_matching,
                        .except = net->except};
    if (weights_check(outer->parameters, outer->parameter_count, &load, &error))
        return true;
    diag_error(x->diag, net->weights_place, "%s", error.text);
    return false;
}

static bool is_train(const void *context, const Element *element)
{
    (void)context;
    return strcmp(element->name, "train") == 0;
}

static bool check_weights(Experiment *x, Outer *outer)
{
    Stage *stage = outer->stage;
    bool fine = true;
    outer->weights = arena_take(x->memory, (size_t)stage->net_count + 1, sizeof(Outer *));
    for (int k = 0; k < stage->net_count; k++) {
        const Net *net = &stage->nets[k];
        if (net->weights_file && !x->apply && !x->to_come)
            fine = check_file(x, outer, net) && fine;
        if (!*net->weights || net->weights_file)
            continue;
        const Element *element = element_find(outer->element, net->weights);
        Outer *from = element ? experiment_outer(x, element) : NULL;
        if (!from || from->stage_kind != STAGE_TRAIN) {
            const char *near = from ? NULL
                                    : element_suggest(outer->element, net->weights,
                                                      &(ElementFits){is_train, NULL}, x->memory);
            diag_error_help(x->diag, net->weights_place,
                            near ? arena_format(x->memory, "did you mean '%s'?", near) : NULL,
                            from ? "'%s' is no <train>, so it has no weights"
                                 : "there is no <train> with the id '%s'",
                            net->weights);
            fine = false;
            continue;
        }
        if (from->check == OUTER_OPEN) {
            diag_error(x->diag, net->weights_place, "'%s' depends on itself: a cycle", from->id);
            fine = false;
            continue;
        }
        outer->weights[k] = from;
        fine = experiment_check(x, from) && fine;
        if (fine && !x->apply && !net->load_matching && !net->except)
            fine = check_shapes(x, outer, net, from);
    }
    return fine;
}

/* New subjects are in no part, and have no masks to hand on. */
static void take_all_rows(Stage *stage)
{
    int kept = 0;
    if (stage->kind != STAGE_APPLY)
        return;
    stage->apply->part = (FornixList){0};
    for (int k = 0; k < stage->collect_count; k++)
        if (!(stage->collects[k].column.kind & FORNIX_MASK) ||
            strncmp(stage->collects[k].reference->value, "batch.", 6) != 0)
            stage->collects[kept++] = stage->collects[k];
    stage->collect_count = kept;
}

/* Parts that hold no row, where the rows are known already. */
static bool check_part(Experiment *x, const Outer *outer, const Element *element, FornixList names)
{
    const Outer *from = outer->inputs[0].from;
    unsigned parts;
    bool known = from->has_rows || (from->table && table_is_foreseen(from->table));
    if (!known || !names.count || !fornix_rows(from->table) ||
        !stage_parts(outer->stage, element, names, &parts))
        return true;
    int64_t count;
    mem_free(table_select(from->table, parts, &count));
    if (count)
        return true;
    const Attribute *part = element_attribute(element, "part");
    diag_error(x->diag, part ? part->value_place : element->place,
               "<%s>: none of the %lld rows of '%s' is in part '%s'", element->name,
               (long long)fornix_rows(from->table), from->id, part ? part->value : names.items[0]);
    return false;
}

static bool check_parts(Experiment *x, const Outer *outer)
{
    const Stage *stage = outer->stage;
    bool fine = true;
    if (stage->train)
        fine = check_part(x, outer, stage->element, stage->train->part);
    if (stage->apply)
        fine = check_part(x, outer, stage->element, stage->apply->part);
    if (stage->filter)
        fine = check_part(x, outer, stage->element, stage->filter->part);
    for (int k = 0; k < stage->validation_count; k++)
        fine = check_part(x, outer, stage->validations[k].element,
                          stage->validations[k].attrs->part) &&
               fine;
    return fine;
}

/* ---- What a check knows of subjects ---- */

void outer_add_fits(const Outer *outer, Samples *samples, const FornixTable *table, Fits *fits)
{
    const Stage *stage = outer->stage;
    if (stage->kind != STAGE_TRAIN) {
        fits_join(fits, table_fits(table));
        return;
    }
    unsigned parts, all;
    stage_parts(stage, stage->element, stage->train->part, &all);
    bool chooses = *stage->train->monitor;
    for (int v = 0; chooses && v < stage->validation_count; v++)
        if (stage_parts(stage, stage->validations[v].element, stage->validations[v].attrs->part,
                        &parts))
            all |= parts ? parts : PARTS_ALL;
    fits_add_table(samples, fits, outer->id, table, all ? all : PARTS_ALL);
}

static void foresee_file(Experiment *x, Outer *outer, const Net *net)
{
    Fits fits = {0};
    FornixError error = {0};
    if (!fits_of_file(x->samples, &fits, net->weights, &error))
        diag_error(x->diag, net->weights_place, "%s", error.text);
    else if (fits.count && fits.items[0]->kind == FIT_UNKNOWN)
        diag_warn(
            x->diag, net->weights_place,
            "'%s' does not say on whom it was fitted: see to it that nobody of them is judged",
            fits.items[0]->artefact);
    fits_join(&outer->fits, &fits);
    fits_free(&fits);
}

static void foresee_fits(Experiment *x, Outer *outer)
{
    for (int k = 0; k < outer->stage->net_count; k++) {
        const Net *net = &outer->stage->nets[k];
        if (outer->weights[k])
            fits_join(&outer->fits, &outer->weights[k]->fits);
        else if (net->weights_file && !x->apply && !x->to_come)
            foresee_file(x, outer, net);
    }
    if (outer->input_count && !x->apply)
        outer_add_fits(outer, x->samples, outer->inputs[0].from->table, &outer->fits);
}

void outer_generate_rows(const Outer *outer, FornixBuild *build, int label, int other)
{
    const Stage *stage = outer->stage;
    const GenerateAttrs *attrs = stage->generate;
    FornixRandomKey key = stage_random(stage, attrs->seed);
    int64_t classes = label < 0 ? 1 : stage->label.count;
    for (int64_t k = 0; k < attrs->count; k++) {
        char subject[300];
        snprintf(subject, sizeof subject, "%s/%06" PRId64, attrs->cohort, k + 1);
        int64_t row = fornix_add_row(
            build, &(FornixRow){subject, "", FORNIX_SYNTHETIC_SAMPLE, FORNIX_NO_PART});
        int64_t class = attrs->labels == LABELS_EQUAL
                            ? k % classes
                            : fornix_random_below(key, (uint64_t)k, classes);
        if (label >= 0)
            fornix_set_label(build, label, row, (int32_t) class);
        if (other >= 0)
            fornix_set_label(build, other, row, (int32_t) class);
    }
}

/* A filter's choice among its rows is not known before a run. */
static void foresee_rows(const Experiment *x, const Outer *outer, FornixBuild *build)
{
    unsigned parts;
    const Stage *stage = outer->stage;
    build_add_fits(build, &outer->fits);
    if (stage->kind == STAGE_APPLY && !x->apply &&
        stage_parts(stage, stage->element, stage->apply->part, &parts))
        build_foresee_rows(build, parts ? parts : PARTS_ALL);
    if (stage->kind == STAGE_GENERATE && !x->apply && stage->generate->count <= FORESEEN_MOST) {
        outer_generate_rows(outer, build, *stage->generate->label ? 0 : -1, -1);
        build_foresaw_rows(build);
    }
}

/* ---- The whole ---- */

bool outer_check_stage(Experiment *x, Outer *outer)
{
    outer_find_type(x, outer);
    outer->acknowledge = element_value(outer->element, "acknowledge");
    if (!outer_connect(x, outer))
        return false;
    const FornixTable *samples = outer->input_count ? outer->inputs[0].from->table : NULL;
    StageContext context = {.registry = x->registry,
                            .nets = x->nets,
                            .net_count = x->net_count,
                            .resolver = outer_resolver(x, outer),
                            .diag = x->diag};
    outer->stage = stage_new((StageKind)outer->stage_kind, outer->element, samples, &context);
    if (!outer->stage)
        return false;
    outer->parameter_count = outer->stage->parameter_count;
    outer->parameters = outer->stage->parameters;
    if (x->apply)
        take_all_rows(outer->stage);
    if (!check_weights(x, outer) || !check_parts(x, outer))
        return false;
    foresee_fits(x, outer);
    if (outer->stage_kind == STAGE_TRAIN)
        return true;
    FornixBuild *build = outer_build(x, outer, outer_input_tables(x, outer), NULL);
    outer_stage_columns(x, outer, build);
    foresee_rows(x, outer, build);
    outer->table = build_table(build);
    build_free(build);
    return true;
}
