/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How alike generated and real features are while a generator learns, class by class.
 *
 * A GAN's losses say nothing of what it makes. Here nothing is trained, and what goes wrong with
 * GANs has a figure each that is 1 where all is well: samples of a class that are all the same
 * (diversity), classes that become one (separation), samples that are copies of the real ones they
 * are compared with (nearest). The figure of the node itself is how far the distributions lie
 * apart, whatever the reason:
 *
 *   2 E|x - y| - E|x - x'| - E|y - y'|, over E|x - x'|: the energy distance (Szekely & Rizzo 2013)
 *
 * with x real and y generated, of one class, pairs of different samples; the mean over classes.
 * Of many features each is added to or taken from one of a few coordinates, by a draw of its own:
 * distances are kept on average (Charikar, Chen and Farach-Colton 2002).
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "node.h"
#include "pair_ports.h"

typedef struct {
    FornixClasses classes;
    int64_t most, projection;
} LikenessScore;

enum { REAL, GENERATED, SIDES };
enum { X, Y, X_LABEL, Y_LABEL };

static int64_t sample_floats(FornixShape x)
{
    return x.d * x.h * x.w * x.c;
}

static int64_t coordinates_of(const LikenessScore *a, int64_t floats)
{
    return floats < a->projection ? floats : a->projection;
}

static bool infer(FornixInfer *infer, const void *attrs)
{
    const LikenessScore *a = attrs;
    FornixShape x = fornix_input(infer, X);
    if (!pair_check(infer, "real", "generated"))
        return false;
    for (int label = X_LABEL; label <= Y_LABEL; label++) {
        int64_t told = fornix_input_classes(infer, label);
        if (fornix_input(infer, label).n != x.n || (told && told != a->classes.count))
            return fornix_infer_fail(infer, "classes", "labels and classes do not fit");
    }
    fornix_output(infer, 0,
                  (FornixShape){x.n, 1, 1, 1, SIDES * (1 + coordinates_of(a, sample_floats(x)))});
    fornix_pass(infer, FORNIX_FORWARD, x.n, FORNIX_ALWAYS);
    fornix_flops(infer, FORNIX_FORWARD, 2.0 * (double)fornix_floats(x));
    return true;
}

/* Of each feature the coordinate that it goes to, twice, and one more where it is taken away. */
static void *open(const FornixInfer *infer, const void *attrs, FornixError *error)
{
    (void)error;
    int64_t floats = sample_floats(fornix_input(infer, X));
    int64_t coordinates = coordinates_of(attrs, floats);
    FornixRandomKey key = fornix_random_key(0, "likeness_score");
    int32_t *draws = mem_new((size_t)floats, sizeof *draws);
    for (int64_t i = 0; i < floats; i++)
        draws[i] = coordinates == floats
                       ? (int32_t)(2 * i)
                       : (int32_t)fornix_random_below(key, (uint64_t)i, 2 * coordinates);
    return draws;
}

/* The label, then the coordinates. */
static void put_side(const FornixStep *step, int side, int64_t n, float *to)
{
    const FornixView *x = &step->in[side];
    const int32_t *draws = step->opened;
    int64_t coordinates = step->out[0].shape.c / SIDES - 1;
    *to++ = step->in[X_LABEL + side].data[n];
    memset(to, 0, (size_t)coordinates * sizeof *to);
    for (int64_t i = 0; i < x->pitch_n; i++) {
        float value = x->data[n * x->pitch_n + i];
        to[draws[i] / 2] += draws[i] % 2 ? -value : value;
    }
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    (void)attrs, (void)pass;
    int64_t width = step->out[0].shape.c;
    for (int64_t n = begin; n < end; n++)
        for (int side = 0; side < SIDES; side++)
            put_side(step, side, n, step->out[0].data + n * width + side * width / SIDES);
}

/* ---- Figures ---- */

typedef struct {
    const float **at;
    int64_t count;
} Points;

static Points points_of(const FornixResults *results, int side, int64_t class, int64_t most)
{
    int64_t rows = fornix_results_rows(results), width = fornix_results_width(results) / SIDES;
    Points points = {.at = mem_new((size_t)rows + 1, sizeof *points.at)};
    for (int64_t row = 0; row < rows && points.count < most; row++) {
        const float *point = fornix_results_row(results, row) + side * width;
        if (*point == (float)class)
            points.at[points.count++] = point + 1;
    }
    return points;
}

static double distance(const float *a, const float *b, int64_t channels)
{
    double squares = 0;
    for (int64_t c = 0; c < channels; c++)
        squares += ((double)a[c] - (double)b[c]) * ((double)a[c] - (double)b[c]);
    return sqrt(squares);
}

/* The mean distance of pairs, and of each point of a to the nearest of b; never of a point to
 * itself. */
typedef struct {
    double mean, nearest;
} Spread;

static Spread spread_of(const Points *a, const Points *b, int64_t channels)
{
    double sum = 0, nearest = 0;
    int64_t others = b->count - (a == b);
    for (int64_t i = 0; i < a->count; i++) {
        double least = INFINITY;
        for (int64_t j = 0; j < b->count; j++) {
            if (a == b && i == j)
                continue;
            double d = distance(a->at[i], b->at[j], channels);
            sum += d;
            least = d < least ? d : least;
        }
        nearest += least;
    }
    if (a->count < 1 || others < 1)
        return (Spread){NAN, NAN};
    return (Spread){sum / (double)(a->count * others), nearest / (double)a->count};
}

typedef struct {
    const LikenessScore *attrs;
    FornixResults *results;
    int64_t channels, classes;
    Points *points; /* [classes][SIDES] */
} Clouds;

