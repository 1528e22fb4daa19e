/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sweep as it is written: its elements read by tables as nodes' are, so that ranges, suggestions
 * and help come from one place. */
#include <string.h>

#include "attr.h"
#include "sweep_parts.h"

typedef struct SweepAttrs {
    const char *name, *graph, *budget;
    int64_t jobs, threads;
    FornixList repeats;
} SweepAttrs;

typedef struct SetAttrs {
    const char *name, *value;
} SetAttrs;

typedef struct ZipAttrs {
    const char *when;
} ZipAttrs;

static const FornixAttr sweep_attrs[] = {
    FORNIX_TEXT(SweepAttrs, name, "sweep", "of its folder"),
    FORNIX_PATH(SweepAttrs, graph, NULL, "the graph that every job runs"),
    FORNIX_INT(SweepAttrs, jobs, "0", 0, 4096, "at a time; 0: so many as fill the cores"),
    FORNIX_INT(SweepAttrs, threads, "0", 0, 4096,
               "of each; 0: one where enough is ready, else all that are idle"),
    FORNIX_TEXT(SweepAttrs, budget, "", "\"90 min\" or \"12 h\": then it stops; empty: never"),
    FORNIX_LIST(SweepAttrs, repeats, "seed fold", "axes that repeat an arm: summed up over"),
    {0}};
static const FornixAttr set_attrs[] = {
    FORNIX_TEXT(SetAttrs, name, NULL, "of a param of the graph"),
    FORNIX_TEXT(SetAttrs, value, NULL, "that it has in all jobs"),
    {0}};
static const FornixAttr zip_attrs[] = {
    FORNIX_TEXT(ZipAttrs, when, "", "an expression on axes above; no values where it is false"),
    {0}};
static const FornixAttr metric_attrs[] = {
    FORNIX_TEXT(SweepMetric, name, NULL, "of its column"),
    FORNIX_TEXT(SweepMetric, of, NULL, "NODE.FIGURE as in final.json; * stands for any text"),
    {0}};
static const FornixAttr compare_attrs[] = {
    FORNIX_TEXT(SweepComparison, scores, NULL, "evaluators; * stands for any text"),
    FORNIX_LIST(SweepComparison, over, NULL,
                "the axes that tell arms; * for what the stars stand for"),
    FORNIX_TEXT(SweepComparison, baseline, "", "the arm to compare with; the first if unsaid"),
    FORNIX_LIST(SweepComparison, figures, "", "those to compare; empty: what a verdict goes by"),
    FORNIX_LIST(SweepComparison, null, "",
                "arms that an arm must be better than too, to be called better: weights threshold"),
    FORNIX_TEXT(SweepComparison, when, "", "an expression on the axes: these jobs alone"),
    FORNIX_INT(SweepComparison, draws, "2000", 100, 100000, "replicates of the bootstrap"),
    FORNIX_INT(SweepComparison, seed, "1", 0, INT32_MAX, "of the draws"),
    FORNIX_REAL(SweepComparison, confidence, "0.95", 0.5, 0.999, "of the intervals"),
    FORNIX_REAL(SweepComparison, level, "0.05", 0.0001, 0.5, "p below which arms differ"),
    {0}};

SWEEP_ELEMENT(sweep, SweepAttrs, "Runs a graph over a grid of settings.")
SWEEP_ELEMENT(set, SetAttrs, "Gives a param one value in all jobs of a sweep.")
SWEEP_ELEMENT(zip, ZipAttrs,
              "Axes of a sweep that move together: the first values, the second, ...")
SWEEP_ELEMENT(metric, SweepMetric, "A figure that a sweep gathers from every job.")
SWEEP_ELEMENT(
    compare, SweepComparison,
    "Compares arms of a sweep over all its seeds and folds, paired by run and by subject.")

const SweepWord sweep_words[] = {{&written_sweep, "set axis zip metric compare control", false},
                                 {&written_set, "", false},
                                 {&written_axis, "value", false},
                                 {&written_value, "", false},
                                 {&written_zip, "axis", true},
                                 {&written_metric, "", false},
                                 {&written_compare, "", false},
                                 {&written_control, "", false},
                                 {0}};

