/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which columns of a table a node means, and what their classes are called.
 *
 * Most tables hold one label and one prediction, and naming them would be noise; where there are
 * several, a guess would be an error that nobody sees.
 */
#include "column.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "text.h"

static const char *kinds_text(unsigned kinds)
{
    return kinds & FORNIX_LOGITS   ? "logits or probabilities"
           : kinds & FORNIX_LABEL  ? "labels"
           : kinds & FORNIX_MASK   ? "masks"
           : kinds & FORNIX_WEIGHT ? "numbers"
                                   : "tensors";
}

const char *column_suggest(const FornixTable *table, const char *name)
{
    int columns = fornix_columns(table);
    const char **names = mem_new((size_t)columns + 1, sizeof *names);
    for (int i = 0; i < columns; i++)
        names[i] = fornix_column(table, i)->name;
    const char *near = text_suggest(name, names, (size_t)columns);
    mem_free(names);
    return near;
}

static int column_named(FornixBuild *build, int input, const char *where, const char *name,
                        unsigned kinds)
{
    const FornixTable *table = fornix_table(build, input);
    int column = fornix_find_column(table, name);
    if (column >= 0 && (fornix_column(table, column)->kind & kinds))
        return column;
    if (column >= 0) {
        fornix_build_fail(build, where, "column '%s' of '%s' does not hold %s", name,
                          fornix_table_name(build, input), kinds_text(kinds));
        return -1;
    }
    const char *near = column_suggest(table, name);
    fornix_build_fail(build, where, "'%s' has no column '%s'%s%s%s",
                      fornix_table_name(build, input), name, near ? "; did you mean '" : "",
                      near ? near : "", near ? "'?" : "");
    return -1;
}

int column_choose(FornixBuild *build, int input, const char *where, const char *name,
                  unsigned kinds)
{
    const FornixTable *table = fornix_table(build, input);
    int found = -1;
    if (*name)
        return column_named(build, input, where, name, kinds);
    for (int i = 0; i < fornix_columns(table); i++) {
        if (!(fornix_column(table, i)->kind & kinds))
            continue;
        if (found >= 0) {
            fornix_build_fail(build, where,
                              "both '%s' and '%s' of '%s' hold %s: name the one that is meant",
                              fornix_column(table, found)->name, fornix_column(table, i)->name,
                              fornix_table_name(build, input), kinds_text(kinds));
            return -1;
        }
        found = i;
    }
    if (found < 0)
        fornix_build_fail(build, where, "'%s' has no column of %s", fornix_table_name(build, input),
                          kinds_text(kinds));
    return found;
}

bool column_same_shape(FornixBuild *build, const char *where, int made, int made_column, int real,
                       int real_column)
{
    FornixShape a = fornix_column(fornix_table(build, real), real_column)->shape;
    FornixShape b = fornix_column(fornix_table(build, made), made_column)->shape;
    return (a.d == b.d && a.h == b.h && a.w == b.w && a.c == b.c) ||
           fornix_build_fail(build, where,
                             "features are %" PRId64 " x %" PRId64 " x %" PRId64 " x %" PRId64
                             ", the real ones %" PRId64 " x %" PRId64 " x %" PRId64 " x %" PRId64,
                             b.d, b.h, b.w, b.c, a.d, a.h, a.w, a.c);
}

bool column_same_classes(FornixBuild *build, const char *where, int made, int made_column, int real,
                         int real_column)
{
    const FornixColumn *a = fornix_column(fornix_table(build, real), real_column);
    const FornixColumn *b = fornix_column(fornix_table(build, made), made_column);
    bool same = a->classes == b->classes;
    for (int64_t c = 0; same && a->class_names && b->class_names && c < a->classes; c++)
        same = strcmp(a->class_names[c], b->class_names[c]) == 0;
    return same || fornix_build_fail(
                       build, where, "'%s' of '%s' has other classes than that of '%s'", b->name,
                       fornix_table_name(build, made), fornix_table_name(build, real));
}

const char *column_class(const FornixColumn *column, int64_t class, char text[CLASS_NAME])
{
    if (column->class_names && class < column->classes)
        snprintf(text, CLASS_NAME, "%s", column->class_names[class]);
    else
        snprintf(text, CLASS_NAME, "%" PRId64, class);
    return text;
}

const char *column_suggest_class(const FornixColumn *column, const char *name)
{
    return column->class_names ? text_suggest(name, column->class_names, (size_t)column->classes)
                               : NULL;
}
