/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What metrics, controls and comparisons call nodes and arms, checked before anything runs: a name
 * that is misspelt would be missed when hours have passed.
 *
 * Which figures a node will have, nobody knows before. Where -p pins an axis, what only its other
 * values have may be missing.
 */
#include <string.h>

#include "sweep_parts.h"

/* ---- The names of nodes ------------------------------------------------------------------ */

static void note_name(Sweep *sweep, const char *name)
{
    for (size_t k = 0; k < sweep->node_count; k++)
        if (strcmp(sweep->nodes[k], name) == 0)
            return;
    sweep->nodes = mem_grow(sweep->nodes, sweep->node_count + 1, sizeof *sweep->nodes);
    sweep->nodes[sweep->node_count++] = arena_text(sweep->memory, name);
}

void sweep_note_names(Sweep *sweep, const char *names)
{
    char *copy = mem_text(names ? names : ""), *rest = copy;
    for (char *name = strtok_r(rest, "\n", &rest); name; name = strtok_r(NULL, "\n", &rest))
        note_name(sweep, name);
    mem_free(copy);
}

/* ---- Nodes ------------------------------------------------------------------------------- */

/* A node that is there, whatever figure of it is meant: the pattern up to any of its dots. */
static bool fits_figure(Sweep *sweep, const char *of)
{
    for (const char *dot = strchr(of, '.'); dot; dot = strchr(dot + 1, '.')) {
        const char *node = arena_slice(sweep->memory, of, (size_t)(dot - of));
        for (size_t k = 0; k < sweep->node_count; k++)
            if (pattern_fits(node, sweep->nodes[k], NULL))
                return true;
    }
    return strchr(of, '*') && !strchr(of, '.'); /* a star for both */
}

static const char *suggest_node(Sweep *sweep, const char *wanted)
{
    const char **bases = arena_take(sweep->memory, sweep->node_count + 1, sizeof *bases);
    for (size_t k = 0; k < sweep->node_count; k++)
        bases[k] = arena_slice(sweep->memory, sweep->nodes[k], strcspn(sweep->nodes[k], "["));
    const char *own = arena_slice(sweep->memory, wanted, strcspn(wanted, "[.*"));
    const char *near = text_suggest(own, bases, sweep->node_count);
    return near ? arena_format(sweep->memory, "did you mean '%s%s'?", near, wanted + strlen(own))
                : NULL;
}

static void refuse_node(Sweep *sweep, const Element *element, const char *where,
                        const char *pattern)
{
    diag_error_help(sweep->diag, sweep_value_place(element, where), suggest_node(sweep, pattern),
                    "no node of any job fits '%s'", pattern);
}

/* ---- Arms -------------------------------------------------------------------------------- */

/* Of all jobs that the comparison takes: how many, once each. */
static size_t find_labels(Sweep *sweep, const SweepComparison *comparison, const char **labels,
                          size_t most)
{
    size_t count = 0;
    for (size_t job = 0; job < sweep->job_count; job++)
        for (size_t k = 0; k < sweep->node_count && comparison->takes[job]; k++) {
            Text stars = {0};
            bool known = !pattern_fits(comparison->scores, sweep->nodes[k], &stars);
            char *label = known ? NULL : sweep_label(sweep, comparison, job, text_value(&stars));
            for (size_t other = 0; other < count && !known; other++)
                known = strcmp(labels[other], label) == 0;
            if (!known && count < most)
                labels[count++] = arena_text(sweep->memory, label);
            mem_free(label);
            text_free(&stars);
        }
    return count;
}

static void check_baseline(Sweep *sweep, const SweepComparison *comparison)
{
    enum { LABELS_MOST = 1000 };
    const char **labels = arena_take(sweep->memory, LABELS_MOST, sizeof *labels);
    size_t count = find_labels(sweep, comparison, labels, LABELS_MOST);
    const char *baseline = comparison->baseline, *near = text_suggest(baseline, labels, count);
    for (size_t k = 0; k < count; k++)
        if (strcmp(labels[k], baseline) == 0)
            return;
    if (count && count < LABELS_MOST)
        diag_error_help(sweep->diag, sweep_value_place(comparison->element, "baseline"),
                        near ? arena_format(sweep->memory, "did you mean '%s'?", near) : NULL,
                        "no arm is called '%s'; the first one is '%s'", baseline, labels[0]);
}

char *sweep_label(const Sweep *sweep, const SweepComparison *comparison, size_t job,
                  const char *stars)
{
    const SweepComparison *c = comparison;
    Text label = {0};
    for (int64_t k = 0; k < c->over.count; k++) {
        int axis = sweep_axis(sweep, c->over.items[k]);
        const char *value = axis < 0 ? stars : sweep_value(sweep, &sweep->jobs[job], (size_t)axis);
        if (value && *value)
            text_format(&label, "%s%s", label.length ? " " : "", value);
    }
    char *copy = mem_text(text_value(&label));
    text_free(&label);
    return copy;
}

/* ---- All --------------------------------------------------------------------------------- */

static void check_comparison(Sweep *sweep, const SweepComparison *comparison)
{
    for (size_t k = 0; k < sweep->node_count; k++)
        if (pattern_fits(comparison->scores, sweep->nodes[k], NULL)) {
            if (*comparison->baseline)
                check_baseline(sweep, comparison);
            return;
        }
    refuse_node(sweep, comparison->element, "scores", comparison->scores);
}

void sweep_check_names(Sweep *sweep)
{
    for (size_t k = 0; k < sweep->axis_count; k++)
        if (sweep->axes[k].given)
            return;
    for (size_t k = 0; k < sweep->metric_count; k++)
        if (!fits_figure(sweep, sweep->metrics[k].of))
            refuse_node(sweep, sweep->metrics[k].element, "of", sweep->metrics[k].of);
    for (size_t k = 0; k < sweep->control_count; k++)
        if (!fits_figure(sweep, sweep->controls[k].of))
            refuse_node(sweep, sweep->controls[k].element, "of", sweep->controls[k].of);
    for (size_t k = 0; k < sweep->comparison_count; k++)
        check_comparison(sweep, &sweep->comparisons[k]);
}
