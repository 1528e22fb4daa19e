/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which columns of a table a node means, and what their classes are called. */
#ifndef FORNIX_COLUMN_H
#define FORNIX_COLUMN_H

#include "node.h"

/* The column of an input that has this name or, if name is "", the only one of these kinds. Reports
 * a mistake at attribute `where` and returns -1 if there is none, several, or one of other kind. */
int column_choose(FornixBuild *build, int input, const char *where, const char *name,
                  unsigned kinds);

/* Whether a column of input `made` has the shape of one of input `real`, or their labels the same
 * classes; else a mistake at `where`. */
bool column_same_shape(FornixBuild *build, const char *where, int made, int made_column, int real,
                       int real_column);
bool column_same_classes(FornixBuild *build, const char *where, int made, int made_column, int real,
                         int real_column);

/* The name of a column, or of a class, that was probably meant; NULL: none is near. */
const char *column_suggest(const FornixTable *table, const char *name);
const char *column_suggest_class(const FornixColumn *column, const char *name);

enum { CLASS_NAME = 64 };

/* The name of a class of a label or mask: its own, or its number, in text; which it returns. */
const char *column_class(const FornixColumn *column, int64_t class, char text[CLASS_NAME]);

#endif