const SweepWord *sweep_word(const char *name)
{
    for (const SweepWord *word = sweep_words; word->node; word++)
        if (strcmp(word->node->name, name) == 0)
            return word;
    return NULL;
}

/* ---- Axes -------------------------------------------------------------------------------- */

static void check_new_name(Sweep *sweep, const char *name, Place place)
{
    bool taken = sweep_axis(sweep, name) >= 0;
    for (size_t k = 0; k < sweep->fixed_count; k++)
        taken = taken || strcmp(sweep->fixed[k].name, name) == 0;
    if (taken)
        diag_error(sweep->diag, place, "'%s' has its values already", name);
}

static const Override *pinned(const Override *given, size_t count, const char *name)
{
    for (size_t k = 0; k < count; k++)
        if (strcmp(given[k].name, name) == 0)
            return &given[k];
    return NULL;
}

typedef struct Given {
    Override *overrides; /* of -p; those that pin an axis lose their names */
    size_t count;
} Given;

static void read_axis(Sweep *sweep, const Element *element, const Given *given)
{
    SweepAxis *axis = &sweep->axes[sweep->axis_count];
    if (!sweep_read_axis(sweep, element, axis))
        return;
    check_new_name(sweep, axis->name, axis->place);
    axis->dimension = sweep->dimension_count - 1;
    const Override *pin = pinned(given->overrides, given->count, axis->name);
    if (pin) {
        axis->given = true;
        axis->values = arena_take(sweep->memory, 1, sizeof *axis->values);
        axis->values[0] = (SweepValue){.text = pin->value, .place = pin->value_place};
        axis->count = 1;
    }
    sweep->axis_count++;
}

static SweepDimension *add_dimension(Sweep *sweep, const Element *element)
{
    SweepDimension *dimension = &sweep->dimensions[sweep->dimension_count++];
    *dimension =
        (SweepDimension){.when = element_attribute(element, "when"), .first = sweep->axis_count};
    return dimension;
}

static void end_dimension(Sweep *sweep, SweepDimension *dimension)
{
    dimension->axes = sweep->axis_count - dimension->first;
    for (size_t k = dimension->first; k < sweep->axis_count; k++) {
        const SweepAxis *axis = &sweep->axes[k];
        if (axis->given) /* the others of a zip go on as long as they are */
            continue;
        if (dimension->count && axis->count != dimension->count)
            diag_error(sweep->diag, axis->place,
                       "axis '%s' has %zu value%s, but '%s' in the same <zip> has %zu", axis->name,
                       axis->count, axis->count == 1 ? "" : "s", sweep->axes[dimension->first].name,
                       dimension->count);
        else
            dimension->count = axis->count;
    }
    if (!dimension->count)
        dimension->count = 1;
}

static void read_zip(Sweep *sweep, const Element *element, const Given *given)
{
    sweep_attrs_of(sweep, &written_zip, element);
    SweepDimension *dimension = add_dimension(sweep, element);
    for (const Element *child = element->first; child; child = child->next) {
        const Attribute *when = element_attribute(child, "when");
        if (strcmp(child->name, "axis") != 0)
            sweep_refuse_child(sweep, child);
        else if (when)
            diag_error(sweep->diag, when->place, "when= belongs to the <zip> around its axes");
        else
            read_axis(sweep, child, given);
    }
    end_dimension(sweep, dimension);
}

/* ---- The others -------------------------------------------------------------------------- */

static void read_set(Sweep *sweep, const Element *element, const Given *given)
{
    const SetAttrs *a = sweep_attrs_of(sweep, &written_set, element);
    if (!a)
        return;
    check_new_name(sweep, a->name, sweep_value_place(element, "name"));
    const Override *pin = pinned(given->overrides, given->count, a->name);
    sweep->fixed[sweep->fixed_count++] =
        pin ? *pin
            : (Override){.name = a->name,
                         .value = a->value,
                         .name_place = sweep_value_place(element, "name"),
                         .value_place = sweep_value_place(element, "value"),
                         .beside = sweep->source->name};
}