static double least_of(double a, double b) /* of those that are numbers */
{
    return isnan(a) || b < a ? b : a;
}

/* How far apart the generated classes are, over how far the real ones are: of the worst pair. */
static double separation_of(const Clouds *c)
{
    double worst = NAN;
    for (int64_t k = 0; k < c->classes; k++)
        for (int64_t l = 0; l < k; l++) {
            double apart[SIDES];
            for (int side = 0; side < SIDES; side++) {
                const Points *a = &c->points[k * SIDES + side], *b = &c->points[l * SIDES + side];
                apart[side] = 2 * spread_of(a, b, c->channels).mean -
                              spread_of(a, a, c->channels).mean - spread_of(b, b, c->channels).mean;
            }
            if (apart[REAL] > 0)
                worst = least_of(worst, apart[GENERATED] / apart[REAL]);
        }
    return worst;
}

static void add_named(const Clouds *c, const char *what, int64_t class, double value)
{
    const FornixClasses *classes = &c->attrs->classes;
    char name[200];
    if (classes->names)
        snprintf(name, sizeof name, "%s.%s", what, classes->names[class]);
    else
        snprintf(name, sizeof name, "%s.class_%lld", what, (long long)class);
    fornix_results_add(c->results, name, value);
}

static void judge(const Clouds *c)
{
    double apart = 0, diversity = NAN, nearest = NAN;
    int64_t judged = 0;
    for (int64_t k = 0; k < c->classes; k++) {
        const Points *real = &c->points[k * SIDES + REAL],
                     *made = &c->points[k * SIDES + GENERATED];
        Spread within = spread_of(real, real, c->channels),
               new = spread_of(made, made, c->channels),
               between = spread_of(made, real, c->channels);
        add_named(c, "diversity", k, new.mean / within.mean);
        add_named(c, "nearest", k, between.nearest / within.nearest);
        diversity = least_of(diversity, new.mean / within.mean);
        nearest = least_of(nearest, between.nearest / within.nearest);
        if (isnan(new.mean / within.mean))
            continue;
        apart += (2 * between.mean - within.mean - new.mean) / within.mean;
        judged++;
    }
    fornix_results_add(c->results, "", judged ? apart / (double)judged : NAN);
    fornix_results_add(c->results, "diversity", diversity);
    fornix_results_add(c->results, "nearest", nearest);
    fornix_results_add(c->results, "separation", separation_of(c));
}

static void finish(FornixResults *results, const void *attrs)
{
    const LikenessScore *a = attrs;
    Clouds c = {.attrs = a,
                .results = results,
                .channels = fornix_results_width(results) / SIDES - 1,
                .classes = a->classes.count};
    c.points = mem_new((size_t)(c.classes * SIDES) + 1, sizeof *c.points);
    for (int64_t i = 0; i < c.classes * SIDES; i++)
        c.points[i] = points_of(results, (int)(i % SIDES), i / SIDES, a->most);
    judge(&c);
    for (int64_t i = 0; i < c.classes * SIDES; i++)
        mem_free(c.points[i].at);
    mem_free(c.points);
}

static const FornixAttr attrs[] = {
    FORNIX_CLASSES(LikenessScore, classes, NULL, "their number, or the label column"),
    FORNIX_INT(LikenessScore, projection, "64", 1, 1 << 16,
               "coordinates that more features are projected to at random"),
    FORNIX_INT(LikenessScore, most, "500", 2, 1 << 20,
               "samples of each class and side that are compared: work grows with the square"),
    {0}};
static const FornixPort inputs[] = {
    {"real", FORNIX_VALUES, FORNIX_NO_GRAD, "features of the batch"},
    {"generated", FORNIX_VALUES, FORNIX_NO_GRAD, "features that a generator makes"},
    {"label", FORNIX_LABEL, FORNIX_NO_GRAD, "the class of each real one"},
    {"generated_label", FORNIX_LABEL, FORNIX_NO_GRAD,
     "the class that each generated one was asked for"},
    {0}};
static const FornixPort outputs[] = {
    {"score", FORNIX_METRIC, 0, "labels and coordinates, by sample"}, {0}};
static const FornixLayer layer = {
    .infer = infer, .forward = forward, .open = open, .close = mem_free, .finish = finish};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "likeness_score",
    .doc = "How alike generated and real features are, by class, in a <validate> of a generator. "
           "Its own figure is a distance, low where they are alike: monitor it with goal=\"min\". "
           "Further figures, 1 where all is well: diversity (of a class whose samples become the "
           "same 0), separation (of classes that become one 0) and nearest (of copies of the real "
           "ones 0: with part=\"train\", whether it only remembers), each the worst class's, and "
           "diversity and nearest of each class by its name.",
    .formula = "mean over classes of (2 E|x - y| - E|x - x'| - E|y - y'|) / E|x - x'| (Szekely & "
               "Rizzo 2013); diversity = E|y - y'| / E|x - x'|; nearest = E min |y - x| / E min |x "
               "- x'|; separation = energy distance between two generated classes / between the "
               "real ones",
    .attrs_size = sizeof(LikenessScore),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .layer = &layer,
    .example = "x=6,1,1,1,5 y=6,1,1,1,5 l=label:6,1,1,1,1:2 m=label:6,1,1,1,1:2 | <likeness_score "
               "real=\"x\" generated=\"y\" label=\"l\" generated_label=\"m\" classes=\"2\"/>\n"
               "x=4,1,2,3,3 y=4,1,2,3,3 l=label:4,1,1,1,1:2 | <likeness_score real=\"x\" "
               "generated=\"y\" label=\"l\" generated_label=\"l\" classes=\"l\" most=\"2\" "
               "projection=\"4\"/>"};
