/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Resolves the outer graph depth first: a node is checked when it is first needed. */
#include "experiment_parts.h"

#include <string.h>

#include "column.h"
#include "structure.h"

/* Looks up labels and columns for one node: its own samples first. */
typedef struct Lookup {
    Experiment *experiment;
    Outer *asker;
} Lookup;

static int stage_kind_of(const Element *element)
{
    static const char *const names[] = {"train", "apply", "generate", "filter"};
    for (int k = 0; k < (int)COUNT(names); k++)
        if (strcmp(element->name, names[k]) == 0)
            return k;
    return -1;
}

/* ---- Reading the root ---- */

static void add_net(Experiment *x, const Element *element)
{
    if (element->id)
        x->nets[x->net_count++] = (NetDefinition){element->id, element};
}

static void add_outer(Experiment *x, const Element *element)
{
    if (!element->id)
        return; /* told of its file */
    x->nodes[x->node_count++] =
        (Outer){.id = element->id, .element = element, .stage_kind = stage_kind_of(element)};
}

static void read_root(Experiment *x, const Element *root)
{
    x->nets = arena_take(x->memory, root->child_count + 1, sizeof *x->nets);
    x->nodes = arena_take(x->memory, root->child_count + 1, sizeof *x->nodes);
    x->order = arena_take(x->memory, root->child_count + 1, sizeof *x->order);
    for (const Element *e = root->first; e; e = e->next) {
        if (strcmp(e->name, "net") == 0)
            add_net(x, e);
        else
            add_outer(x, e);
    }
}

/* ---- Columns and labels in attributes ---- */

static bool table_classes(const FornixTable *table, const char *label, FornixClasses *classes)
{
    int column = table ? fornix_find_column(table, label) : -1;
    if (column < 0)
        return false;
    const FornixColumn *found = fornix_column(table, column);
    if (!(found->kind & (FORNIX_LABEL | FORNIX_MASK)) || found->classes < 1)
        return false;
    *classes = (FornixClasses){found->classes, label, found->class_names};
    return true;
}

/* The label columns of a table from `count` on; NULL names only counts. */
static size_t list_labels(const FornixTable *table, const char **names, size_t count)
{
    for (int c = 0; table && c < fornix_columns(table); c++)
        if (fornix_column(table, c)->kind & (FORNIX_LABEL | FORNIX_MASK)) {
            if (names)
                names[count] = fornix_column(table, c)->name;
            count++;
        }
    return count;
}

static const char *suggest_label(const Experiment *x, const char *label)
{
    size_t count = 0;
    for (int k = 0; k < x->ordered; k++)
        count = list_labels(x->order[k]->table, NULL, count);
    const char **names = mem_new(count + 1, sizeof *names);
    count = 0;
    for (int k = 0; k < x->ordered; k++)
        count = list_labels(x->order[k]->table, names, count);
    const char *near = text_suggest(label, names, count);
    mem_free(names);
    return near;
}

