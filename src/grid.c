/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A table of text whose columns stand under one another.
 *
 * Figures are compared by eye, so they are given the same places in every line. Widths count
 * characters, not bytes: names of classes are the user's.
 */
#include "grid.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "text.h"

struct Grid {
    int columns, cells, capacity;
    char **cell;
};

Grid *grid_new(int columns)
{
    Grid *grid = mem_new(1, sizeof *grid);
    grid->columns = columns;
    return grid;
}

void grid_free(Grid *grid)
{
    if (!grid)
        return;
    for (int i = 0; i < grid->cells; i++)
        mem_free(grid->cell[i]);
    mem_free(grid->cell);
    mem_free(grid);
}

void grid_cell(Grid *grid, const char *format, ...)
{
    char text[400];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    if (grid->cells == grid->capacity) {
        grid->capacity = 2 * grid->capacity + 16;
        grid->cell = mem_grow(grid->cell, (size_t)grid->capacity, sizeof *grid->cell);
    }
    grid->cell[grid->cells++] = mem_text(text);
}

static int characters(const char *text)
{
    int count = 0;
    for (; *text; text++)
        count += (*text & 0xC0) != 0x80;
    return count;
}

static void add_blanks(Text *text, int count)
{
    for (int i = 0; i < count; i++)
        text_add(text, " ");
}

void grid_lines(const Grid *grid, void (*line)(void *context, const char *text), void *context)
{
    int *width = mem_new((size_t)grid->columns, sizeof *width);
    for (int i = 0; i < grid->cells; i++) {
        int length = characters(grid->cell[i]), *widest = &width[i % grid->columns];
        *widest = length > *widest ? length : *widest;
    }
    for (int row = 0; row * grid->columns < grid->cells; row++) {
        Text text = {0};
        for (int column = 0; column < grid->columns; column++) {
            int i = row * grid->columns + column;
            const char *cell = i < grid->cells ? grid->cell[i] : "";
            int blanks = width[column] - characters(cell);
            add_blanks(&text, column ? blanks + 2 : 0);
            text_add(&text, cell);
            add_blanks(&text, column ? 0 : blanks);
        }
        while (text.length && text.data[text.length - 1] == ' ')
            text.data[--text.length] = '\0';
        line(context, text_value(&text));
        text_free(&text);
    }
    mem_free(width);
}
