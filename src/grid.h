/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A table of text whose columns stand under one another: the first flush left, the others right. */
#ifndef FORNIX_GRID_H
#define FORNIX_GRID_H

#include "fornix-error.h"

typedef struct Grid Grid;

Grid *grid_new(int columns);
void grid_free(Grid *grid);

/* The next cell, row by row. */
void grid_cell(Grid *grid, const char *format, ...) FORNIX_PRINTF(2, 3);
/* line(context, text) for every row, the last one filled up with empty cells. */
void grid_lines(const Grid *grid, void (*line)(void *context, const char *text), void *context);

#endif
