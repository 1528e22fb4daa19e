/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Named numbers in the order in which they came: what a stage or an evaluator found. */
#ifndef FORNIX_FIGURES_H
#define FORNIX_FIGURES_H

#include <stdbool.h>
#include <stddef.h>

typedef struct Figure {
    char *name;
    double value;
} Figure;

typedef struct Figures {
    Figure *items;
    size_t count, room;
} Figures; /* start with {0} */

void figures_set(Figures *figures, const char *name, double value);   /* replaces */
const Figure *figures_find(const Figures *figures, const char *name); /* NULL: none */
void figures_clear(Figures *figures);

#endif
