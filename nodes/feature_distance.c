/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How far synthetic features lie from the real ones of their class.
 *
 * That a classifier gains from synthetic samples, or a discriminator takes them, says nothing of
 * where they lie. Here nothing is trained: class by class, the distance of the means and the ratio
 * of the spreads in deviations of the real features; and in a random projection of the
 * standardised features, the Fréchet distance and the share of samples whose nearest neighbour is
 * of their own kind. What two samples of one distribution would show is given beside each.
 *
 *   means = sqrt(mean over features of ((m_syn - m_real) / s_real)^2)
 *   spreads = sqrt(mean over features of (s_syn / s_real)^2)
 *   Fréchet = |m_r - m_s|^2 + trace(S_r + S_s - 2 (S_r S_s)^1/2)
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base.h"
#include "column.h"
#include "distance.h"
#include "findings.h"
#include "node.h"
#include "statistics.h"

typedef struct {
    const char *column, *label;
    int part;
    int64_t projection, most, seed;
} FeatureDistance;

enum { REAL, SYNTHETIC, TABLES };
enum { MOST_CLASSES = 256 };
static const double collapsed = 0.5; /* spreads below it are warned of */

typedef struct {
    int64_t *row, rows; /* of the table, of this class */
    Moments moments;
    double *projected; /* [points][projection] */
    int64_t points;
    FornixError error;
} Side;

typedef struct {
    FornixBuild *build;
    const FeatureDistance *attrs;
    const FornixTable *table[TABLES];
    int column[TABLES];
    const FornixColumn *label;
    int64_t features, classes, projection;
    FornixRandomKey random;
    Side *side; /* [classes][TABLES] */
} Clouds;

/* ---- Before a run ------------------------------------------------------------------------ */

static bool choose_columns(FornixBuild *build, const FeatureDistance *a, int *column, int *label)
{
    for (int t = 0; t < TABLES; t++) {
        column[t] = column_choose(build, t, "column", a->column, FORNIX_FEATURE | FORNIX_IMAGE);
        label[t] = column_choose(build, t, "label", a->label, FORNIX_LABEL);
        if (column[t] < 0 || label[t] < 0)
            return false;
    }
    return true;
}

static bool distance_columns(FornixBuild *build, const void *attrs)
{
    int column[TABLES], label[TABLES];
    if (!choose_columns(build, attrs, column, label))
        return false;
    const FornixColumn *real = fornix_column(fornix_table(build, REAL), column[REAL]);
    const FornixColumn *made = fornix_column(fornix_table(build, SYNTHETIC), column[SYNTHETIC]);
    FornixShape a = real->shape, b = made->shape;
    if (a.d != b.d || a.h != b.h || a.w != b.w || a.c != b.c)
        return fornix_build_fail(build, "synthetic",
                                 "features are %" PRId64 " x %" PRId64 " x %" PRId64 " x %" PRId64
                                 ", the real ones %" PRId64 " x %" PRId64 " x %" PRId64
                                 " x %" PRId64,
                                 b.d, b.h, b.w, b.c, a.d, a.h, a.w, a.c);
    int64_t classes = fornix_column(fornix_table(build, REAL), label[REAL])->classes;
    if (classes < 1 || classes > MOST_CLASSES ||
        classes != fornix_column(fornix_table(build, SYNTHETIC), label[SYNTHETIC])->classes)
        return fornix_build_fail(
            build, "label", "both tables must have the same classes, %d at most", MOST_CLASSES);
    return true;
}

/* ---- Reading ----------------------------------------------------------------------------- */

