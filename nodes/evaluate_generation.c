/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Judges made-up features: do they lie where real ones do, cover them, and are they new?
 *
 * A generator can fail in ways that no single figure shows: it can blur, repeat a few samples,
 * leave a class out, or copy what it was trained on. Each figure here sees one of them, beside what
 * the same figure says of unseen real samples where there is such a thing. What the figures are
 * stands in generation.h and spectrum.h.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "column.h"
#include "findings.h"
#include "generation_group.h"
#include "node.h"
#include "samples.h"
#include "spectrum.h"

typedef struct {
    const char *column, *label;
    int part, held_out;
    bool spectrum;
    int64_t projection, most, neighbours, folds, draws, seed;
    double confidence;
} EvaluateGeneration;

enum { REAL, SYNTHETIC };
enum { NOBODY = -1 }; /* a part that no row has */

typedef struct {
    FornixBuild *build;
    const EvaluateGeneration *attrs;
    const FornixColumn *label;
    FornixShape shape;
    Clouds clouds;
    GroupRules rules;
    GroupFindings *found; /* of each class, then of all */
    int64_t (*count)[POINT_KINDS];
    int64_t bins;
    double *power; /* [classes and all][REAL_POINTS, MADE_POINTS][bins] */
    FornixError *errors;
    Transfer transfer[3]; /* in the order of transfers[] */
} Evaluation;

static const struct {
    const char *name, *title;
    int trained, tested;
} transfers[] = {{"tstr", "synthetic, tested on unseen real", MADE_POINTS, UNSEEN_POINTS},
                 {"trtr", "real, tested on unseen real", REAL_POINTS, UNSEEN_POINTS},
                 {"trts", "real, tested on synthetic", REAL_POINTS, MADE_POINTS}};

/* In the order of FornixPart. */
static const char *const part_choices[] = {"all", "train", "validation", "test", NULL};
static const char *const held_choices[] = {"none", "train", "validation", "test", NULL};

/* ---- Before a run ------------------------------------------------------------------------ */

static bool choose_sources(FornixBuild *build, const EvaluateGeneration *a,
                           CloudSource source[POINT_KINDS])
{
    if (!clouds_choose(build, a->column, a->label, (CloudSource){.input = REAL, .part = a->part},
                       (CloudSource){.input = SYNTHETIC}, source))
        return false;
    source[UNSEEN_POINTS] = source[REAL_POINTS];
    source[UNSEEN_POINTS].part = a->held_out ? a->held_out : NOBODY;
    return true;
}

static bool generation_columns(FornixBuild *build, const void *attrs)
{
    const EvaluateGeneration *a = attrs;
    CloudSource source[POINT_KINDS];
    if (a->held_out && (a->part == FORNIX_NO_PART || a->part == a->held_out))
        return fornix_build_fail(build, "held_out",
                                 "the %s part is what is compared with: nobody of it is unseen",
                                 held_choices[a->held_out]);
    return choose_sources(build, attrs, source);
}

/* ---- Who was seen ------------------------------------------------------------------------ */

/* Unseen means: neither by the generator nor by what made the features. */
static bool check_unseen(const Evaluation *e)
{
    const FornixTable *real = fornix_table(e->build, REAL),
                      *made = fornix_table(e->build, SYNTHETIC);
    const char **subject = mem_new((size_t)fornix_rows(real) + 1, sizeof *subject);
    int64_t count = 0;
    bool fine = true;
    for (int64_t row = 0; row < fornix_rows(real); row++)
        if ((int)fornix_row(real, row)->part == e->clouds.source[UNSEEN_POINTS].part)
            subject[count++] = fornix_row(real, row)->subject;
    const FornixTable *const tables[] = {real, made};
    for (size_t k = 0; k < COUNT(tables) && fine; k++) {
        Meeting meeting = fits_meet(table_samples(real), table_fits(tables[k]), subject, count);
        if (meeting.met)
            fine = fornix_build_fail(e->build, "held_out",
                                     "%" PRId64 " of %" PRId64
                                     " held-out subjects were used to fit %s: they are not unseen",
                                     meeting.met, meeting.subjects, meeting.artefacts);
        meeting_free(&meeting);
    }
    mem_free(subject);
    return fine;
}

