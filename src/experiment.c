/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Resolves the outer graph depth first: a node is checked when it is first needed. */
#include "experiment.h"

#include <pthread.h>
#include <string.h>

struct Experiment {
    Arena *memory;
    Diag *diag;
    Registry *registry;
    Samples *samples;
    const Expansion *expansion;
    NetDefinition *nets;
    int net_count;
    Outer *nodes; /* in document order */
    int node_count;
    Outer **order; /* each after what it needs */
    int ordered;
    pthread_mutex_t lock; /* of memory and diag, for nodes and stages that run side by side */
};

/* Looks up labels and columns for one node: its own samples first. */
typedef struct Lookup {
    Experiment *experiment;
    Outer *asker;
} Lookup;

static bool check_outer(Experiment *x, Outer *outer);

static int stage_kind_of(const Element *element)
{
    static const char *const names[] = {"train", "apply", "generate", "filter"};
    for (int k = 0; k < (int)COUNT(names); k++)
        if (strcmp(element->name, names[k]) == 0)
            return k;
    return -1;
}

static Outer *outer_of(Experiment *x, const Element *element)
{
    for (int k = 0; k < x->node_count; k++)
        if (x->nodes[k].element == element)
            return &x->nodes[k];
    return NULL;
}

/* ---- Reading the root ---- */

static void add_net(Experiment *x, const Element *element)
{
    if (!element->id)
        diag_error(x->diag, element->place, "<net> needs an id");
    else
        x->nets[x->net_count++] = (NetDefinition){element->id, element};
}

static void add_outer(Experiment *x, const Element *element)
{
    if (!element->id) {
        diag_error(x->diag, element->place, "<%s> has no id, so nothing can refer to it",
                   element->name);
        return;
    }
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
    return fornix_fail_input(error, "no table that comes before this has a label '%s'", label);
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
    Outer *outer = element ? outer_of(x, element) : NULL;
    if (!outer) {
        const char *near = element_suggest(lookup->asker->element, id, x->memory);
        return fornix_fail_input(error, "there is no table '%s'%s%s%s", id,
                                 near ? "; did you mean '" : "", near ? near : "",
                                 near ? "'?" : "");
    }
    if (!check_outer(x, outer))
        return false; /* told already */
    int column = outer->table ? fornix_find_column(outer->table, dot + 1) : -1;
    if (column < 0)
        return fornix_fail_input(error, "'%s' has no column '%s'", id, dot + 1);
    const FornixColumn *found = fornix_column(outer->table, column);
    *like = (FornixLike){found->shape, found->kind, found->classes};
    return true;
}

static bool find_like(void *context, const char *text, FornixLike *like, FornixError *error)
{
    Lookup *lookup = context;
    pthread_mutex_lock(&lookup->experiment->lock);
    bool fine = seek_like(lookup, text, like, error);
    pthread_mutex_unlock(&lookup->experiment->lock);
    return fine;
}

static AttrResolver *resolver_new(Experiment *x, Outer *outer)
{
    Lookup *lookup = arena_take(x->memory, 1, sizeof *lookup);
    *lookup = (Lookup){x, outer};
    AttrResolver *resolver = arena_take(x->memory, 1, sizeof *resolver);
    *resolver = (AttrResolver){lookup, find_classes, find_like};
    return resolver;
}

/* ---- Inputs ---- */

static unsigned outer_kind(const Outer *outer)
{
    return outer->type->outputs && outer->type->outputs[0].name ? outer->type->outputs[0].kinds : 0;
}

static void add_input(Experiment *x, Outer *outer, OuterInput input)
{
    OuterInput *inputs = arena_take(x->memory, (size_t)outer->input_count + 1, sizeof *inputs);
    if (outer->input_count)
        memcpy(inputs, outer->inputs, (size_t)outer->input_count * sizeof *inputs);
    inputs[outer->input_count++] = input;
    outer->inputs = inputs;
}

static bool input_unknown(Experiment *x, Outer *outer, Place place, const char *id)
{
    const char *near = element_suggest(outer->element, id, x->memory);
    diag_error_help(x->diag, place,
                    near ? arena_format(x->memory, "did you mean '%s'?", near) : NULL,
                    "nothing in the graph has the id '%s'", id);
    return false;
}