static void sort_rows(Clouds *c, int which, int label)
{
    const FornixTable *table = c->table[which];
    for (int64_t k = 0; k < c->classes; k++)
        c->side[k * TABLES + which].row = mem_new((size_t)fornix_rows(table) + 1, sizeof(int64_t));
    for (int64_t row = 0; row < fornix_rows(table); row++) {
        int32_t class = fornix_label(table, label, row);
        bool chosen = which == SYNTHETIC || c->attrs->part == FORNIX_NO_PART ||
                      (int)fornix_row(table, row)->part == c->attrs->part;
        if (!chosen || class < 0 || class >= c->classes)
            continue;
        Side *side = &c->side[class * TABLES + which];
        side->row[side->rows++] = row;
    }
}

static bool read_row(const Clouds *c, int which, int64_t row, float *out, FornixError *error)
{
    if (!fornix_read(c->table[which], c->column[which], row, out, error))
        return false;
    for (int64_t f = 0; f < c->features; f++)
        if (!isfinite(out[f]))
            return fornix_fail(error, "a feature of %s is not finite",
                               fornix_row(c->table[which], row)->subject);
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
    Side *side = &c->side[i];
    float *point = buffer_new(c, &side->error);
    for (int64_t k = 0; point && k < side->rows; k++) {
        if (!read_row(c, (int)(i % TABLES), side->row[k], point, &side->error))
            break;
        moments_add(&side->moments, point);
    }
    mem_large_free(point, (size_t)c->features * sizeof *point);
}

/* Every feature, over the spread of the real ones, is added to or taken from one coordinate, by a
 * draw of its own: distances are kept on average (Charikar, Chen and Farach-Colton 2002), and no
 * matrix of features by coordinates is needed. Few features are taken as they are. */
static void project(const Clouds *c, const Moments *real, const float *point, double *out)
{
    double spread = moments_spread(real), scale = spread > 0 ? 1 / spread : 0;
    memset(out, 0, (size_t)c->projection * sizeof *out);
    for (int64_t f = 0; f < c->features; f++) {
        double value = (point[f] - real->mean[f]) * scale;
        int64_t draw = 2 * f;
        if (c->projection < c->features)
            draw = fornix_random_below(c->random, (uint64_t)f, 2 * c->projection);
        out[draw / 2] += draw % 2 ? -value : value;
    }
}

static void project_side(void *context, int64_t i)
{
    Clouds *c = context;
    Side *side = &c->side[i];
    const Moments *real = &c->side[i - i % TABLES + REAL].moments;
    int64_t *order = mem_new((size_t)side->rows + 1, sizeof *order);
    float *point = buffer_new(c, &side->error);
    fornix_random_permutation(fornix_random_derive(c->random, (uint64_t)i), order, side->rows);
    side->points = side->rows < c->attrs->most ? side->rows : c->attrs->most;
    side->projected = mem_new((size_t)(side->points * c->projection) + 1, sizeof *side->projected);
    for (int64_t k = 0; point && k < side->points; k++) {
        if (!read_row(c, (int)(i % TABLES), side->row[order[k]], point, &side->error))
            break;
        project(c, real, point, side->projected + k * c->projection);
    }
    mem_large_free(point, (size_t)c->features * sizeof *point);
    mem_free(order);
}

static bool read_sides(Clouds *c)
{
    int64_t sides = c->classes * TABLES;
    for (int64_t i = 0; i < sides; i++)
        c->side[i].moments = moments_new(c->features);
    fornix_parallel(c->build, sides, measure_side, c);
    fornix_parallel(c->build, sides, project_side, c);
    for (int64_t i = 0; i < sides; i++)
        if (*c->side[i].error.text)
            return fornix_build_fail(c->build, NULL, "%s", c->side[i].error.text);
    return true;
}

/* ---- Figures ----------------------------------------------------------------------------- */

typedef struct {
    MomentsDistance moments;
    double frechet, halves; /* halves: of the real samples from one another */
    double neighbours;
    int64_t nearest; /* class of the real samples whose mean is nearest */
} Findings;

static Cloud cloud_of(const Clouds *c, const Side *side, int64_t first, int64_t points)
{
    return (Cloud){points, c->projection, side->projected + first * c->projection};
}

