/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "scatter.h"

#include <string.h>

#include "base.h"
#include "distance.h"

enum { CLASS, AXIS, AXES = 2 }; /* columns: AXIS is the first of AXES */
enum { SHOWN = 300, COORDINATES = 64 };

/* Some samples of one side, in coordinates. */
typedef struct Points {
    int64_t *row, count; /* of the table */
    int32_t *class;
    double *at; /* [count][coordinates] */
} Points;

void scatter_columns(FornixBuild *build, const FornixColumn *label)
{
    static const char *const names[AXES] = {"axis_1", "axis_2"};
    FornixColumn class = *label;
    class.name = "class";
    fornix_add_column(build, &class);
    for (int k = 0; k < AXES; k++)
        fornix_add_column(
            build,
            &(FornixColumn){.name = names[k], .kind = FORNIX_WEIGHT, .shape = {1, 1, 1, 1, 1}});
}

/* At most SHOWN of each class, drawn where there are more. */
static void choose(const ScatterSide *side, int64_t classes, FornixRandomKey random, Points *points)
{
    int64_t rows = fornix_rows(side->table);
    int64_t *order = mem_new((size_t)rows + 1, sizeof *order);
    int64_t *taken = mem_new((size_t)classes + 1, sizeof *taken);
    fornix_random_permutation(random, order, rows);
    points->row = mem_new((size_t)rows + 1, sizeof *points->row);
    points->class = mem_new((size_t)rows + 1, sizeof *points->class);
    for (int64_t k = 0; k < rows; k++) {
        int32_t class = fornix_label(side->table, side->label, order[k]);
        bool chosen = side->part == FORNIX_NO_PART ||
                      (int)fornix_row(side->table, order[k])->part == side->part;
        if (!chosen || class < 0 || class >= classes || taken[class]++ >= SHOWN)
            continue;
        points->row[points->count] = order[k];
        points->class[points->count++] = class;
    }
    mem_free(order);
    mem_free(taken);
}

static bool place(const ScatterSide *side, int64_t coordinates, FornixRandomKey random,
                  Points *points, FornixError *error)
{
    int64_t features = fornix_floats(fornix_column(side->table, side->column)->shape);
    float *sample = mem_large((size_t)features * sizeof *sample);
    if (!sample)
        return fornix_fail(error, "no memory for %lld features", (long long)features);
    points->at = mem_new((size_t)(points->count * coordinates) + 1, sizeof *points->at);
    bool fine = true;
    for (int64_t k = 0; k < points->count && fine; k++) {
        double *at = points->at + k * coordinates;
        fine = fornix_read(side->table, side->column, points->row[k], sample, error);
        for (int64_t f = 0; f < features && fine; f++) {
            int64_t draw = coordinates < features
                               ? fornix_random_below(random, (uint64_t)f, 2 * coordinates)
                               : 2 * f;
            at[draw / 2] += draw % 2 ? -sample[f] : sample[f];
        }
    }
    mem_large_free(sample, (size_t)features * sizeof *sample);
    return fine;
}

static void add_rows(FornixBuild *build, const ScatterSide *side, const Points *points,
                     const PrincipalAxes *axes)
{
    for (int64_t k = 0; k < points->count; k++) {
        int64_t row = fornix_add_row(build, fornix_row(side->table, points->row[k]));
        fornix_set_label(build, CLASS, row, points->class[k]);
        for (int axis = 0; axis < AXES; axis++)
            fornix_set_real(build, AXIS + axis, row,
                            principal_coordinate(axes, axis, points->at + k * axes->features));
    }
}

bool scatter_rows(FornixBuild *build, const ScatterSide *real, const ScatterSide *synthetic,
                  FornixRandomKey random)
{
    const ScatterSide *sides[] = {real, synthetic};
    Points points[COUNT(sides)] = {0};
    const FornixColumn *column = fornix_column(real->table, real->column);
    int64_t features = fornix_floats(column->shape);
    int64_t coordinates = features < COORDINATES ? features : COORDINATES;
    int64_t classes = fornix_column(real->table, real->label)->classes;
    FornixError error = {0};
    bool fine = true;
    for (size_t s = 0; s < COUNT(sides) && fine; s++) {
        choose(sides[s], classes, fornix_random_derive(random, s + 1), &points[s]);
        fine = place(sides[s], coordinates, random, &points[s], &error);
    }
    if (!fine)
        fornix_build_fail(build, NULL, "%s", error.text);
    if (fine && points[0].count > 1) {
        PrincipalAxes axes =
            principal_axes(&(Cloud){points[0].count, coordinates, points[0].at}, AXES);
        for (size_t s = 0; s < COUNT(sides); s++)
            add_rows(build, sides[s], &points[s], &axes);
        principal_axes_free(&axes);
    }
    for (size_t s = 0; s < COUNT(sides); s++) {
        mem_free(points[s].row);
        mem_free(points[s].class);
        mem_free(points[s].at);
    }
    return fine;
}
