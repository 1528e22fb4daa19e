/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the nodes of a run found, as data for whoever reads it later. Figures and curves tell of
 * neither time nor place: the same run leaves the same bytes. Lines may name files.
 *
 *   final.json   {node: {figure: number}}, an interval's ends as figure.low and figure.high
 *   curves.json  {node: {curve: {"columns": [name], "rows": [[number]]}}}
 *   lines.json   {node: [{"text": line of the report, "warning": true or false}]}
 *
 * A number is a number, or "undefined", "inf", "-inf".
 */
#include <jansson.h>
#include <string.h>

#include "findings.h"
#include "run_parts.h"

static json_t *figures_json(const OuterRun *r)
{
    json_t *entry = json_object();
    for (size_t f = 0; f < r->figures.count; f++)
        json_object_set_new(entry, r->figures.items[f].name,
                            findings_number_json(r->figures.items[f].value));
    return entry;
}

static json_t *curves_json(const OuterRun *r)
{
    int count = 0;
    const TableCurve *curves = r->table ? table_curves(r->table, &count) : NULL;
    json_t *entry = json_object();
    for (int k = 0; k < count; k++)
        json_object_set_new(entry, curves[k].name, findings_curve_json(&curves[k].curve, 0));
    return entry;
}

static json_t *lines_json(const OuterRun *r)
{
    int count = 0;
    const TableLine *lines = r->table ? table_lines(r->table, &count) : NULL;
    json_t *entry = json_array();
    for (int k = 0; k < count; k++)
        json_array_append_new(
            entry, json_pack("{s:s, s:b}", "text", lines[k].text, "warning", lines[k].warning));
    return entry;
}

/* final.json comes last: where it is, all is. */
bool run_write_findings(const Run *run, FornixError *error)
{
    static const struct {
        const char *name;
        json_t *(*of_node)(const OuterRun *r);
    } files[] = {
        {"curves.json", curves_json}, {"lines.json", lines_json}, {"final.json", figures_json}};
    int count;
    Outer *const *nodes = experiment_nodes(run->experiment, &count);
    bool fine = true;
    for (size_t file = 0; file < COUNT(files) && fine; file++) {
        json_t *root = json_object();
        for (int k = 0; k < count; k++) {
            json_t *entry = files[file].of_node(nodes[k]->run);
            if (json_object_size(entry) || json_array_size(entry))
                json_object_set(root, nodes[k]->id, entry);
            json_decref(entry);
        }
        fine = findings_write_json(run->folder, files[file].name, root, error);
    }
    return fine;
}
