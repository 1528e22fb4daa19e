/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which checks a node gets: by its family, for each line of its example. */
#include "trial.h"

#include <string.h>

#include "base.h"
#include "descriptor.h"
#include "trial_parts.h"

static const struct {
    const char *name, *promise;
} checks[TRIAL_CHECKS] = {
    [TRIAL_DESCRIPTOR] = {"descriptor", "tables, docs and defaults make sense"},
    [TRIAL_EXAMPLE] = {"example", "it is there and loads"},
    [TRIAL_ENDS] = {"ends", "neither crashes nor runs for ever"},
    [TRIAL_WRITES] = {"writes", "all that it has to and nothing else"},
    [TRIAL_REPEATS] = {"repeats", "run again it gives the same bits"},
    [TRIAL_GRAINS] = {"grains", "the same bits however grains are cut and ordered"},
    [TRIAL_MEMORY] = {"memory", "passes allocate nothing, close frees what open took"},
    [TRIAL_GRADIENT] = {"gradient", "backward is the slope of forward"},
    [TRIAL_THREADS] = {"threads", "the same bits on 1 and 4 threads"},
    [TRIAL_SHARED] = {"shared", "used twice, its gradients are the sum of both"},
    [TRIAL_FUSED] = {"fused", "it is what it replaces, to the bit"},
    [TRIAL_TANGENT] = {"tangent", "a <gradient> through it can be trained on"},
    [TRIAL_UPDATE] = {"update", "keeps to what all of its family have in common"},
    [TRIAL_TABLE] = {"table", "of the same tables it makes the same, and reads whole tensors"},
};

const char *trial_check_name(TrialCheck check)
{
    return checks[check].name;
}

const char *trial_check_promise(TrialCheck check)
{
    return checks[check].promise;
}

/* ---- Examples ---- */

bool trial_open(Trial *trial, Example *example, const ExampleSetting *setting)
{
    FornixError error = {0};
    trial_checks(trial, TRIAL_EXAMPLE);
    trial_doing(trial, "infer or expand");
    if (example_read(example, trial->type->name, trial->line, &error) &&
        example_open(example, trial->registry, setting, &error))
        return true;
    return trial_fail(trial, TRIAL_EXAMPLE, "it does not load: %s", error.text);
}

const Node *trial_node(const Example *example)
{
    return example->graph->nodes[0];
}

/* That it can be tried at all; the other checks take it for granted. */
void trial_example(Trial *trial)
{
    Example example;
    if (trial_open(trial, &example, &(ExampleSetting){.behind = NULL}) && trial->type->layer &&
        (example.graph->node_count != 1 || trial_node(&example)->type != trial->type))
        trial_fail(trial, TRIAL_EXAMPLE, "a line has to be one <%s>", trial->type->name);
    example_close(&example);
}

/* ---- All checks of a node ---- */

typedef struct Units {
    TrialUnit *items;
    size_t count;
} Units;

static void add_unit(Units *units, TrialWork *work, Registry *registry, const FornixNode *type,
                     const char *line)
{
    units->items = mem_grow(units->items, units->count + 1, sizeof *units->items);
    units->items[units->count++] =
        (TrialUnit){.trial = {.registry = registry, .name = type->name, .type = type, .line = line},
                    .work = work};
}

static void add_line(Units *units, Registry *registry, const FornixNode *type, const char *line)
{
    if (type->layer) {
        add_unit(units, trial_passes, registry, type, line);
        add_unit(units, trial_memory, registry, type, line);
    }
    if (type->layer && type->layer->backward)
        add_unit(units, trial_gradients, registry, type, line);
    add_unit(units, trial_engine, registry, type, line);
    if (type->tangent)
        add_unit(units, trial_tangents, registry, type, line);
}

/* What needs no example that loads. */
static void add_first(Units *units, Registry *registry, const FornixNode *type, int *examples)
{
    Family family = descriptor_family(type);
    if (family != FAMILY_LAYER && family != FAMILY_COMPOSITE)
        add_unit(units, trial_elements, registry, type, NULL);
    else
        EACH_EXAMPLE(line, type)
        {
            add_unit(units, trial_example, registry, type, line);
            ++*examples;
        }
}

static void run_all(Registry *registry, const FornixNode *type, int processes, TrialReport *report)
{
    Units units = {.count = 0};
    add_first(&units, registry, type, &report->examples);
    trial_units(units.items, units.count, processes, report);
    units.count = 0;
    bool loads = report->finding_count == 0;
    if (loads && (type->layer || type->composite))
        EACH_EXAMPLE(line, type)
    add_line(&units, registry, type, line);
    if (loads && type->layer && type->layer->fuses)
        add_unit(&units, trial_fused, registry, type, NULL);
    trial_units(units.items, units.count, processes, report);
    mem_free(units.items);
}

static void load(Trial *trial)
{
    trial_doing(trial, "its file, while it is loaded");
    registry_find(trial->registry, trial->name);
}

bool trial_loads(Registry *registry, const char *name, TrialReport *report)
{
    TrialUnit unit = {.trial = {.registry = registry, .name = name}, .work = load};
    int before = report->finding_count;
    trial_units(&unit, 1, 1, report);
    return report->finding_count == before;
}

static void run_loaded(Registry *registry, const char *name, int processes, TrialReport *report)
{
    const Plugin *plugin = registry_find(registry, name);
    TrialFinding finding = {.check = TRIAL_DESCRIPTOR};
    FornixError error = {0};
    report->checked |= 1u << TRIAL_DESCRIPTOR;
    if (plugin)
        report->family = family_name(descriptor_family(plugin->node));
    if (!plugin) {
        registry_fail(registry, name, &error);
        snprintf(finding.text, sizeof finding.text, "%s", error.text);
        trial_report_add(report, &finding);
    } else if (!plugin->node->example || !*plugin->node->example) {
        finding.check = TRIAL_EXAMPLE;
        snprintf(finding.text, sizeof finding.text,
                 "it has no example, so that nobody sees how it is used and it can't be tried");
        trial_report_add(report, &finding);
    } else {
        run_all(registry, plugin->node, processes, report);
    }
}

TrialReport *trial_run(Registry *registry, const char *name, int processes)
{
    TrialReport *report = mem_new(1, sizeof *report);
    *report = (TrialReport){.node = name, .family = "refused"};
    if (trial_loads(registry, name, report))
        run_loaded(registry, name, processes, report);
    return report;
}

void trial_report_free(TrialReport *report)
{
    mem_free(report->findings);
    mem_free(report);
}