static bool connect_one(Experiment *x, Outer *outer, int port, const Element *element, Place place)
{
    const FornixPort *what = &outer->type->inputs[port];
    Outer *from = outer_of(x, element);
    if (!from) {
        diag_error(x->diag, place, "'%s' is a <%s>, not a table", element->id, element->name);
        return false;
    }
    if (from->check == OUTER_OPEN) {
        diag_error(x->diag, place, "'%s' depends on itself through '%s': a cycle", outer->id,
                   from->id);
        return false;
    }
    if (!check_outer(x, from))
        return false;
    if (!(outer_kind(from) & what->kinds)) {
        diag_error(x->diag, place, "%s '%s': %s takes %s, but '%s' is %s", outer->type->name,
                   outer->id, what->name, kinds_text(x->memory, what->kinds), from->id,
                   from->stage_kind == STAGE_TRAIN ? "weights, to be named by weights="
                                                   : kinds_text(x->memory, outer_kind(from)));
        return false;
    }
    add_input(x, outer, (OuterInput){from, from->id, port});
    return true;
}

static bool connect_words(Experiment *x, Outer *outer, int port, const Attribute *attribute)
{
    bool fine = true;
    int found = 0;
    const char *text = attribute->value;
    for (size_t at = strspn(text, " \t\n\r"); text[at];) {
        size_t length = strcspn(text + at, " \t\n\r"), count = 0;
        const char *id = arena_slice(x->memory, text + at, length);
        Place place = attribute_part(attribute, at, length);
        const Element *const *elements = element_find_all(outer->element, id, &count, x->memory);
        bool open = !count && (outer->type->inputs[port].flags & FORNIX_OPTIONAL) &&
                    element_absent(outer->element, id);
        if (open)
            add_input(x, outer, (OuterInput){NULL, id, port});
        else if (!count)
            fine = input_unknown(x, outer, place, id);
        for (size_t k = 0; k < count; k++)
            fine = connect_one(x, outer, port, elements[k], place) && fine;
        found += (int)count + open;
        at += length;
        at += strspn(text + at, " \t\n\r");
    }
    if (fine && found != 1 && !(outer->type->inputs[port].flags & FORNIX_MANY)) {
        diag_error(x->diag, attribute->value_place, "%s '%s': %s takes one table, not %d",
                   outer->type->name, outer->id, attribute->name, found);
        return false;
    }
    return fine;
}

static bool connect_inputs(Experiment *x, Outer *outer)
{
    bool fine = true;
    for (int p = 0; outer->type->inputs && outer->type->inputs[p].name; p++) {
        const FornixPort *port = &outer->type->inputs[p];
        const Attribute *attribute = element_attribute(outer->element, port->name);
        if (attribute)
            fine = connect_words(x, outer, p, attribute) && fine;
        else if (port->flags & FORNIX_OPTIONAL)
            add_input(x, outer, (OuterInput){NULL, port->name, p});
        else {
            diag_error(x->diag, outer->element->place, "%s '%s' needs %s (%s)", outer->type->name,
                       outer->id, port->name, port->doc);
            fine = false;
        }
    }
    return fine;
}

/* ---- Nodes that work on tables ---- */

typedef struct MistakeAt {
    Experiment *experiment;
    Outer *outer;
} MistakeAt;

static void tell_mistake(void *context, const char *where, const char *text)
{
    MistakeAt *at = context;
    const Attribute *attribute = where ? element_attribute(at->outer->element, where) : NULL;
    pthread_mutex_lock(&at->experiment->lock);
    diag_error(at->experiment->diag, attribute ? attribute->value_place : at->outer->element->place,
               "%s '%s': %s", at->outer->type->name, at->outer->id, text);
    pthread_mutex_unlock(&at->experiment->lock);
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
    *request = (BuildRequest){.type = outer->stage_kind < 0 ? outer->type : NULL,
                              .attrs = outer->attrs,
                              .id = outer->id,
                              .inputs = inputs,
                              .input_count = outer->input_count,
                              .parts = outer->parts,
                              .acknowledge = outer->acknowledge,
                              .folder = folder,
                              .mistake = tell_mistake,
                              .context = at};
    pthread_mutex_unlock(&x->lock);
    return build_new(x->samples, request);
}

static const FornixTable **input_tables(Experiment *x, const Outer *outer)
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
    diag_error_help(x->diag, part->value_place, "train, validation, test or all",
                    "there is no part '%s'", part->value);
    return false;
}

static bool check_samples_node(Experiment *x, Outer *outer)
{
    outer->plugin = registry_need(x->registry, outer->element, x->diag);
    if (!outer->plugin)
        return false;
    outer->type = outer->plugin->node;
    if (!outer->type->samples) {
        diag_error(x->diag, outer->element->place,
                   "<%s> works on tensors: it stands in a net or a stage", outer->type->name);
        return false;
    }
    bool fine = connect_inputs(x, outer);
    outer->attrs =
        attr_read(outer->type, outer->element, resolver_new(x, outer), x->diag, x->memory);
    fine = read_engine_attributes(x, outer) && fine && outer->attrs;
    if (!fine)
        return false;
    FornixBuild *build = outer_build(x, outer, input_tables(x, outer), NULL);
    fine = build_columns(build);
    if (fine && build_rows_known(build, true))
        fine = outer->has_rows = build_rows(build);
    const char *const *files = build_files(build, &outer->file_count);
    outer->files = arena_take(x->memory, (size_t)outer->file_count + 1, sizeof(char *));
    for (int k = 0; k < outer->file_count; k++)
        outer->files[k] = arena_text(x->memory, files[k]);
    outer->table = fine ? build_table(build) : NULL;
    build_free(build);
    return fine;
}