static Findings judge_class(const Clouds *c, int64_t class)
{
    const Side *real = &c->side[class * TABLES + REAL],
               *made = &c->side[class * TABLES + SYNTHETIC];
    int64_t half = real->points / 2,
            equal = real->points < made->points ? real->points : made->points;
    Cloud all_real = cloud_of(c, real, 0, real->points),
          all_made = cloud_of(c, made, 0, made->points);
    Cloud first = cloud_of(c, real, 0, half), second = cloud_of(c, real, half, real->points - half);
    Cloud some_real = cloud_of(c, real, 0, equal), some_made = cloud_of(c, made, 0, equal);
    Findings found = {.moments = moments_distance(&real->moments, &made->moments),
                      .frechet = frechet_distance(&all_real, &all_made),
                      .halves = frechet_distance(&first, &second),
                      .neighbours = neighbour_share(&some_real, &some_made),
                      .nearest = class};
    double least = found.moments.means;
    for (int64_t other = 0; other < c->classes; other++) {
        double means =
            moments_distance(&c->side[other * TABLES + REAL].moments, &made->moments).means;
        if (means < least) {
            least = means;
            found.nearest = other;
        }
    }
    return found;
}

static void warn_of(const Clouds *c, int64_t class, const Findings *found)
{
    char name[CLASS_NAME], other[CLASS_NAME], value[FIGURE_TEXT];
    column_class(c->label, class, name);
    if (isnan(found->moments.means))
        fornix_warn(c->build, "class '%s' lacks real or synthetic samples to compare", name);
    if (found->nearest != class)
        fornix_warn(c->build, "the mean of synthetic '%s' lies nearer to real '%s' than to its own",
                    name, column_class(c->label, found->nearest, other));
    if (found->moments.spreads < collapsed)
        fornix_warn(c->build,
                    "synthetic '%s' spreads %s as far as the real: the generator repeats itself",
                    name, figure_text(found->moments.spreads, value));
}

static void add_figures(const Clouds *c, const char *class, const Findings *found)
{
    findings_value(c->build, "means", class, found->moments.means);
    findings_value(c->build, "means_by_chance", class, found->moments.by_chance);
    findings_value(c->build, "spreads", class, found->moments.spreads);
    findings_value(c->build, "frechet", class, found->frechet);
    findings_value(c->build, "frechet_of_halves", class, found->halves);
    findings_value(c->build, "neighbours", class, found->neighbours);
}

static void judge_classes(const Clouds *c)
{
    static const char *const titles[] = {"class",   "real",    "synthetic", "means",   "by chance",
                                         "spreads", "Fréchet", "of halves", "own kind"};
    char name[CLASS_NAME], value[FIGURE_TEXT];
    double farthest = 0;
    bool all_known = true;
    Grid *grid = grid_new((int)COUNT(titles));
    for (size_t i = 0; i < COUNT(titles); i++)
        grid_cell(grid, "%s", titles[i]);
    for (int64_t class = 0; class < c->classes; class ++) {
        Findings found = judge_class(c, class);
        double row[] = {found.moments.means,   found.moments.by_chance,
                        found.moments.spreads, found.frechet,
                        found.halves,          found.neighbours};
        grid_cell(grid, "%s", column_class(c->label, class, name));
        grid_cell(grid, "%" PRId64, c->side[class * TABLES + REAL].rows);
        grid_cell(grid, "%" PRId64, c->side[class * TABLES + SYNTHETIC].rows);
        for (size_t i = 0; i < COUNT(row); i++)
            grid_cell(grid, "%s", figure_text(row[i], value));
        farthest = found.moments.means <= farthest ? farthest : found.moments.means;
        all_known &= !isnan(found.moments.means);
        add_figures(c, name, &found);
        warn_of(c, class, &found);
    }
    findings_value(c->build, "farthest", "", all_known ? farthest : NAN);
    fornix_report(c->build,
                  "%" PRId64 " features, %" PRId64 " coordinates; means and spreads over "
                  "the spread of the real class",
                  c->features, c->projection);
    findings_grid(c->build, grid);
}

