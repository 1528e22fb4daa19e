/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The anatomy of a phantom: bodies given by their depth below a surface, in mm.
 *
 * A depth field can be bent by adding a random field to it, cut with another by taking the smaller,
 * and turned into the share of a voxel that a body fills, which gives partial volume and edges
 * that do not alias. All numbers of a subject come in a fixed order from one key.
 */
#include "phantom_parts.h"

#include <math.h>

typedef struct {
    FornixRandomKey key;
    uint64_t next;
} Draws;

static double draw(Draws *draws, double low, double high)
{
    return low + (high - low) * fornix_random_real(draws->key, draws->next++);
}

static const Point head_axes = {{80, 90, 72}};

static double point_length(Point p)
{
    return sqrt(p.at[0] * p.at[0] + p.at[1] * p.at[1] + p.at[2] * p.at[2]);
}

/* Rotations about the axes d, h, w, one after the other. */
static void draw_pose(Draws *draws, Anatomy *a)
{
    const double most = .14;
    double c[3], s[3];
    for (int i = 0; i < 3; i++) {
        double angle = draw(draws, -most, most);
        c[i] = cos(angle);
        s[i] = sin(angle);
        a->shift[i] = draw(draws, -5, 5);
        a->scale[i] = draw(draws, .92, 1.08);
    }
    const double turn[3][3] = {
        {c[1] * c[2], -c[1] * s[2], s[1]},
        {s[0] * s[1] * c[2] + c[0] * s[2], c[0] * c[2] - s[0] * s[1] * s[2], -s[0] * c[1]},
        {s[0] * s[2] - c[0] * s[1] * c[2], c[0] * s[1] * s[2] + s[0] * c[2], c[0] * c[1]}};
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            a->turn[i][j] = turn[i][j];
}

/* A place in the white matter's reach, off the midline; the last try stands if none is. */
static Point draw_place(Draws *draws, double reach, double off_midline)
{
    Point p;
    for (int tries = 0; tries < 16; tries++) {
        Point unit;
        for (int i = 0; i < 3; i++) {
            unit.at[i] = draw(draws, -1, 1);
            p.at[i] = unit.at[i] * reach * head_axes.at[i];
        }
        if (point_length(unit) < 1 && fabs(p.at[2]) > off_midline && p.at[0] > -35)
            break;
    }
    return p;
}

static Tumour draw_tumour(Draws *draws, double severity)
{
    /* Nearly uniform over a mixed cohort, so that every step of severity shows as much. */
    double q = .5 * erfc(-severity / 1.7);
    Tumour t;
    t.centre = draw_place(draws, .55, 14);
    for (int i = 0; i < 3; i++)
        t.aspect[i] = draw(draws, .85, 1.18);
    t.radius = draw(draws, 14, 22);
    t.oedema = draw(draws, 3, 6) + 12 * q;
    t.necrosis = t.radius * (draw(draws, .1, .25) + .45 * q);
    t.rough = .08 + .3 * q;
    t.rim = draw(draws, .8, 1.2) * (.1 + .75 * q);
    t.texture = .03 + .2 * q;
    return t;
}

Anatomy anatomy_draw(FornixRandomKey subject, double severity)
{
    Draws draws = {subject, 0};
    Anatomy a;
    draw_pose(&draws, &a);
    a.ventricles = draw(&draws, .75, 1.4);
    a.tumour = draw_tumour(&draws, severity);
    a.lesions = (int)draw(&draws, 0, LESIONS_MOST + 1);
    for (int i = 0; i < a.lesions; i++) {
        a.lesion[i] = draw_place(&draws, .6, 8);
        a.lesion_radius[i] = draw(&draws, 3, 8);
    }
    a.slice = a.shift[0];
    for (int i = 0; i < 3; i++)
        a.slice += a.turn[i][0] * a.tumour.centre.at[i] * a.scale[i];
    return a;
}

