/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which tensor there is which weight here, and everything that does not fit. */
#include <inttypes.h>
#include <string.h>

#include "exchange_parts.h"
#include "text.h"

static const char *dims_text(Arena *arena, int rank, const int64_t *dims)
{
    Text text = {0};
    for (int k = 0; k < rank; k++)
        text_format(&text, "%s%" PRId64, k ? " x " : "", dims[k]);
    const char *made = arena_text(arena, rank ? text_value(&text) : "a single number");
    text_free(&text);
    return made;
}

static const char *meant(const Exchange *x, const char *near)
{
    return near ? arena_format(x->memory, "did you mean '%s'?", near) : NULL;
}

/* Mistakes about a whole file have its name and no line. */
static Place file_place(const Exchange *x, const char *path)
{
    return (Place){.source = source_make(path, "", x->memory)};
}

static int find_weight(const Exchange *x, const char *name)
{
    for (int k = 0; k < x->count; k++)
        if (strcmp(x->names[k], name) == 0)
            return k;
    return -1;
}

/* Names of weights or nodes of the net that are nearest to one that it has not. */
static const char *suggest_here(const Exchange *x, const char *name, bool node)
{
    const char **names = arena_take(x->memory, (size_t)x->count + 1, sizeof *names);
    for (int k = 0; k < x->count; k++)
        names[k] = node ? arena_slice(x->memory, x->names[k],
                                      (size_t)(strrchr(x->names[k], '.') - x->names[k]))
                        : x->names[k];
    return meant(x, text_suggest(name, names, (size_t)x->count));
}

/* The same of the file, whose modules are what stands before a last dot. */
static const char *suggest_there(const Exchange *x, const char *name, bool module)
{
    size_t count = x->file ? safetensors_count(x->file) : 0;
    const char **names = arena_take(x->memory, count + 1, sizeof *names);
    for (size_t k = 0; k < count; k++) {
        names[k] = safetensors_tensor(x->file, k)->name;
        const char *dot = module ? strrchr(names[k], '.') : NULL;
        if (dot)
            names[k] = arena_slice(x->memory, names[k], (size_t)(dot - names[k]));
    }
    return meant(x, text_suggest(name, names, count));
}

/* ---- One pair --------------------------------------------------------------------------- */

static bool make_turn(Exchange *x, int weight, MapRule *rule)
{
    Pair *pair = &x->pairs[weight];
    const char *fault = turn_make(&x->weights[weight], rule, &pair->turn);
    if (fault)
        diag_error(x->diag, rule->place, "'%s' (%s, D H W I O): %s", x->names[weight],
                   shape_text(x->memory, x->weights[weight].shape), fault);
    return !fault;
}

static bool same_dims(const SafeTensor *tensor, const TensorTurn *turn)
{
    return tensor->rank == turn->rank &&
           memcmp(tensor->dims, turn->dims, (size_t)turn->rank * sizeof *turn->dims) == 0;
}

static bool fits(const Exchange *x, const SafeTensor *tensor, int weight)
{
    const TensorTurn *turn = &x->pairs[weight].turn;
    Place place = x->pairs[weight].rule->place;
    SafeType type = tensor->type;
    if (type != SAFE_F32 && type != SAFE_F64 && type != SAFE_F16 && type != SAFE_BF16) {
        diag_error(x->diag, place, "'%s' is of type %s, and weights are F64, F32, F16 or BF16",
                   tensor->name, safetensors_type_name(type));
        return false;
    }
    if (same_dims(tensor, turn))
        return true;
    bool axes = tensor->rank > 2 && turn->rank > 2 && tensor->rank != turn->rank;
    diag_error_help(x->diag, place,
                    axes ? "'axes' says how many axes kernels have: d h w, or h w of images" : NULL,
                    "'%s' is %s there, and '%s' would be %s", tensor->name,
                    dims_text(x->memory, tensor->rank, tensor->dims), x->names[weight],
                    dims_text(x->memory, turn->rank, turn->dims));
    return false;
}