/* ---- Stages ---- */

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

static bool is_file_name(const char *weights)
{
    size_t length = strlen(weights);
    return strchr(weights, '/') ||
           (length > 12 && strcmp(weights + length - 12, ".safetensors") == 0);
}

static bool check_weights(Experiment *x, Outer *outer)
{
    Stage *stage = outer->stage;
    bool fine = true;
    outer->weights = arena_take(x->memory, (size_t)stage->net_count + 1, sizeof(Outer *));
    for (int k = 0; k < stage->net_count; k++) {
        const Net *net = &stage->nets[k];
        if (!*net->weights || is_file_name(net->weights))
            continue;
        const Element *element = element_find(outer->element, net->weights);
        Outer *from = element ? outer_of(x, element) : NULL;
        if (!from || from->stage_kind != STAGE_TRAIN) {
            const char *near = element_suggest(outer->element, net->weights, x->memory);
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
        fine = check_outer(x, from) && fine;
        if (fine && !net->load_matching && !net->except)
            fine = check_shapes(x, outer, net, from);
    }
    return fine;
}

static void keep_parameters(Experiment *x, Outer *outer)
{
    const Stage *stage = outer->stage;
    outer->parameter_count = stage->parameter_count;
    outer->parameters = stage->parameters;
    (void)x;
}

static bool check_stage(Experiment *x, Outer *outer)
{
    static const FornixNode *const types[] = {&language_train, &language_apply, &language_generate,
                                              &language_filter};
    outer->type = types[outer->stage_kind];
    outer->acknowledge = element_value(outer->element, "acknowledge");
    if (!connect_inputs(x, outer))
        return false;
    const FornixTable *samples = outer->input_count ? outer->inputs[0].from->table : NULL;
    StageContext context = {.registry = x->registry,
                            .nets = x->nets,
                            .net_count = x->net_count,
                            .resolver = resolver_new(x, outer),
                            .diag = x->diag};
    outer->stage = stage_new((StageKind)outer->stage_kind, outer->element, samples, &context);
    if (!outer->stage)
        return false;
    keep_parameters(x, outer);
    if (!check_weights(x, outer))
        return false;
    if (outer->stage_kind == STAGE_TRAIN)
        return true;
    FornixBuild *build = outer_build(x, outer, input_tables(x, outer), NULL);
    outer_stage_columns(x, outer, build);
    outer->table = build_table(build);
    build_free(build);
    return true;
}

static bool check_outer(Experiment *x, Outer *outer)
{
    if (outer->check == OUTER_CHECKED || outer->check == OUTER_WRONG)
        return outer->check == OUTER_CHECKED;
    outer->check = OUTER_OPEN;
    bool fine = outer->stage_kind < 0 ? check_samples_node(x, outer) : check_stage(x, outer);
    outer->check = fine ? OUTER_CHECKED : OUTER_WRONG;
    if (fine)
        x->order[x->ordered++] = outer;
    return fine;
}

/* ---- The whole ---- */

static const Override *read_overrides(Experiment *x, const ExperimentRequest *request)
{
    Override *overrides = arena_take(x->memory, request->override_count + 1, sizeof *overrides);
    for (size_t k = 0; k < request->override_count; k++)
        override_read(request->overrides[k], &overrides[k], x->diag, x->memory);
    return overrides;
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
    const Override *overrides = read_overrides(x, request);
    if (diag_errors(x->diag) == 0)
        x->expansion =
            expand_file(request->path, overrides, request->override_count, x->diag, x->memory);
    if (!x->expansion || !x->expansion->root)
        return x;
    read_root(x, x->expansion->root);
    for (int k = 0; k < x->node_count; k++)
        check_outer(x, &x->nodes[k]);
    return x;
}

void experiment_free(Experiment *x)
{
    if (!x)
        return;
    for (int k = 0; k < x->node_count; k++)
        stage_free(x->nodes[k].stage);
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

void experiment_canonical(const Experiment *x, const Outer *outer, Text *out)
{
    element_canonical(out, outer->element);
    for (int k = 0; outer->stage && k < outer->stage->net_count; k++)
        for (int n = 0; n < x->net_count; n++)
            if (strcmp(x->nets[n].name, outer->stage->nets[k].name) == 0)
                element_canonical(out, x->nets[n].element);
}