static Point head_point(const Anatomy *a, Point place)
{
    Point q;
    for (int i = 0; i < 3; i++) {
        q.at[i] = 0;
        for (int j = 0; j < 3; j++)
            q.at[i] += a->turn[i][j] * (place.at[j] - a->shift[j]);
        q.at[i] /= a->scale[i];
    }
    return q;
}

/* About how deep a place is below the surface of an ellipsoid; negative outside. */
static double depth_ellipsoid(Point p, Point centre, Point axes)
{
    Point unit;
    for (int i = 0; i < 3; i++)
        unit.at[i] = (p.at[i] - centre.at[i]) / axes.at[i];
    return (1 - point_length(unit)) * (axes.at[0] + axes.at[1] + axes.at[2]) / 3;
}

static float filled(double depth, double edge)
{
    return (float)fmin(fmax(.5 + depth / edge, 0), 1);
}

static void cover_tumour(const Anatomy *a, Point p, Bumps bumps, double edge, Cover *cover)
{
    const Tumour *t = &a->tumour;
    Point from;
    for (int i = 0; i < 3; i++)
        from.at[i] = (p.at[i] - t->centre.at[i]) / t->aspect[i];
    double distance = point_length(from);
    double core = t->radius * (1 + t->rough * (double)bumps.border) - distance;
    double inner = t->necrosis * (1 + t->rough * (double)bumps.folds) - distance;
    double oedema = core + t->oedema * (1 + .4 * (double)bumps.shape);

    /* Oedema follows the white matter; the tumour stops at the brain's surface. */
    float brain = cover->weight[LAYER_GREY], white = cover->weight[LAYER_WHITE];
    cover->weight[LAYER_OEDEMA] = filled(oedema, edge) * brain * (.4F + .6F * white);
    cover->weight[LAYER_SOLID] = filled(core, edge) * brain;
    cover->weight[LAYER_RIM] =
        cover->weight[LAYER_SOLID] * (1 - filled(core - fmax(5, edge), edge));
    cover->weight[LAYER_NECROSIS] = filled(fmin(inner, core - 3), edge) * brain;
}

Cover anatomy_cover(const Anatomy *a, Point place, Bumps bumps, double edge)
{
    const Point origin = {{0, 0, 0}}, nuclei = {{-2, 5, 18}}, ventricle = {{10, 0, 9}};
    const Point nuclei_axes = {{10, 17, 11}};
    const double v = a->ventricles;
    Cover cover;
    Point q = head_point(a, place);
    Point half = {{q.at[0], q.at[1], fabs(q.at[2])}};

    double folds = (double)bumps.folds;
    double head = depth_ellipsoid(q, origin, head_axes) + 3 * (double)bumps.shape;
    double fissure = half.at[2] - 1.5 + fmax(0, head - 38);
    double lesions = -INFINITY;
    for (int i = 0; i < a->lesions; i++) {
        double r = a->lesion_radius[i];
        lesions = fmax(lesions, depth_ellipsoid(q, a->lesion[i], (Point){{r, r, r}}) + folds);
    }
    cover.weight[LAYER_SCALP] = filled(head, edge);
    cover.weight[LAYER_SKULL] = filled(head - 6, edge);
    cover.weight[LAYER_CSF] = filled(head - 12, edge);
    cover.weight[LAYER_GREY] = filled(fmin(head - 15 + 3 * folds, fissure), edge);
    cover.weight[LAYER_WHITE] = filled(fmin(head - 24 + 5 * folds, fissure - 5), edge);
    cover.weight[LAYER_NUCLEI] = filled(depth_ellipsoid(half, nuclei, nuclei_axes), edge);
    cover.weight[LAYER_VENTRICLES] =
        filled(depth_ellipsoid(half, ventricle, (Point){{8 * v, 27 * v, 6 * v}}) + folds, edge);
    cover.weight[LAYER_LESIONS] = filled(lesions, edge) * cover.weight[LAYER_WHITE];
    cover_tumour(a, q, bumps, edge, &cover);
    return cover;
}