static bool distance_rows(FornixBuild *build, const void *attrs)
{
    const FeatureDistance *a = attrs;
    Clouds c = {.build = build,
                .attrs = a,
                .table = {fornix_table(build, REAL), fornix_table(build, SYNTHETIC)},
                .random = fornix_build_random(build, a->seed)};
    int label[TABLES];
    if (!choose_columns(build, a, c.column, label))
        return false;
    c.label = fornix_column(c.table[REAL], label[REAL]);
    c.classes = c.label->classes;
    c.features = fornix_floats(fornix_column(c.table[REAL], c.column[REAL])->shape);
    c.projection = a->projection < c.features ? a->projection : c.features;
    c.side = mem_new((size_t)(c.classes * TABLES), sizeof *c.side);
    for (int t = 0; t < TABLES; t++)
        sort_rows(&c, t, label[t]);
    bool fine = read_sides(&c);
    if (fine)
        judge_classes(&c);
    for (int64_t i = 0; i < c.classes * TABLES; i++) {
        moments_free(&c.side[i].moments);
        mem_free(c.side[i].projected);
        mem_free(c.side[i].row);
    }
    mem_free(c.side);
    return fine;
}

/* In the order of FornixPart. */
static const char *const part_choices[] = {"all", "train", "validation", "test", NULL};

static const FornixAttr attrs[] = {
    FORNIX_TEXT(FeatureDistance, column, "",
                "column of features; if there is one, it need not be named"),
    FORNIX_TEXT(FeatureDistance, label, "",
                "column of the class; if there is one, it need not be named"),
    FORNIX_CHOICE(FeatureDistance, part, "train", part_choices,
                  "the part of the real samples that is compared with"),
    FORNIX_INT(FeatureDistance, projection, "64", 1, 512,
               "coordinates for the Fréchet distance and the neighbours"),
    FORNIX_INT(FeatureDistance, most, "1000", 2, 20000,
               "samples of each class and kind that are projected, drawn where there are more"),
    FORNIX_INT(FeatureDistance, seed, "1", 0, INT32_MAX, "of projection and draw"),
    {0}};

static const FornixPort inputs[] = {
    {"real", FORNIX_SAMPLES, 0, "real samples with features and class"},
    {"synthetic", FORNIX_SAMPLES, 0, "synthetic samples with features of the same shape"},
    {0}};

static const FornixPort outputs[] = {
    {"distances", FORNIX_SCORES, 0, "figures by class; `farthest` is the largest of the means"},
    {0}};

static const FornixSamples samples = {
    .flags = FORNIX_NEEDS_RUN, .columns = distance_columns, .rows = distance_rows};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "feature_distance",
    .doc = "Measures, class by class, how far synthetic features lie from real ones: distance of "
           "the means over the spread of the real features, ratio of the spreads, Fréchet "
           "distance, and the share of samples whose nearest neighbour is of their own kind (.5: "
           "cannot be told apart; 1: lie apart). Nothing is trained. Beside them stand what two "
           "samples of these sizes from one distribution would show, and the Fréchet distance of "
           "two halves of the real samples. Warns where synthetic samples lie nearer to another "
           "class, or spread less than half as far.",
    .formula = "means = |m_syn - m_real| / s_real, s = sqrt(sum of variances), by chance "
               "sqrt(1/n_real + 1/n_syn); spreads = s_syn / s_real; Fréchet = |m_r - m_s|^2 + "
               "trace(S_r + S_s - 2 "
               "(S_r S_s)^1/2) (Dowson and Landau 1982); neighbours: Lopez-Paz and Oquab 2017",
    .attrs_size = sizeof(FeatureDistance),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<feature_distance id=\"apart\" real=\"features\" synthetic=\"confirmed\" "
               "part=\"train\"/>"};
