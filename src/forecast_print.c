/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A forecast as people read it: a line for each node that takes anything, and the run. */
#include <inttypes.h>

#include "forecast.h"
#include "grid.h"

static void cell_count(Grid *grid, int64_t count)
{
    if (count < 0)
        grid_cell(grid, "?");
    else
        grid_cell(grid, "%" PRId64, count);
}

static void cell_megabytes(Grid *grid, int64_t bytes)
{
    grid_cell(grid, "%.1f", (double)bytes / 1e6);
}

static void print_node(Grid *grid, const Outer *outer, const Forecast *told)
{
    if (!outer->stage && !told->memory)
        return;
    grid_cell(grid, "%s %s", outer->type->name, outer->id);
    cell_count(grid, told->rows);
    if (outer->stage)
        cell_count(grid, told->steps);
    else
        grid_cell(grid, "%s", "");
    grid_cell(grid, "%.3g", told->flops / 1e9);
    cell_megabytes(grid, told->memory);
    cell_megabytes(grid, told->kept);
    cell_megabytes(grid, told->disk);
}

static void print_line(void *context, const char *text)
{
    fprintf(context, "  %s\n", text);
}

void forecast_print(Outer *const *nodes, int count, int threads, int64_t budget, FILE *out)
{
    static const char *const heads[] = {
        "", "rows", "steps", "GFLOP", "memory MB", "kept by loaders", "disk MB"};
    Forecast *told = mem_new((size_t)count + 1, sizeof *told);
    Grid *grid = grid_new((int)COUNT(heads));
    for (size_t k = 0; k < COUNT(heads); k++)
        grid_cell(grid, "%s", heads[k]);
    for (int k = 0; k < count; k++) {
        told[k] = forecast_node(nodes[k], threads);
        print_node(grid, nodes[k], &told[k]);
    }
    ForecastRun run = forecast_run(nodes, told, count, threads, budget);
    fputs("\nwhat each takes\n", out);
    grid_lines(grid, print_line, out);
    fprintf(out, "the run on %d threads: peak memory %.0f MB", threads, (double)run.memory / 1e6);
    if (run.at)
        fprintf(out, " in %s", run.at->id);
    fprintf(out, ", %.4g GFLOP, %.0f MB of disk\n", run.flops / 1e9, (double)run.disk / 1e6);
    if (run.kept > budget)
        fprintf(out,
                "loaders would keep %.0f MB and may keep %.0f MB: what is beyond is read again and "
                "again\n",
                (double)run.kept / 1e6, (double)budget / 1e6);
    grid_free(grid);
    mem_free(told);
}
