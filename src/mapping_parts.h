/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What reading a map and applying its patterns share. */
#ifndef FORNIX_MAPPING_PARTS_H
#define FORNIX_MAPPING_PARTS_H

#include "mapping.h"

enum { VARIABLES_MOST = 8 };

typedef struct Variable {
    const char *name;
    size_t name_length, length; /* length: of all from '{' to '}' */
    int64_t shift;
} Variable;

/* The variable at the '{' that pattern begins with; false: it is malformed. */
bool variable_read(const char *pattern, Variable *variable);

#endif
