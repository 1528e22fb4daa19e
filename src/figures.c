/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "figures.h"

#include <string.h>

#include "base.h"

const Figure *figures_find(const Figures *figures, const char *name)
{
    for (size_t k = 0; k < figures->count; k++)
        if (strcmp(figures->items[k].name, name) == 0)
            return &figures->items[k];
    return NULL;
}

void figures_set(Figures *figures, const char *name, double value)
{
    Figure *known = (Figure *)(uintptr_t)figures_find(figures, name);
    if (known) {
        known->value = value;
        return;
    }
    if (figures->count == figures->room) {
        figures->room = figures->room ? 2 * figures->room : 8;
        figures->items = mem_grow(figures->items, figures->room, sizeof *figures->items);
    }
    figures->items[figures->count++] = (Figure){mem_text(name), value};
}

void figures_clear(Figures *figures)
{
    for (size_t k = 0; k < figures->count; k++)
        mem_free(figures->items[k].name);
    mem_free(figures->items);
    *figures = (Figures){0};
}
