/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Features of samples from several tables, class by class, as points of few coordinates. */
#include "clouds.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base.h"
#include "column.h"

enum { MOST_CLASSES = 256 };

CloudSide *clouds_side(const Clouds *clouds, int64_t class, int source)
{
    return &clouds->side[class * clouds->sources + source];
}

const FornixTable *clouds_table(const Clouds *clouds, int source)
{
    return fornix_table(clouds->build, clouds->source[source].input);
}

/* ---- Before a run ------------------------------------------------------------------------ */

static bool fit_together(FornixBuild *build, const CloudSource source[2])
{
    const FornixTable *real = fornix_table(build, source[0].input);
    const FornixTable *made = fornix_table(build, source[1].input);
    FornixShape a = fornix_column(real, source[0].column)->shape;
    FornixShape b = fornix_column(made, source[1].column)->shape;
    if (a.d != b.d || a.h != b.h || a.w != b.w || a.c != b.c)
        return fornix_build_fail(build, "synthetic",
                                 "features are %" PRId64 " x %" PRId64 " x %" PRId64 " x %" PRId64
                                 ", the real ones %" PRId64 " x %" PRId64 " x %" PRId64
                                 " x %" PRId64,
                                 b.d, b.h, b.w, b.c, a.d, a.h, a.w, a.c);
    int64_t classes = fornix_column(real, source[0].label)->classes;
    if (classes < 1 || classes > MOST_CLASSES ||
        classes != fornix_column(made, source[1].label)->classes)
        return fornix_build_fail(
            build, "label", "both tables must have the same classes, %d at most", MOST_CLASSES);
    return true;
}

bool clouds_choose(FornixBuild *build, const char *column, const char *label, CloudSource real,
                   CloudSource made, CloudSource out[2])
{
    out[0] = real;
    out[1] = made;
    for (int k = 0; k < 2; k++) {
        out[k].column =
            column_choose(build, out[k].input, "column", column, FORNIX_FEATURE | FORNIX_IMAGE);
        out[k].label = column_choose(build, out[k].input, "label", label, FORNIX_LABEL);
        if (out[k].column < 0 || out[k].label < 0)
            return false;
    }
    return fit_together(build, out);
}

/* ---- Reading ----------------------------------------------------------------------------- */

static void sort_rows(Clouds *c, int which)
{
    const FornixTable *table = clouds_table(c, which);
    const CloudSource *source = &c->source[which];
    for (int64_t k = 0; k < c->classes; k++)
        clouds_side(c, k, which)->row = mem_new((size_t)fornix_rows(table) + 1, sizeof(int64_t));
    for (int64_t row = 0; row < fornix_rows(table); row++) {
        int32_t class = fornix_label(table, source->label, row);
        bool chosen =
            source->part == FORNIX_NO_PART || (int)fornix_row(table, row)->part == source->part;
        if (!chosen || class < 0 || class >= c->classes)
            continue;
        CloudSide *side = clouds_side(c, class, which);
        side->row[side->rows++] = row;
    }
}

bool clouds_row(const Clouds *clouds, int source, int64_t row, float *out, FornixError *error)
{
    const FornixTable *table = clouds_table(clouds, source);
    if (!fornix_read(table, clouds->source[source].column, row, out, error))
        return false;
    for (int64_t f = 0; f < clouds->features; f++)
        if (!isfinite(out[f]))
            return fornix_fail(error, "a feature of %s is not finite",
                               fornix_row(table, row)->subject);
    return true;
}

static float *buffer_new(const Clouds *c, FornixError *error)
{
    float *buffer = mem_large((size_t)c->features * sizeof *buffer);
    if (!buffer)
        fornix_fail(error, "no memory for %" PRId64 " features", c->features);
    return buffer;
}

static void measure_side(void *context, int64_t i)
{
    Clouds *c = context;
    CloudSide *side = &c->side[i];
    float *point = buffer_new(c, &side->error);
    for (int64_t k = 0; point && k < side->rows; k++) {
        if (!clouds_row(c, (int)(i % c->sources), side->row[k], point, &side->error))
            break;
        moments_add(&side->moments, point);
    }
    mem_large_free(point, (size_t)c->features * sizeof *point);
}

static void project(const Clouds *c, const Moments *real, const float *point, double *out)
{
    double spread = moments_spread(real), scale = spread > 0 ? 1 / spread : 0;
    memset(out, 0, (size_t)c->coordinates * sizeof *out);
    for (int64_t f = 0; f < c->features; f++) {
        double value = (point[f] - real->mean[f]) * scale;
        int64_t draw = 2 * f;
        if (c->coordinates < c->features)
            draw = fornix_random_below(c->random, (uint64_t)f, 2 * c->coordinates);
        out[draw / 2] += draw % 2 ? -value : value;
    }
}

/* The rows in a drawn order, so that the first of them are a draw. */
static void shuffle(CloudSide *side, FornixRandomKey key)
{
    int64_t *order = mem_new((size_t)side->rows + 1, sizeof *order);
    int64_t *row = mem_new((size_t)side->rows + 1, sizeof *row);
    fornix_random_permutation(key, order, side->rows);
    for (int64_t k = 0; k < side->rows; k++)
        row[k] = side->row[order[k]];
    mem_free(side->row);
    mem_free(order);
    side->row = row;
}

static void project_side(void *context, int64_t i)
{
    Clouds *c = context;
    CloudSide *side = &c->side[i];
    const Moments *real = c->common ? &c->all : &c->side[i - i % c->sources].moments;
    float *point = buffer_new(c, &side->error);
    shuffle(side, fornix_random_derive(c->random, (uint64_t)i));
    side->points = side->rows < c->most ? side->rows : c->most;
    side->at = mem_new((size_t)(side->points * c->coordinates) + 1, sizeof *side->at);
    for (int64_t k = 0; point && k < side->points; k++) {
        if (!clouds_row(c, (int)(i % c->sources), side->row[k], point, &side->error))
            break;
        project(c, real, point, side->at + k * c->coordinates);
    }
    mem_large_free(point, (size_t)c->features * sizeof *point);
}

bool clouds_read(Clouds *clouds)
{
    int64_t sides = clouds->classes * clouds->sources;
    clouds->side = mem_new((size_t)sides, sizeof *clouds->side);
    for (int which = 0; which < clouds->sources; which++)
        sort_rows(clouds, which);
    for (int64_t i = 0; i < sides; i++)
        clouds->side[i].moments = moments_new(clouds->features);
    fornix_parallel(clouds->build, sides, measure_side, clouds);
    clouds->all = moments_new(clouds->features);
    for (int64_t k = 0; k < clouds->classes; k++)
        moments_join(&clouds->all, &clouds_side(clouds, k, 0)->moments);
    fornix_parallel(clouds->build, sides, project_side, clouds);
    for (int64_t i = 0; i < sides; i++)
        if (*clouds->side[i].error.text)
            return fornix_build_fail(clouds->build, NULL, "%s", clouds->side[i].error.text);
    return true;
}

void clouds_free(Clouds *clouds)
{
    for (int64_t i = 0; clouds->side && i < clouds->classes * clouds->sources; i++) {
        moments_free(&clouds->side[i].moments);
        mem_free(clouds->side[i].at);
        mem_free(clouds->side[i].row);
    }
    moments_free(&clouds->all);
    mem_free(clouds->side);
    clouds->side = NULL;
}
