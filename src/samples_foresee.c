/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Subjects before a run. A check can tell who will be judged on whom, if it knows the subjects of
 * tables whose rows only a run makes: mostly those of the table that they are made from. */
#include "samples_parts.h"

bool table_is_foreseen(const FornixTable *table)
{
    return table->foreseen;
}

void build_foresee_rows(FornixBuild *build, unsigned parts)
{
    FornixTable *table = build->table;
    const FornixTable *from = table->input_count ? table->inputs[0] : NULL;
    if (!from || !from->rows_known)
        return;
    for (int64_t row = 0; row < from->rows; row++)
        if (parts >> from->row[row].part & 1)
            fornix_copy_row(build, 0, row);
    build_foresaw_rows(build);
}

void build_foresaw_rows(FornixBuild *build)
{
    build->table->rows_known = build->table->foreseen = true;
}

static bool judges_known_rows(const FornixBuild *build)
{
    const FornixTable *table = build->table;
    for (int i = 0; i < table->input_count; i++) {
        int port = build->request.inputs[i].port;
        bool judged = build->request.type->inputs[port].kinds & FORNIX_SAMPLES;
        if (judged && table->inputs[i] && !table->inputs[i]->rows_known)
            return false;
    }
    return true;
}

bool build_foresee(FornixBuild *build)
{
    const FornixNode *type = build->request.type;
    if (type->samples->flags & FORNIX_EVALUATES)
        return !judges_known_rows(build) || guard_evaluation(build);
    build_foresee_rows(build, PARTS_ALL);
    return true;
}

/* Goes the way of a read. What a node makes of a column it makes, as far as is known, of the one of
 * that name in its input. */
int64_t table_foresee_read(const FornixTable *table, int c, int64_t row)
{
    Column *column = &table->columns[c];
    const Origin *origin = &table->origins[row];
    if (!column_is_tensor(column) || table->foreseen || row >= table->rows)
        return 0;
    const FornixTable *input = origin->input >= 0 ? table->inputs[origin->input] : NULL;
    int64_t group = row, bytes = 0;
    if (table->reader.keeps)
        bytes = table->reader.keeps(table->reader.opened, table, c, row, &group);
    else if (table->costly && (column->own || !input))
        bytes = fornix_floats(column->shown.shape) * (int64_t)sizeof(float);
    if (bytes) {
        if (!column->foreseen)
            column->foreseen = mem_new((size_t)table->rows, sizeof *column->foreseen);
        bytes = column->foreseen[group] ? 0 : bytes;
        column->foreseen[group] = true;
        return bytes;
    }
    int from = input ? fornix_find_column(input, column->shown.name) : -1;
    if (from < 0)
        return 0;
    bytes = table_foresee_read(input, from, origin->row);
    return bytes + (origin->other >= 0 ? table_foresee_read(input, from, origin->other) : 0);
}