/* ---- Spectra ----------------------------------------------------------------------------- */

static double *power_of(const Evaluation *e, int64_t group, int kind)
{
    return e->power + (2 * group + kind) * e->bins;
}

static void measure_spectrum(void *context, int64_t i)
{
    Evaluation *e = context;
    int kind = (int)(i % 2);
    const CloudSide *side = clouds_side(&e->clouds, i / 2, kind);
    size_t bytes = (size_t)e->clouds.features * sizeof(float);
    float *sample = mem_large(bytes);
    Spectrum *spectrum = spectrum_new(e->shape, &e->errors[i]);
    if (!sample)
        fornix_fail(&e->errors[i], "no memory for %" PRId64 " features", e->clouds.features);
    for (int64_t k = 0; sample && spectrum && k < side->points; k++) {
        if (!clouds_row(&e->clouds, kind, side->row[k], sample, &e->errors[i]))
            break;
        spectrum_add(spectrum, sample);
    }
    if (spectrum)
        spectrum_power(spectrum, NULL, power_of(e, i / 2, kind));
    spectrum_free(spectrum);
    mem_large_free(sample, bytes);
}

/* All classes together: weighed by their points. */
static void join_spectra(Evaluation *e)
{
    int64_t classes = e->clouds.classes;
    for (int kind = 0; kind < 2; kind++) {
        double points = 0;
        for (int64_t c = 0; c < classes; c++)
            points += (double)clouds_side(&e->clouds, c, kind)->points;
        for (int64_t c = 0; c < classes && points > 0; c++)
            for (int64_t b = 0; b < e->bins; b++)
                power_of(e, classes, kind)[b] += power_of(e, c, kind)[b] *
                                                 (double)clouds_side(&e->clouds, c, kind)->points /
                                                 points;
    }
}

static bool measure_spectra(Evaluation *e)
{
    int64_t classes = e->clouds.classes;
    e->bins = e->attrs->spectrum ? spectrum_bins(e->shape) : 0;
    if (!e->bins)
        return true;
    e->power = mem_new((size_t)(2 * (classes + 1) * e->bins), sizeof *e->power);
    e->errors = mem_new((size_t)(2 * classes), sizeof *e->errors);
    fornix_parallel(e->build, 2 * classes, measure_spectrum, e);
    for (int64_t i = 0; i < 2 * classes; i++)
        if (*e->errors[i].text)
            return fornix_build_fail(e->build, NULL, "%s", e->errors[i].text);
    join_spectra(e);
    return true;
}

static void add_spectrum(const Evaluation *e, int64_t group, const char *of)
{
    static const char *const columns[] = {"frequency", "real", "synthetic"};
    const double *real = power_of(e, group, REAL_POINTS), *made = power_of(e, group, MADE_POINTS);
    double *rows = mem_new((size_t)e->bins, sizeof(double[3]));
    char name[CLASS_NAME + 16];
    double longest = fmax((double)e->shape.d, fmax((double)e->shape.h, (double)e->shape.w));
    for (int64_t b = 0; b < e->bins; b++) {
        rows[3 * b] = (double)(b + 1) / longest;
        rows[3 * b + 1] = real[b];
        rows[3 * b + 2] = made[b];
    }
    snprintf(name, sizeof name, "spectrum.%s", of);
    fornix_curve(e->build, name, &(FornixCurve){columns, 3, rows, e->bins});
    findings_value(e->build, "spectrum", of, spectrum_distance(made, real, e->bins));
    mem_free(rows);
}

/* ---- Judging ----------------------------------------------------------------------------- */