static bool take(Exchange *x, size_t number, int weight, MapRule *rule)
{
    Pair *pair = &x->pairs[weight];
    const SafeTensor *tensor = safetensors_tensor(x->file, number);
    if (pair->there) {
        diag_error(x->diag, rule->place, "'%s' and '%s' would both be '%s'", pair->there,
                   tensor->name, x->names[weight]);
        return false;
    }
    *pair = (Pair){.there = tensor->name, .tensor = number, .rule = rule};
    return make_turn(x, weight, rule) && fits(x, tensor, weight);
}

static bool taken_twice(const Exchange *x, const char *name, const MapRule *before,
                        const MapRule *rule)
{
    diag_error(x->diag, rule->place, "line %d speaks of '%s' too", before->place.line, name);
    return false;
}

/* ---- Import ----------------------------------------------------------------------------- */

static void told_absent(Exchange *x, MapRule *rule, const char *there, const char *here)
{
    if (!rule->told) {
        const char *dot = strrchr(here, '.');
        const char *shown =
            rule->module ? arena_slice(x->memory, here, (size_t)(dot - here)) : here;
        bool node = rule->module;
        for (int k = 0; node && k < x->count; k++)
            node = strncmp(x->names[k], here, (size_t)(dot - here) + 1) != 0;
        diag_error_help(x->diag, rule->here_place, suggest_here(x, node ? shown : here, node),
                        "net '%s' has no '%s' for '%s'", x->net, node ? shown : here, there);
    }
    rule->told = true;
}

/* The rule that takes a tensor, and the weight that it is by it (-1: to be ignored). */
static bool find_rule(Exchange *x, const char *there, MapRule **found, int *weight)
{
    MapRule *absent = NULL;
    const char *absent_name = NULL;
    *found = NULL;
    *weight = -1;
    for (int k = 0; k < x->map->count; k++) {
        MapRule *rule = &x->map->rules[k];
        bool takes = rule->kind != RULE_LEAVE && rule_drops(rule, there, x->memory);
        int own = -1;
        for (int s = 0; s < RULE_SPELLINGS && own < 0; s++) {
            const char *here = rule_here(rule, there, s, x->memory);
            own = here ? find_weight(x, here) : -1;
            if (here && own < 0 && !absent) {
                absent = rule;
                absent_name = here;
            }
        }
        if (!takes && own < 0)
            continue;
        rule->used = true;
        if (*found)
            return taken_twice(x, there, *found, rule);
        *found = rule;
        *weight = own;
    }
    if (*found || !absent)
        return true;
    absent->used = true;
    told_absent(x, absent, there, absent_name);
    return false;
}

static bool pair_tensor(Exchange *x, size_t number)
{
    MapRule *rule;
    int weight;
    const SafeTensor *tensor = safetensors_tensor(x->file, number);
    if (!find_rule(x, tensor->name, &rule, &weight))
        return false;
    if (!rule) {
        diag_error_help(
            x->diag, file_place(x, x->request->from),
            arena_format(x->memory, "'ignore %s' in it says that nobody wants it", tensor->name),
            "no rule of %s takes '%s' (%s)", x->map->source->name, tensor->name,
            dims_text(x->memory, tensor->rank, tensor->dims));
        return false;
    }
    x->ignored += weight < 0;
    return weight < 0 || take(x, number, weight, rule);
}

/* ---- What is left over ------------------------------------------------------------------ */

/* Whether the map leaves a weight out; a weight that a rule fills too is a mistake. */
static bool leaves(Exchange *x, int weight, bool *fine)
{
    for (int k = 0; k < x->map->count; k++) {
        MapRule *rule = &x->map->rules[k];
        if (rule->kind != RULE_LEAVE || !rule_drops(rule, x->names[weight], x->memory))
            continue;
        rule->used = true;
        if (x->pairs[weight].there)
            *fine = taken_twice(x, x->names[weight], x->pairs[weight].rule, rule);
        return true;
    }
    return false;
}