static void read_metric(Sweep *sweep, const Element *element)
{
    const SweepMetric *a = sweep_attrs_of(sweep, &written_metric, element);
    for (size_t k = 0; a && k < sweep->metric_count; k++)
        if (strcmp(sweep->metrics[k].name, a->name) == 0)
            diag_error(sweep->diag, sweep_value_place(element, "name"),
                       "there are two metrics '%s'", a->name);
    if (a)
        sweep->metrics[sweep->metric_count++] = (SweepMetric){a->name, a->of, element};
}

static void read_compare(Sweep *sweep, const Element *element)
{
    SweepComparison *a = sweep_attrs_of(sweep, &written_compare, element);
    if (!a)
        return;
    a->element = element;
    sweep->comparisons[sweep->comparison_count++] = *a;
}

/* Where one axis tells arms, null arms are among its values. */
static void check_nulls(Sweep *sweep, const SweepComparison *comparison)
{
    int axis = comparison->over.count == 1 ? sweep_axis(sweep, comparison->over.items[0]) : -1;
    if (axis < 0 || sweep->axes[axis].given)
        return;
    const SweepAxis *arms = &sweep->axes[axis];
    const char **values = arena_take(sweep->memory, arms->count + 1, sizeof *values);
    for (size_t k = 0; k < arms->count; k++)
        values[k] = arms->values[k].text;
    for (int64_t k = 0; k < comparison->null.count; k++) {
        const char *null = comparison->null.items[k];
        const char *near = text_suggest(null, values, arms->count);
        bool found = false;
        for (size_t v = 0; v < arms->count; v++)
            found = found || strcmp(values[v], null) == 0;
        if (!found)
            diag_error_help(sweep->diag, sweep_value_place(comparison->element, "null"),
                            near ? arena_format(sweep->memory, "did you mean '%s'?", near) : NULL,
                            "axis '%s' has no value '%s'", arms->name, null);
    }
}

/* An axis may stand below the comparison that names it. */
static void check_comparison(Sweep *sweep, const SweepComparison *comparison)
{
    const char **names = arena_take(sweep->memory, sweep->axis_count + 1, sizeof *names);
    for (size_t k = 0; k < sweep->axis_count; k++)
        names[k] = sweep->axes[k].name;
    for (int64_t k = 0; k < comparison->over.count; k++) {
        const char *over = comparison->over.items[k];
        const char *near = text_suggest(over, names, sweep->axis_count);
        if (sweep_axis(sweep, over) < 0 && strcmp(over, "*") != 0)
            diag_error_help(sweep->diag, sweep_value_place(comparison->element, "over"),
                            near ? arena_format(sweep->memory, "did you mean '%s'?", near) : NULL,
                            "this sweep has no axis '%s'", over);
    }
    if (!comparison->over.count)
        diag_error(sweep->diag, sweep_value_place(comparison->element, "over"),
                   "over= names the axes that tell arms");
}

static void read_child(Sweep *sweep, const Element *child, const Given *given)
{
    if (strcmp(child->name, "set") == 0)
        read_set(sweep, child, given);
    else if (strcmp(child->name, "zip") == 0)
        read_zip(sweep, child, given);
    else if (strcmp(child->name, "metric") == 0)
        read_metric(sweep, child);
    else if (strcmp(child->name, "compare") == 0)
        read_compare(sweep, child);
    else if (strcmp(child->name, "control") == 0)
        sweep_read_control(sweep, child);
    else if (strcmp(child->name, "axis") == 0) {
        SweepDimension *dimension = add_dimension(sweep, child);
        read_axis(sweep, child, given);
        end_dimension(sweep, dimension);
    } else
        sweep_refuse_child(sweep, child);
}