static void judge_group(void *context, int64_t i)
{
    Evaluation *e = context;
    int64_t class = i < e->clouds.classes ? i : -1;
    PointGroup group = group_new(&e->clouds, class, e->attrs->most);
    GroupRules rules = e->rules;
    rules.random = fornix_random_derive(rules.random, (uint64_t)i);
    e->found[i] = group_judge(&group, &rules);
    for (int kind = 0; kind < POINT_KINDS; kind++)
        e->count[i][kind] = group.cloud[kind].points;
    for (size_t k = 0; class < 0 && k < COUNT(transfers); k++)
        e->transfer[k] = group_transfer(&group, transfers[k].trained, transfers[k].tested, &rules);
    group_free(&group);
}

static const char *group_name(const Evaluation *e, int64_t group, char text[CLASS_NAME])
{
    return group < e->clouds.classes ? column_class(e->label, group, text) : strcpy(text, "all");
}

static void add_figures(const Evaluation *e, int64_t i)
{
    const GroupFindings *found = &e->found[i];
    FornixBuild *build = e->build;
    char of[CLASS_NAME];
    group_name(e, i, of);
    findings_value(build, "frechet", of, found->frechet);
    findings_value(build, "frechet_rank", of, (double)found->rank);
    findings_interval(build, "kid", of, found->kid);
    findings_value(build, "precision", of, found->manifold.precision);
    findings_value(build, "recall", of, found->manifold.recall);
    findings_value(build, "density", of, found->manifold.density);
    findings_value(build, "coverage", of, found->manifold.coverage);
    findings_interval(build, "two_sample_auc", of, found->two_sample);
    findings_value(build, "nearest", of, found->nearest);
    findings_value(build, "nearest_held_out", of, found->nearest_unseen);
    findings_interval(build, "closer", of, found->closer);
    findings_value(build, "samples_real", of, (double)e->count[i][REAL_POINTS]);
    findings_value(build, "samples_synthetic", of, (double)e->count[i][MADE_POINTS]);
    findings_value(build, "samples_held_out", of, (double)e->count[i][UNSEEN_POINTS]);
    if (e->bins)
        add_spectrum(e, i, of);
}

/* ---- The report -------------------------------------------------------------------------- */

static void report_figures(const Evaluation *e)
{
    static const char *const titles[] = {"class",   "real",     "synthetic",       "unseen",
                                         "Fréchet", "KID",      "precision",       "recall",
                                         "density", "coverage", "told apart (AUC)"};
    char text[INTERVAL_TEXT], value[FIGURE_TEXT];
    Grid *grid = grid_new((int)COUNT(titles));
    for (size_t k = 0; k < COUNT(titles); k++)
        grid_cell(grid, "%s", titles[k]);
    for (int64_t i = 0; i <= e->clouds.classes; i++) {
        const GroupFindings *found = &e->found[i];
        const double plain[] = {found->manifold.precision, found->manifold.recall,
                                found->manifold.density, found->manifold.coverage};
        grid_cell(grid, "%s", group_name(e, i, text));
        for (int kind = 0; kind < POINT_KINDS; kind++)
            grid_cell(grid, "%" PRId64, e->count[i][kind]);
        grid_cell(grid, "%s", figure_text(found->frechet, value));
        grid_cell(grid, "%s", interval_text(found->kid, text));
        for (size_t k = 0; k < COUNT(plain); k++)
            grid_cell(grid, "%s", figure_text(plain[k], value));
        grid_cell(grid, "%s", interval_text(found->two_sample, text));
    }
    findings_grid(e->build, grid);
}

static void report_memory(const Evaluation *e)
{
    char text[INTERVAL_TEXT], value[FIGURE_TEXT];
    Grid *grid = grid_new(4);
    grid_cell(grid, "to the nearest real");
    grid_cell(grid, "synthetic");
    grid_cell(grid, "unseen real");
    grid_cell(grid, "synthetic is closer");
    for (int64_t i = 0; i <= e->clouds.classes; i++) {
        grid_cell(grid, "%s", group_name(e, i, text));
        grid_cell(grid, "%s", figure_text(e->found[i].nearest, value));
        grid_cell(grid, "%s", figure_text(e->found[i].nearest_unseen, value));
        grid_cell(grid, "%s", interval_text(e->found[i].closer, text));
    }
    findings_grid(e->build, grid);
}