static bool seek_classes(const Lookup *lookup, const char *label, FornixClasses *classes,
                         FornixError *error)
{
    const Experiment *x = lookup->experiment;
    for (int k = 0; k < lookup->asker->input_count; k++)
        if (lookup->asker->inputs[k].from &&
            table_classes(lookup->asker->inputs[k].from->table, label, classes))
            return true;
    for (int k = 0; k < x->ordered; k++)
        if (table_classes(x->order[k]->table, label, classes))
            return true;
    for (int k = 0; k < x->node_count; k++)
        if (x->nodes[k].check == OUTER_WRONG)
            return false; /* it may be what has the label, and was told */
    const char *near = suggest_label(x, label);
    return fornix_fail_input(error, "no table that comes before this has a label '%s'%s%s%s", label,
                             near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static bool find_classes(void *context, const char *label, FornixClasses *classes,
                         FornixError *error)
{
    Lookup *lookup = context;
    pthread_mutex_lock(&lookup->experiment->lock);
    bool fine = seek_classes(lookup, label, classes, error);
    pthread_mutex_unlock(&lookup->experiment->lock);
    return fine;
}

static bool seek_like(const Lookup *lookup, const char *text, FornixLike *like, FornixError *error)
{
    Experiment *x = lookup->experiment;
    const char *dot = strrchr(text, '.');
    if (!dot)
        return fornix_fail_input(error, "'%s' is not TABLE.COLUMN", text);
    const char *id = arena_slice(x->memory, text, (size_t)(dot - text));
    const Element *element = element_find(lookup->asker->element, id);
    Outer *outer = element ? experiment_outer(x, element) : NULL;
    if (!outer) {
        const char *near = element_suggest(lookup->asker->element, id, NULL, x->memory);
        return fornix_fail_input(error, "there is no table '%s'%s%s%s%s", id,
                                 near ? "; did you mean '" : "", near ? near : "", near ? dot : "",
                                 near ? "'?" : "");
    }
    if (!experiment_check(x, outer))
        return false; /* told already */
    int column = outer->table ? fornix_find_column(outer->table, dot + 1) : -1;
    if (column < 0) {
        const char *near = outer->table ? column_suggest(outer->table, dot + 1) : NULL;
        return fornix_fail_input(error, "'%s' has no column '%s'%s%s%s%s%s", id, dot + 1,
                                 near ? "; did you mean '" : "", near ? id : "", near ? "." : "",
                                 near ? near : "", near ? "'?" : "");
    }
    const FornixColumn *found = fornix_column(outer->table, column);
    *like = (FornixLike){found->shape, found->kind, found->classes};
    return true;
}

/* Of a run that is applied: from its bundle. */
static const char *find_net_file(void *context, const char *net, FornixError *error)
{
    const Lookup *lookup = context;
    return bundle_weights(lookup->experiment->apply->bundle, lookup->asker->id, net, error);
}

static bool find_like(void *context, const char *text, FornixLike *like, FornixError *error)
{
    Lookup *lookup = context;
    pthread_mutex_lock(&lookup->experiment->lock);
    bool fine = seek_like(lookup, text, like, error);
    pthread_mutex_unlock(&lookup->experiment->lock);
    return fine;
}

AttrResolver *outer_resolver(Experiment *x, Outer *outer)
{
    Lookup *lookup = arena_take(x->memory, 1, sizeof *lookup);
    *lookup = (Lookup){x, outer};
    AttrResolver *resolver = arena_take(x->memory, 1, sizeof *resolver);
    *resolver = (AttrResolver){.context = lookup,
                               .classes = find_classes,
                               .like = find_like,
                               .net_file = x->apply ? find_net_file : NULL};
    return resolver;
}

/* ---- Nodes that work on tables ---- */

typedef struct MistakeAt {
    Experiment *experiment;
    Outer *outer;
} MistakeAt;

static void tell_mistake(void *context, const char *where, const Place *at, const char *text)
{
    const MistakeAt *of = context;
    Experiment *x = of->experiment;
    const Outer *outer = of->outer;
    const Attribute *attribute = where ? element_attribute(outer->element, where) : NULL;
    Place asked = attribute ? attribute->value_place : outer->element->place;
    pthread_mutex_lock(&x->lock);
    if (at) {
        const char *why = arena_format(x->memory, "read by %s '%s'", outer->type->name, outer->id);
        Trail trail = {why, asked};
        Place place = *at;
        place.trail = &trail;
        diag_error(x->diag, place, "%s", text);
    } else {
        diag_error(x->diag, asked, "%s '%s': %s", outer->type->name, outer->id, text);
    }
    pthread_mutex_unlock(&x->lock);
}

FornixBuild *outer_build(Experiment *x, Outer *outer, const FornixTable *const *tables,
                         const char *folder)
{
    pthread_mutex_lock(&x->lock);
    BuildInput *inputs = arena_take(x->memory, (size_t)outer->input_count + 1, sizeof *inputs);
    for (int k = 0; k < outer->input_count; k++)
        inputs[k] = (BuildInput){tables[k], outer->inputs[k].name, outer->inputs[k].port};
    MistakeAt *at = arena_take(x->memory, 1, sizeof *at);
    *at = (MistakeAt){x, outer};
    BuildRequest *request = arena_take(x->memory, 1, sizeof *request);
    *request =
        (BuildRequest){.type = outer->stage_kind < 0 ? outer->type : NULL,
                       .attrs = outer->attrs,
                       .id = outer->id,
                       .place = outer->element->place,
                       .inputs = inputs,
                       .input_count = outer->input_count,
                       .parts = outer->parts,
                       .acknowledge = outer->acknowledge,
                       .folder = folder,
                       .stored = outer->live ? outer->stored : NULL,
                       .manifest = x->apply && outer == x->loader ? x->apply->manifest : NULL,
                       .mistake = tell_mistake,
                       .context = at};
    pthread_mutex_unlock(&x->lock);
    return build_new(x->samples, request);
}

const FornixTable **outer_input_tables(Experiment *x, const Outer *outer)
{
    const FornixTable **tables =
        arena_take(x->memory, (size_t)outer->input_count + 1, sizeof *tables);
    for (int k = 0; k < outer->input_count; k++)
        tables[k] = outer->inputs[k].from ? outer->inputs[k].from->table : NULL;
    return tables;
}

/* An evaluator's part= and any node's acknowledge= are the engine's. */
static bool read_engine_attributes(Experiment *x, Outer *outer)
{
    outer->acknowledge = element_value(outer->element, "acknowledge");
    if (!(outer->type->samples->flags & FORNIX_EVALUATES))
        return true;
    const Attribute *part = element_attribute(outer->element, "part");
    outer->parts = parts_parse(part ? part->value : "test");
    if (outer->parts)
        return true;
    static const char *const known[] = {"train", "validation", "test", "all"};
    const char *near = text_suggest(part->value, known, COUNT(known));
    diag_error_help(x->diag, part->value_place,
                    near ? arena_format(x->memory, "did you mean '%s'?", near)
                         : "train, validation, test or all",
                    "there is no part '%s'", part->value);
    return false;
}

bool outer_find_type(Experiment *x, Outer *outer)
{
    static const FornixNode *const stages[] = {&language_train, &language_apply, &language_generate,
                                               &language_filter};
    if (outer->stage_kind >= 0) {
        outer->type = stages[outer->stage_kind];
        return true;
    }
    outer->plugin = registry_need(x->registry, outer->element, x->diag);
    if (!outer->plugin)
        return false;
    outer->type = outer->plugin->node;
    if (outer->type->samples)
        return true;
    diag_error(x->diag, outer->element->place,
               "<%s> works on tensors: it stands in a net or a stage", outer->type->name);
    return false;
}

static bool check_samples_node(Experiment *x, Outer *outer)
{
    if (!outer_find_type(x, outer))
        return false;
    bool fine = outer_connect(x, outer);
    outer->attrs =
        attr_read(outer->type, outer->element, outer_resolver(x, outer), x->diag, x->memory);
    fine = read_engine_attributes(x, outer) && fine && outer->attrs;
    if (!fine)
        return false;
    FornixBuild *build = outer_build(x, outer, outer_input_tables(x, outer), NULL);
    fine = build_columns(build);
    if (fine && x->apply && outer == x->loader)
        fine = experiment_fits_run(x, outer, build_table(build));
    if (fine && build_rows_known(build, true))
        fine = build_rows(build);
    else if (fine && !x->apply)
        fine = build_foresee(build);
    const char *const *files = build_files(build, &outer->file_count);
    outer->files = arena_take(x->memory, (size_t)outer->file_count + 1, sizeof(char *));
    for (int k = 0; k < outer->file_count; k++)
        outer->files[k] = arena_text(x->memory, files[k]);
    outer->table = fine ? build_table(build) : NULL;
    outer->has_rows = fine && fornix_rows(outer->table) >= 0 && !table_is_foreseen(outer->table);
    build_free(build);
    return fine;
}

/* ---- The whole ---- */

bool experiment_check(Experiment *x, Outer *outer)
{
    if (outer->check == OUTER_CHECKED || outer->check == OUTER_WRONG)
        return outer->check == OUTER_CHECKED;
    outer->check = OUTER_OPEN;
    bool fine = x->linking                 ? outer_find_type(x, outer) && outer_connect(x, outer)
                : x->apply && !outer->live ? true /* as the run left it */
                : outer->stage_kind < 0    ? check_samples_node(x, outer)
                                           : outer_check_stage(x, outer);
    outer->check = fine ? OUTER_CHECKED : OUTER_WRONG;
    if (fine)
        x->order[x->ordered++] = outer;
    return fine;
}

static const Override *read_overrides(Experiment *x, const ExperimentRequest *request)
{
    size_t count = request->override_count + request->setting_count;
    Override *overrides = arena_take(x->memory, count + 1, sizeof *overrides);
    for (size_t k = 0; k < request->override_count; k++)
        override_read(request->overrides[k], &overrides[k], x->diag, x->memory);
    for (size_t k = 0; k < request->setting_count; k++)
        overrides[request->override_count + k] = request->settings[k];
    return overrides;
}

static bool inspect_file(void *context, Element *root)
{
    Experiment *x = context;
    return structure_check(root, x->registry, x->diag, x->memory);
}

static bool net_used(const Experiment *x, const char *name)
{
    for (int k = 0; k < x->node_count; k++)
        for (int n = 0; x->nodes[k].stage && n < x->nodes[k].stage->net_count; n++)
            if (strcmp(x->nodes[k].stage->nets[n].name, name) == 0)
                return true;
    return false;
}

/* A param may have switched off who would use it, so it is no mistake; nets of other files come
 * together. */
static void warn_unused_nets(Experiment *x)
{
    if (diag_errors(x->diag) || x->apply || x->linking)
        return;
    for (int k = 0; k < x->net_count; k++) {
        const Element *element = x->nets[k].element;
        if (element->place.source == experiment_source(x) && !net_used(x, x->nets[k].name))
            diag_warn(x->diag, element->place, "no stage uses net '%s', so it was not checked",
                      x->nets[k].name);
    }
}

Experiment *experiment_open(const ExperimentRequest *request)
{
    Experiment *x = mem_new(1, sizeof *x);
    pthread_mutexattr_t again; /* resolving a column checks its table, which resolves others */
    pthread_mutexattr_init(&again);
    pthread_mutexattr_settype(&again, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&x->lock, &again);
    pthread_mutexattr_destroy(&again);
    x->memory = arena_new();
    x->diag = diag_new();
    x->registry = registry_new();
    x->samples = samples_new(request->host);
    x->apply = request->apply;
    x->to_come = request->weights_to_come;
    const Override *overrides = read_overrides(x, request);
    size_t count = request->override_count + request->setting_count;
    ExpandRequest expand = {request->path, overrides, count, {inspect_file, x}};
    if (diag_errors(x->diag) == 0)
        x->expansion = expand_file(&expand, x->diag, x->memory);
    if (!x->expansion || !x->expansion->root || !x->expansion->sound)
        return x;
    read_root(x, x->expansion->root);
    if (!x->node_count)
        diag_error(x->diag, x->expansion->root->place, "no node works in this graph");
    x->linking = request->links_alone;
    if (x->apply)
        experiment_choose(x);
    for (int k = 0; k < x->node_count; k++)
        experiment_check(x, &x->nodes[k]);
    experiment_check_untaken(x);
    warn_unused_nets(x);
    return x;
}

void experiment_free(Experiment *x)
{
    if (!x)
        return;
    for (int k = 0; k < x->node_count; k++) {
        fits_free(&x->nodes[k].fits);
        stage_free(x->nodes[k].stage);
    }
    samples_free(x->samples);
    registry_free(x->registry);
    diag_free(x->diag);
    pthread_mutex_destroy(&x->lock);
    arena_free(x->memory);
    mem_free(x);
}

Diag *experiment_diag(Experiment *x)
{
    return x->diag;
}

const char *experiment_name(const Experiment *x)
{
    const char *name = element_value(x->expansion->root, "name");
    return name ? name : "experiment";
}

Samples *experiment_samples(Experiment *x)
{
    return x->samples;
}

Registry *experiment_registry(Experiment *x)
{
    return x->registry;
}

Outer *const *experiment_nodes(const Experiment *x, int *count)
{
    *count = x->ordered;
    return x->order;
}

const Source *experiment_source(const Experiment *x)
{
    return x->expansion->sources[0];
}

const Expansion *experiment_expansion(const Experiment *x)
{
    return x->expansion;
}

void experiment_canonical(const Experiment *x, const Outer *outer, Text *out)
{
    element_canonical(out, outer->element);
    for (int k = 0; outer->stage && k < outer->stage->net_count; k++)
        for (int n = 0; n < x->net_count; n++)
            if (strcmp(x->nets[n].name, outer->stage->nets[k].name) == 0)
                element_canonical(out, x->nets[n].element);
}
