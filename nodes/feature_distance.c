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

#include "base.h"
#include "clouds.h"
#include "column.h"
#include "findings.h"
#include "node.h"
#include "scatter.h"
#include "statistics.h"

typedef struct {
    const char *column, *label;
    int part;
    int64_t projection, most, seed;
} FeatureDistance;

enum { REAL, SYNTHETIC, TABLES };
static const double collapsed = 0.5; /* spreads below it are warned of */

static bool choose_sources(FornixBuild *build, const FeatureDistance *a, CloudSource source[TABLES])
{
    return clouds_choose(build, a->column, a->label, (CloudSource){.input = REAL, .part = a->part},
                         (CloudSource){.input = SYNTHETIC}, source);
}

static bool distance_columns(FornixBuild *build, const void *attrs)
{
    CloudSource source[TABLES];
    if (!choose_sources(build, attrs, source))
        return false;
    scatter_columns(build, fornix_column(fornix_table(build, REAL), source[REAL].label));
    return true;
}

/* ---- Figures ----------------------------------------------------------------------------- */

typedef struct {
    MomentsDistance moments;
    double frechet, halves; /* halves: of the real samples from one another */
    double neighbours;
    int64_t nearest; /* class of the real samples whose mean is nearest */
} Findings;

static Cloud cloud_of(const Clouds *c, const CloudSide *side, int64_t first, int64_t points)
{
    return (Cloud){points, c->coordinates, side->at + first * c->coordinates};
}

static Findings judge_class(const Clouds *c, int64_t class)
{
    const CloudSide *real = clouds_side(c, class, REAL), *made = clouds_side(c, class, SYNTHETIC);
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
            moments_distance(&clouds_side(c, other, REAL)->moments, &made->moments).means;
        if (means < least) {
            least = means;
            found.nearest = other;
        }
    }
    return found;
}

static void warn_of(const Clouds *c, const FornixColumn *label, int64_t class,
                    const Findings *found)
{
    char name[CLASS_NAME], other[CLASS_NAME], value[FIGURE_TEXT];
    column_class(label, class, name);
    if (isnan(found->moments.means))
        fornix_warn(c->build, "class '%s' lacks real or synthetic samples to compare", name);
    if (found->nearest != class)
        fornix_warn(c->build, "the mean of synthetic '%s' lies nearer to real '%s' than to its own",
                    name, column_class(label, found->nearest, other));
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

static void judge_classes(const Clouds *c, const FornixColumn *label)
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
        grid_cell(grid, "%s", column_class(label, class, name));
        grid_cell(grid, "%" PRId64, clouds_side(c, class, REAL)->rows);
        grid_cell(grid, "%" PRId64, clouds_side(c, class, SYNTHETIC)->rows);
        for (size_t i = 0; i < COUNT(row); i++)
            grid_cell(grid, "%s", figure_text(row[i], value));
        farthest = found.moments.means <= farthest ? farthest : found.moments.means;
        all_known &= !isnan(found.moments.means);
        add_figures(c, name, &found);
        warn_of(c, label, class, &found);
    }
    findings_value(c->build, "farthest", "", all_known ? farthest : NAN);
    fornix_report(c->build,
                  "%" PRId64 " features, %" PRId64 " coordinates; means and spreads over "
                  "the spread of the real class",
                  c->features, c->coordinates);
    findings_grid(c->build, grid);
}

static bool distance_rows(FornixBuild *build, const void *attrs)
{
    const FeatureDistance *a = attrs;
    CloudSource source[TABLES];
    if (!choose_sources(build, a, source))
        return false;
    const FornixTable *real = fornix_table(build, REAL);
    const FornixColumn *label = fornix_column(real, source[REAL].label);
    Clouds c = {.build = build,
                .source = source,
                .sources = TABLES,
                .features = fornix_floats(fornix_column(real, source[REAL].column)->shape),
                .classes = label->classes,
                .most = a->most,
                .random = fornix_build_random(build, a->seed)};
    c.coordinates = a->projection < c.features ? a->projection : c.features;
    bool fine = clouds_read(&c);
    if (fine) {
        ScatterSide sides[TABLES] = {
            {real, source[REAL].column, source[REAL].label, a->part},
            {fornix_table(build, SYNTHETIC), source[SYNTHETIC].column, source[SYNTHETIC].label,
             FORNIX_NO_PART}};
        judge_classes(&c, label);
        fine = scatter_rows(build, &sides[REAL], &sides[SYNTHETIC], c.random);
    }
    clouds_free(&c);
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
    {"distances", FORNIX_SCORES, 0,
     "figures by class (`farthest` is the largest of the means), and where samples of either kind "
     "lie on the two principal axes of the real ones"},
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