static void report_transfers(const Evaluation *e)
{
    char text[INTERVAL_TEXT];
    Grid *grid = grid_new(3);
    grid_cell(grid, "a classifier trained on");
    grid_cell(grid, "AUC");
    grid_cell(grid, "balanced accuracy");
    for (size_t k = 0; k < COUNT(transfers); k++) {
        findings_interval(e->build, transfers[k].name, "auc", e->transfer[k].auc);
        findings_interval(e->build, transfers[k].name, "balanced_accuracy",
                          e->transfer[k].balanced);
        grid_cell(grid, "%s", transfers[k].title);
        grid_cell(grid, "%s", interval_text(e->transfer[k].auc, text));
        grid_cell(grid, "%s", interval_text(e->transfer[k].balanced, text));
    }
    findings_grid(e->build, grid);
}

static void warn_of(const Evaluation *e, int64_t i)
{
    const GroupFindings *found = &e->found[i];
    char of[CLASS_NAME], text[INTERVAL_TEXT];
    group_name(e, i, of);
    if (isnan(found->frechet)) {
        fornix_warn(e->build, "'%s' lacks real or synthetic samples to compare", of);
        return;
    }
    if (found->rank < e->clouds.coordinates)
        fornix_warn(e->build,
                    "Fréchet of '%s' has few samples: covariances of rank %" PRId64 " in %" PRId64
                    " coordinates make it larger than it is",
                    of, found->rank, e->clouds.coordinates);
    if (found->kid.low > 0)
        fornix_report(e->build, "  synthetic '%s' are not distributed as the real: KID %s", of,
                      interval_text(found->kid, text));
    if (found->two_sample.low > 0.5)
        fornix_report(e->build, "  synthetic '%s' can be told from the real: AUC %s", of,
                      interval_text(found->two_sample, text));
    if (found->closer.low > 0.5)
        fornix_warn(e->build,
                    "synthetic '%s' lie nearer to the samples that were trained on than unseen "
                    "real ones do, in %s of pairs: they may repeat them",
                    of, interval_text(found->closer, text));
}

static void judge(Evaluation *e)
{
    int64_t groups = e->clouds.classes + 1;
    e->found = mem_new((size_t)groups, sizeof *e->found);
    e->count = mem_new((size_t)groups, sizeof *e->count);
    fornix_parallel(e->build, groups, judge_group, e);
    for (int64_t i = 0; i < groups; i++)
        add_figures(e, i);
    fornix_metric(e->build, "coordinates", (double)e->clouds.coordinates);
    fornix_report(e->build,
                  "%" PRId64 " features, %" PRId64 " coordinates; %g %% intervals by drawing "
                  "subjects again %" PRId64 " times; %" PRId64 " neighbours",
                  e->clouds.features, e->clouds.coordinates, 100 * e->attrs->confidence,
                  e->attrs->draws, e->attrs->neighbours);
    report_figures(e);
    if (e->attrs->held_out)
        report_memory(e);
    report_transfers(e);
    for (int64_t i = 0; i < groups; i++)
        warn_of(e, i);
}

static bool generation_rows(FornixBuild *build, const void *attrs)
{
    const EvaluateGeneration *a = attrs;
    CloudSource source[POINT_KINDS];
    if (!choose_sources(build, a, source))
        return false;
    const FornixTable *real = fornix_table(build, REAL);
    FornixRandomKey random = fornix_build_random(build, a->seed);
    Evaluation e = {.build = build,
                    .attrs = a,
                    .label = fornix_column(real, source[REAL_POINTS].label),
                    .shape = fornix_column(real, source[REAL_POINTS].column)->shape,
                    .rules = {a->neighbours, a->folds, a->draws, a->confidence, random}};
    e.clouds = (Clouds){.build = build,
                        .source = source,
                        .sources = POINT_KINDS,
                        .features = fornix_floats(e.shape),
                        .classes = e.label->classes,
                        .most = a->most,
                        .common = true,
                        .random = random};
    e.clouds.coordinates = a->projection < e.clouds.features ? a->projection : e.clouds.features;
    bool fine = check_unseen(&e) && clouds_read(&e.clouds) && measure_spectra(&e);
    if (fine)
        judge(&e);
    clouds_free(&e.clouds);
    mem_free(e.found);
    mem_free(e.count);
    mem_free(e.power);
    mem_free(e.errors);
    return fine;
}