static bool read_budget(const char *text, double *seconds)
{
    static const struct {
        const char *name;
        double seconds;
    } units[] = {{"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}};
    size_t count;
    char **words = text_split(text, &count);
    bool fine = count == 0;
    for (size_t k = 0; k < COUNT(units) && count == 2 && !fine; k++)
        if (strcmp(words[1], units[k].name) == 0 && text_to_real(words[0], seconds) &&
            *seconds > 0) {
            *seconds *= units[k].seconds;
            fine = true;
        }
    text_split_free(words);
    return fine;
}

static void take_root(Sweep *sweep, const Element *root, const SweepAttrs *a)
{
    size_t axes = 0;
    for (const Element *child = root->first; child; child = child->next)
        axes += 1 + child->child_count;
    size_t room = axes + sweep->request->override_count + 1;
    sweep->name = a->name;
    sweep->graph = a->graph;
    sweep->jobs_at_once = a->jobs;
    sweep->threads = a->threads;
    sweep->repeats = a->repeats;
    sweep->axes = arena_take(sweep->memory, room, sizeof *sweep->axes);
    sweep->dimensions = arena_take(sweep->memory, room, sizeof *sweep->dimensions);
    sweep->fixed = arena_take(sweep->memory, room, sizeof *sweep->fixed);
    sweep->metrics = arena_take(sweep->memory, room, sizeof *sweep->metrics);
    sweep->comparisons = arena_take(sweep->memory, room, sizeof *sweep->comparisons);
    sweep->controls = arena_take(sweep->memory, room, sizeof *sweep->controls);
    if (!read_budget(a->budget, &sweep->budget))
        diag_error(sweep->diag, sweep_value_place(root, "budget"),
                   "'%s' is no time: a number and s, min, h or d", a->budget);
    if (strpbrk(a->name, "/") || !*a->name || a->name[0] == '.')
        diag_error(sweep->diag, sweep_value_place(root, "name"), "'%s' can name no folder",
                   a->name);
}

/* Those of -p that pin no axis and no <set>: one more for all jobs. */
static void take_given(Sweep *sweep, const Given *given)
{
    for (size_t k = 0; k < given->count; k++) {
        bool known = sweep_axis(sweep, given->overrides[k].name) >= 0;
        for (size_t f = 0; f < sweep->fixed_count; f++)
            known = known || strcmp(sweep->fixed[f].name, given->overrides[k].name) == 0;
        if (!known)
            sweep->fixed[sweep->fixed_count++] = given->overrides[k];
    }
}

bool sweep_read(Sweep *sweep)
{
    const SweepRequest *request = sweep->request;
    Given given = {arena_take(sweep->memory, request->override_count + 1, sizeof(Override)), 0};
    for (size_t k = 0; k < request->override_count; k++)
        if (override_read(request->overrides[k], &given.overrides[given.count], sweep->diag,
                          sweep->memory))
            given.count++;
    sweep->source = source_read(request->path, (Place){0}, sweep->diag, sweep->memory);
    const Element *root =
        sweep->source ? xml_parse(sweep->source, sweep->diag, sweep->memory) : NULL;
    if (!root || diag_errors(sweep->diag))
        return false;
    if (strcmp(root->name, "sweep") != 0) {
        diag_error(sweep->diag, root->place, "the root of a sweep is <sweep>, not <%s>",
                   root->name);
        return false;
    }
    const SweepAttrs *a = sweep_attrs_of(sweep, &written_sweep, root);
    if (!a)
        return false;
    take_root(sweep, root, a);
    source_read(a->graph, sweep_value_place(root, "graph"), sweep->diag, sweep->memory);
    for (const Element *child = root->first; child; child = child->next)
        read_child(sweep, child, &given);
    take_given(sweep, &given);
    for (size_t k = 0; k < sweep->comparison_count; k++) {
        check_comparison(sweep, &sweep->comparisons[k]);
        check_nulls(sweep, &sweep->comparisons[k]);
    }
    return diag_errors(sweep->diag) == 0;
}

bool sweep_is(const char *path)
{
    Arena *memory = arena_new();
    Diag *diag = diag_new();
    const Source *source = source_read(path, (Place){0}, diag, memory);
    const Element *root = source ? xml_parse(source, diag, memory) : NULL;
    bool is = root && strcmp(root->name, "sweep") == 0;
    diag_free(diag);
    arena_free(memory);
    return is;
}
