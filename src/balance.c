/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "balance.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "column.h"
#include "text.h"

const char *const balance_parts[] = {"train", "validation", "test", "all", NULL};

unsigned balance_part(int choice)
{
    static const unsigned parts[] = {1 << FORNIX_TRAIN, 1 << FORNIX_VALIDATION, 1 << FORNIX_TEST};
    return (size_t)choice < COUNT(parts) ? parts[choice] : ~0u;
}

bool balance_columns(FornixBuild *build, const char *label)
{
    const FornixTable *table = fornix_table(build, 0);
    fornix_copy_columns(build, 0);
    int weight = fornix_find_column(table, "weight");
    if (weight >= 0 && !(fornix_column(table, weight)->kind & FORNIX_WEIGHT))
        return fornix_build_fail(build, NULL, "column 'weight' of '%s' is no weight",
                                 fornix_table_name(build, 0));
    if (weight < 0)
        fornix_add_column(
            build,
            &(FornixColumn){.name = "weight", .kind = FORNIX_WEIGHT, .shape = {1, 1, 1, 1, 1}});
    return column_choose(build, 0, "label", label, FORNIX_LABEL) >= 0;
}

static void classes_count(Balance *balance)
{
    const FornixTable *table = balance->table;
    int64_t rows = fornix_rows(table);
    balance->classes = fornix_column(table, balance->label)->classes;
    for (int64_t row = 0; row < rows; row++)
        if (fornix_label(table, balance->label, row) >= balance->classes)
            balance->classes = fornix_label(table, balance->label, row) + 1;
    balance->count = mem_new((size_t)balance->classes + 1, sizeof *balance->count);
    balance->rows = mem_new((size_t)balance->classes + 1, sizeof *balance->rows);
    for (int64_t row = 0; row < rows; row++) {
        int32_t class = fornix_label(table, balance->label, row);
        if (class < 0 || !(balance->parts >> fornix_row(table, row)->part & 1))
            continue;
        int64_t *count = &balance->count[class];
        if (!(*count & (*count - 1))) /* full at each power of two */
            balance->rows[class] = mem_grow(balance->rows[class], *count ? 2 * (size_t)*count : 1,
                                            sizeof *balance->rows[class]);
        balance->rows[class][(*count)++] = row;
    }
}

bool balance_begin(FornixBuild *build, const char *label, int part, Balance *balance)
{
    const FornixTable *table = fornix_table(build, 0);
    int column = column_choose(build, 0, "label", label, FORNIX_LABEL);
    *balance =
        (Balance){.build = build, .table = table, .label = column, .parts = balance_part(part)};
    if (column < 0)
        return false;
    /* Columns were copied in their order, so a number holds for input and output alike. */
    balance->weight = fornix_find_column(table, "weight");
    if (balance->weight < 0)
        balance->weight = fornix_columns(table);
    classes_count(balance);
    balance->smallest = INT64_MAX;
    for (int64_t c = 0; c < balance->classes; c++) {
        char name[CLASS_NAME];
        if (!balance->count[c])
            return fornix_build_fail(build, "part", "class '%s' of '%s' has no row in part %s",
                                     column_class(fornix_column(table, column), c, name),
                                     fornix_column(table, column)->name, balance_parts[part]);
        if (balance->count[c] > balance->largest)
            balance->largest = balance->count[c];
        if (balance->count[c] < balance->smallest)
            balance->smallest = balance->count[c];
    }
    return balance->classes > 0 || fornix_build_fail(build, "label", "no row of '%s' has a label",
                                                     fornix_table_name(build, 0));
}

void balance_end(Balance *balance)
{
    for (int64_t c = 0; c < balance->classes && balance->rows; c++)
        mem_free(balance->rows[c]);
    mem_free(balance->rows);
    mem_free(balance->count);
}

int64_t *balance_members(const Balance *balance, int64_t *count)
{
    const FornixTable *table = balance->table;
    int64_t *members = mem_new((size_t)fornix_rows(table) + 1, sizeof *members);
    *count = 0;
    for (int64_t row = 0; row < fornix_rows(table); row++)
        if (fornix_label(table, balance->label, row) >= 0 &&
            balance->parts >> fornix_row(table, row)->part & 1)
            members[(*count)++] = row;
    return members;
}

void balance_copy_rows(const Balance *balance)
{
    for (int64_t row = 0; row < fornix_rows(balance->table); row++)
        fornix_copy_row(balance->build, 0, row);
}

int64_t balance_lack(const Balance *balance, double ratio, int64_t class)
{
    int64_t wanted = llround(ratio * (double)balance->largest);
    return wanted > balance->count[class] ? wanted - balance->count[class] : 0;
}

void balance_report(const Balance *balance, const int64_t *added)
{
    Text text = {0};
    char name[CLASS_NAME];
    const FornixColumn *column = fornix_column(balance->table, balance->label);
    for (int64_t c = 0; c < balance->classes; c++)
        text_format(&text, "%s%s %" PRId64 " %c %" PRId64, c ? ", " : "",
                    column_class(column, c, name), balance->count[c], added[c] < 0 ? '-' : '+',
                    added[c] < 0 ? -added[c] : added[c]);
    fornix_report(balance->build, "rows by class: %s", text_value(&text));
    text_free(&text);
}

void balance_drop_rows(const Balance *balance, bool *dropped)
{
    int64_t *added = mem_new((size_t)balance->classes + 1, sizeof *added);
    char name[CLASS_NAME];
    for (int64_t c = 0; c < balance->classes; c++) {
        for (int64_t i = 0; i < balance->count[c]; i++)
            added[c] -= dropped[balance->rows[c][i]];
        if (added[c] > -balance->count[c])
            continue;
        fornix_warn(balance->build, "of class '%s' no sample would be left: all are kept",
                    column_class(fornix_column(balance->table, balance->label), c, name));
        for (int64_t i = 0; i < balance->count[c]; i++)
            dropped[balance->rows[c][i]] = false;
        added[c] = 0;
    }
    for (int64_t row = 0; row < fornix_rows(balance->table); row++)
        if (!dropped[row])
            fornix_copy_row(balance->build, 0, row);
    balance_report(balance, added);
    mem_free(added);
}

void balance_name_row(const Balance *balance, int64_t row, int64_t n, int part)
{
    static const FornixPart parts[] = {FORNIX_TRAIN, FORNIX_VALIDATION, FORNIX_TEST};
    char subject[300];
    snprintf(subject, sizeof subject, "%.250s/%" PRId64, fornix_build_id(balance->build), n);
    fornix_set_row(
        balance->build, row,
        &(FornixRow){.subject = subject,
                     .name = "",
                     .origin = FORNIX_SYNTHETIC_SAMPLE,
                     .part = (size_t)part < COUNT(parts) ? parts[part] : FORNIX_NO_PART});
}