static const FornixAttr attrs[] = {
    FORNIX_TEXT(EvaluateGeneration, column, "",
                "column of features or images; if there is one, it need not be named"),
    FORNIX_TEXT(EvaluateGeneration, label, "",
                "column of the class; if there is one, it need not be named"),
    FORNIX_CHOICE(EvaluateGeneration, part, "train", part_choices,
                  "the part of the real samples that is compared with: what was trained on"),
    FORNIX_CHOICE(EvaluateGeneration, held_out, "test", held_choices,
                  "the part of the real samples that nothing was fitted on"),
    FORNIX_BOOL(EvaluateGeneration, spectrum, "yes",
                "also compare the power by spatial frequency, of images and maps"),
    FORNIX_INT(EvaluateGeneration, projection, "64", 1, 512,
               "coordinates that the features are projected to"),
    FORNIX_INT(EvaluateGeneration, most, "500", 4, 5000,
               "samples of each class and kind, and of all classes together, that are looked at"),
    FORNIX_INT(EvaluateGeneration, neighbours, "5", 1, 100,
               "k of precision, recall, density and coverage"),
    FORNIX_INT(EvaluateGeneration, folds, "5", 2, 100,
               "of the classifier that tells synthetic from real samples"),
    FORNIX_INT(EvaluateGeneration, draws, "500", 100, 100000, "replicates of the bootstrap"),
    FORNIX_REAL(EvaluateGeneration, confidence, "0.95", 0.5, 0.999, "of the intervals"),
    FORNIX_INT(EvaluateGeneration, seed, "1", 0, INT32_MAX, "of projection, folds and draws"),
    {0}};

static const FornixPort inputs[] = {
    {"real", FORNIX_SAMPLES, 0, "real samples with features and class, of all parts"},
    {"synthetic", FORNIX_SAMPLES, 0, "synthetic samples with features of the same shape"},
    {0}};

static const FornixPort outputs[] = {
    {"scores", FORNIX_SCORES, 0, "figures by class and of all; none by sample"}, {0}};

static const FornixSamples samples = {
    .flags = FORNIX_NEEDS_RUN, .columns = generation_columns, .rows = generation_rows};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "evaluate_generation",
    .doc =
        "Judges generated features or images beside real ones, by class and in all: Fréchet "
        "distance, KID, precision, recall, density, coverage; how well a logistic regression tells "
        "them from real ones (cross-validated over subjects: .5 is best); whether one that was "
        "trained on them classifies unseen real samples, beside one that was trained on real ones; "
        "the power by spatial frequency; and whether they lie nearer to what was trained on than "
        "unseen real samples do, as copies would. Warns where there are too few samples for a "
        "Fréchet distance, and of copies. Held-out subjects that anything was fitted on are "
        "refused.",
    .formula =
        "KID = unbiased squared MMD, k(x, y) = (x.y / d + 1)^3 (Binkowski et al. 2018); precision, "
        "recall: Kynkäänniemi et al. 2019; density, coverage: Naeem et al. 2020; Fréchet: Dowson "
        "and Landau 1982; spectrum = root mean square over radii of log10 of the ratio of mean "
        "powers (Durall et al. 2020); closer = P(d(synthetic, train) < d(unseen, train))",
    .attrs_size = sizeof(EvaluateGeneration),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<evaluate_generation id=\"made\" real=\"features\" synthetic=\"confirmed\" "
               "part=\"train\" held_out=\"test\"/>"};
