#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes surfaces-values.h: what scipy makes of distance transforms and of the surfaces of masks.

Run by hand where scipy is installed. Arrays are numpy's [D][H][W], which is W fastest; sizes and spacings are written
along W, H, D, as the engine has them.
"""
import os

import numpy as np
from scipy import ndimage

rng = np.random.default_rng(20251126)
out = ["/* SPDX-License-Identifier: GPL-3.0-or-later */",
       "/* Made by surfaces.py from scipy and numpy. */",
       """
/* squares: of the distance of each voxel to the set. */
typedef struct {
    int64_t size[3];
    double spacing[3];
    const uint8_t *in;
    const double *squares;
} EdtCase;

/* One or two images of a subject; wanted: HD95, NSD. */
typedef struct {
    const char *name;
    int images;
    int64_t size[3];
    double spacing[3], tolerance;
    const float *predicted, *truth;
    double wanted[2];
} SurfaceCase;
"""]


def number(value):
    value = value.item() if isinstance(value, np.generic) else value
    return "NAN" if value != value else repr(value)


def array(kind, name, values):
    out.append(f"static const {kind} {name}[] = {{{', '.join(number(v) for v in np.ravel(values))}}};")


def along_whd(values):
    return "{%s}" % ", ".join(number(v) for v in values[::-1])


edt = []


def transform(inside, spacing):
    squares = ndimage.distance_transform_edt(~inside, sampling=spacing) ** 2
    name = f"edt_{len(edt)}"
    array("uint8_t", f"{name}_in", inside.astype(int))
    array("double", f"{name}_squares", squares)
    edt.append(f"{{{along_whd(inside.shape)}, {along_whd([float(s) for s in spacing])}, {name}_in, {name}_squares}}")


transform(rng.random((4, 5, 7)) < .08, (3, 1.3, .7))
transform(rng.random((6, 6, 6)) < .02, (1, 1, 1))
transform(rng.random((1, 9, 8)) < .1, (1, .5, 2))
transform(rng.random((1, 1, 13)) < .2, (1, 1, .25))
transform(rng.random((9, 1, 4)) < .1, (5, 1, .9))
one = np.zeros((3, 4, 5), bool)
one[2, 0, 4] = True
transform(one, (2.5, .8, 1.1))
transform(np.ones((2, 3, 2), bool), (1, 2, 3))
out.append("static const EdtCase edt_cases[] = {%s};" % ", ".join(edt))

surfaces = []


def border(mask):
    """Voxels with a face neighbour outside; axes with one voxel do not count."""
    flat = mask.squeeze()
    inner = ndimage.binary_erosion(flat, ndimage.generate_binary_structure(flat.ndim, 1))
    return (flat & ~inner).reshape(mask.shape)


def distances(of, to, spacing):
    diagonal = np.sqrt(sum(((n - 1) * s) ** 2 for n, s in zip(of.shape, spacing)))
    if not to.any():
        return np.full(border(of).sum(), diagonal)
    return ndimage.distance_transform_edt(~border(to), sampling=spacing)[border(of)]


def surface(name, predicted, truth, spacing, tolerance):
    """Of class 1, of one image or of several together."""
    apart = [[], []]
    for p, t in zip(predicted, truth):
        p, t = (p == 1) & (t >= 0), t == 1
        if p.any():
            apart[0].append(distances(p, t, spacing))
        if t.any():
            apart[1].append(distances(t, p, spacing))
    apart = [np.concatenate(a) if a else np.zeros(0) for a in apart]
    percentiles = [np.percentile(a, 95) for a in apart if len(a)]
    every = np.concatenate(apart)
    wanted = [max(percentiles) if percentiles else np.nan, (every <= tolerance + 1e-9).mean() if len(every) else np.nan]
    array("float", f"surface_{name}_predicted", np.asarray(predicted, float))
    array("float", f"surface_{name}_truth", np.asarray(truth, float))
    surfaces.append(f'{{"{name}", {len(predicted)}, {along_whd(predicted[0].shape)}, '
                    f"{along_whd([float(s) for s in spacing])}, {tolerance}, surface_{name}_predicted, "
                    f"surface_{name}_truth, {{{number(wanted[0])}, {number(wanted[1])}}}}}")


def ball(shape, centre, radius):
    grid = np.indices(shape)
    return (sum((g - c) ** 2 for g, c in zip(grid, centre)) <= radius ** 2).astype(int)


surface("balls", [ball((9, 10, 11), (4, 4, 5), 3.2)], [ball((9, 10, 11), (4, 5, 6), 2.9)], (2, 1, 1), 1.)
surface("far_spacing", [ball((5, 12, 12), (2, 4, 5), 3)], [ball((5, 12, 12), (2, 6, 6), 4)], (5, .7, .9), 1.5)
island = ball((8, 9, 9), (3, 3, 3), 2)
island[7, 8, 8] = 1
surface("island", [island], [ball((8, 9, 9), (3, 3, 3), 2)], (1, 1, 1), 1.)
surface("flat", [ball((1, 12, 13), (0, 5, 5), 4)], [ball((1, 12, 13), (0, 6, 7), 4)], (1, .5, 2), .75)
surface("same", [ball((5, 5, 5), (2, 2, 2), 2)], [ball((5, 5, 5), (2, 2, 2), 2)], (1, 2, 3), 0.)
surface("edge", [np.ones((3, 4, 5), int)], [np.pad(np.ones((3, 4, 4), int), ((0, 0), (0, 0), (1, 0)))], (1, 1, 1), .5)
surface("noise", [rng.integers(0, 3, (4, 6, 5))], [rng.integers(-1, 3, (4, 6, 5))], (1.5, 1, .6), .8)
surface("missed", [np.zeros((3, 4, 4), int)], [ball((3, 4, 4), (1, 1, 1), 1)], (3, 1, 2), 1.)
surface("made_up", [ball((3, 4, 4), (1, 1, 1), 1)], [np.zeros((3, 4, 4), int)], (3, 1, 2), 1.)
surface("nowhere", [np.zeros((3, 4, 4), int)], [np.zeros((3, 4, 4), int)], (3, 1, 2), 1.)
two = rng.integers(0, 2, (2, 1, 7, 6))
surface("two_images", list(two), [np.where(rng.random(t.shape) < .7, t, 1 - t) for t in two], (1, 1, 1.2), 1.)
surface("one_of_two", [two[0], np.zeros_like(two[1])], [two[0], two[1]], (1, 1, 1.2), 1.)
out.append("static const SurfaceCase surface_cases[] = {%s};" % ", ".join(surfaces))

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "surfaces-values.h"), "w") as file:
    file.write("\n".join(out) + "\n")