/* echo: after other mistakes, a weight that nothing fills is no news. */
static bool check_weights(Exchange *x, bool echo)
{
    bool fine = true;
    for (int k = 0; k < x->count; k++) {
        if (leaves(x, k, &fine) || x->pairs[k].there || echo)
            continue;
        diag_error_help(x->diag, x->weights[k].place,
                        arena_format(x->memory, "'leave %s' in it leaves that out", x->names[k]),
                        "no rule of %s gives '%s' (%s)", x->map->source->name, x->names[k],
                        shape_text(x->memory, x->weights[k].shape));
        fine = false;
    }
    return fine;
}

/* A rule that nothing came of is misspelt. What may be ignored need not be there. */
static bool check_rules(Exchange *x)
{
    bool fine = true;
    for (int k = 0; k < x->map->count; k++) {
        const MapRule *rule = &x->map->rules[k];
        if (rule->used || rule->kind == RULE_IGNORE)
            continue;
        bool there = x->file && rule->kind == RULE_NAMES;
        diag_error_help(x->diag, there ? rule->place : rule->here_place,
                        there ? suggest_there(x, rule->there, rule->module)
                              : suggest_here(x, rule->here, !strchr(rule->here, '.')),
                        there ? "%s has no tensor '%s'" : "net '%s' has no '%s'",
                        there ? x->request->from : x->net, there ? rule->there : rule->here);
        fine = false;
    }
    return fine;
}

bool exchange_pair_in(Exchange *x)
{
    bool fine = true;
    x->pairs = arena_take(x->memory, (size_t)x->count + 1, sizeof *x->pairs);
    for (size_t k = 0; k < safetensors_count(x->file); k++)
        fine = pair_tensor(x, k) && fine;
    fine = check_weights(x, !fine && x->map->count) && fine;
    return check_rules(x) && fine;
}

/* ---- Export ----------------------------------------------------------------------------- */

/* Whether the tensor would come back to this weight: what import will ask. */
static bool returns(const Exchange *x, const MapRule *rule, const char *there, int weight)
{
    for (int s = 0; s < RULE_SPELLINGS; s++) {
        const char *here = rule_here(rule, there, s, x->memory);
        if (here && strcmp(here, x->names[weight]) == 0)
            return true;
    }
    diag_error(x->diag, rule->place, "'%s' would be '%s', which this rule does not take back",
               x->names[weight], there);
    return false;
}

static bool give(Exchange *x, int weight)
{
    Pair *pair = &x->pairs[weight];
    for (int k = 0; k < x->map->count; k++) {
        MapRule *rule = &x->map->rules[k];
        const char *there = rule_there(rule, x->names[weight], x->memory);
        if (!there)
            continue;
        rule->used = true;
        if (pair->there)
            return taken_twice(x, x->names[weight], pair->rule, rule);
        *pair = (Pair){.there = there, .rule = rule};
        if (!returns(x, rule, there, weight) || !make_turn(x, weight, rule))
            return false;
    }
    for (int k = 0; pair->there && k < weight; k++)
        if (x->pairs[k].there && strcmp(x->pairs[k].there, pair->there) == 0) {
            diag_error(x->diag, pair->rule->place, "'%s' and '%s' would both be '%s'", x->names[k],
                       x->names[weight], pair->there);
            return false;
        }
    return true;
}

bool exchange_pair_out(Exchange *x)
{
    bool fine = true;
    x->pairs = arena_take(x->memory, (size_t)x->count + 1, sizeof *x->pairs);
    for (int k = 0; k < x->count; k++)
        fine = give(x, k) && fine;
    fine = check_weights(x, !fine) && fine;
    return check_rules(x) && fine;
}
