/* SPDX-License-Identifier: GPL-3.0-or-later */
/* manifest.json: what ran where, with which params and keys, what feeds what, and what it took. */
#include <jansson.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>

#include "findings.h"
#include "forecast.h"
#include "kernels/isa.h"
#include "run_parts.h"
#include "version.h"

/* Every param of the graph, as it was in this run. */
static json_t *settings_json(const Run *run)
{
    const Expansion *expansion = experiment_expansion(run->experiment);
    json_t *list = json_array();
    for (size_t k = 0; k < expansion->param_count; k++) {
        const Param *param = &expansion->params[k];
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:b}", "name", param->name, "value",
                                              param->value, "doc", param->doc, "given",
                                              param->overridden));
    }
    return list;
}

/* What the run took of the machine, and when it ended. */
static void add_costs(const Run *run, json_t *root, double seconds)
{
    char ended[40] = "";
    time_t now = time(NULL);
    struct tm utc;
    struct rusage usage;
    if (gmtime_r(&now, &utc))
        strftime(ended, sizeof ended, "%Y-%m-%d %H:%M UTC", &utc);
    json_object_set_new(root, "ended", json_string(ended));
    json_object_set_new(root, "seconds", json_real(seconds));
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        json_object_set_new(root, "memory", json_integer((json_int_t)usage.ru_maxrss * 1024));
    json_object_set_new(root, "threads", json_integer(run->threads));
}

static json_t *inputs_json(const Outer *outer)
{
    json_t *list = json_array();
    for (int k = 0; k < outer->input_count; k++)
        if (outer->inputs[k].from)
            json_array_append_new(list, json_pack("{s:s, s:s}", "port",
                                                  outer->type->inputs[outer->inputs[k].port].name,
                                                  "from", outer->inputs[k].from->id));
    for (int k = 0; outer->stage && k < outer->stage->net_count; k++)
        if (outer->weights[k])
            json_array_append_new(
                list, json_pack("{s:s, s:s}", "port", "weights", "from", outer->weights[k]->id));
    return list;
}

static bool is_path(const FornixNode *type, const char *name)
{
    for (const FornixAttr *attr = type->attrs; attr && attr->name; attr++)
        if (attr->kind == FORNIX_ATTR_PATH && strcmp(attr->name, name) == 0)
            return true;
    return false;
}

/* As they are written, but for those that tell where something lies. */
static json_t *attributes_json(const Outer *outer)
{
    json_t *attributes = json_object();
    for (size_t k = 0; k < outer->element->attribute_count; k++) {
        const Attribute *attribute = &outer->element->attributes[k];
        if (!is_path(outer->type, attribute->name))
            json_object_set_new(attributes, attribute->name, json_string(attribute->value));
    }
    return attributes;
}

static json_t *node_json(const Run *run, const Outer *outer)
{
    char key[HASH_TEXT];
    json_t *node = json_object();
    hash_text(outer->run->key, key);
    json_object_set_new(node, "id", json_string(outer->id));
    json_object_set_new(node, "type", json_string(outer->type->name));
    json_object_set_new(node, "key", json_string(key));
    json_object_set_new(node, "cached", json_boolean(outer->run->cached));
    json_object_set_new(node, "seconds", json_real(outer->run->seconds));
    json_object_set_new(node, "memory",
                        json_integer((json_int_t)forecast_node(outer, run->threads).memory));
    if (outer->acknowledge && *outer->acknowledge)
        json_object_set_new(node, "acknowledge", json_string(outer->acknowledge));
    json_object_set_new(node, "attributes", attributes_json(outer));
    json_object_set_new(node, "inputs", inputs_json(outer));
    return node;
}

bool run_write_manifest(const Run *run, double seconds, FornixError *error)
{
    int count;
    Outer *const *nodes = experiment_nodes(run->experiment, &count);
    json_t *root = json_object(), *list = json_array();
    struct utsname system;
    json_object_set_new(root, "name", json_string(experiment_name(run->experiment)));
    json_object_set_new(root, "smoke", json_boolean(run->request->smoke));
    json_object_set_new(root, "fornix", json_string(FORNIX_BUILD));
    json_object_set_new(root, "isa", json_string(isa_name(isa_active())));
    add_costs(run, root, seconds);
    if (uname(&system) == 0)
        json_object_set_new(root, "machine", json_string(system.machine));
    json_object_set_new(root, "graph", json_string(run->request->path));
    json_t *overrides = json_array();
    for (size_t k = 0; k < run->request->override_count; k++)
        json_array_append_new(overrides, json_string(run->request->overrides[k]));
    json_object_set_new(root, "params", overrides);
    json_object_set_new(root, "settings", settings_json(run));
    for (int k = 0; k < count; k++)
        json_array_append_new(list, node_json(run, nodes[k]));
    json_object_set_new(root, "nodes", list);
    return findings_write_json(run->folder, "manifest.json", root, error);
}
