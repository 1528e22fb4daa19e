#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes generation-values.h: what scikit-learn, numpy and plain loops make of real and made-up points.

Run by hand where these are installed.
"""
import os

import numpy as np
from sklearn import metrics
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import polynomial_kernel
from sklearn.neighbors import NearestNeighbors

rng = np.random.default_rng(20251127)
out = ["/* SPDX-License-Identifier: GPL-3.0-or-later */",
       "/* Made by generation.py from scikit-learn and numpy. */"]


def array(kind, name, values):
    text = ", ".join(repr(v.item()) if isinstance(v, np.generic) else repr(v) for v in np.ravel(values))
    out.append(f"static const {kind} {name}[] = {{{text}}};")


real, made = rng.normal(size=(30, 4)), rng.normal(size=(25, 4)) * .8 + [.5, 0, 0, 0]
unseen = rng.normal(size=(12, 4))
for name, points in (("real", real), ("made", made), ("unseen", unseen)):
    array("double", f"points_{name}", points)


# ---- KID ----

def kid(x, y, of_x, of_y):
    """of_x: which original each point is; copies of one original make no pair."""
    def within(a, of):
        pairs = of[:, None] != of[None]
        return polynomial_kernel(a, degree=3, gamma=1 / a.shape[1], coef0=1)[pairs].mean()
    return within(x, of_x) + within(y, of_y) - 2 * polynomial_kernel(x, y, degree=3, gamma=1 / x.shape[1], coef0=1).mean()


times = rng.integers(0, 4, 55)
of_x, of_y = np.repeat(np.arange(30), times[:30]), np.repeat(np.arange(25), times[30:])
array("double", "kid_times", times.astype(float))
array("double", "kid_wanted", [kid(real, made, np.arange(30), np.arange(25)), kid(real[of_x], made[of_y], of_x, of_y)])


# ---- Manifolds ----

def balls(points, k):
    return NearestNeighbors(n_neighbors=k + 1).fit(points).kneighbors(points)[0][:, k]


def manifold(k):
    apart = metrics.pairwise_distances(real, made)
    of_real, of_made = balls(real, k)[:, None], balls(made, k)[None]
    return [(apart <= of_real).any(0).mean(), (apart <= of_made).any(1).mean(), (apart <= of_real).sum() / (k * len(made)),
            (apart.min(1) <= of_real[:, 0]).mean()]


array("double", "manifold_wanted", [manifold(k) for k in (1, 3, 5)])

# ---- Memorisation ----

nearest = [NearestNeighbors(n_neighbors=1).fit(real).kneighbors(p)[0][:, 0] for p in (made, unseen)]
array("double", "nearest_wanted", np.concatenate(nearest))
array("double", "closer_wanted", [metrics.roc_auc_score([0] * 25 + [1] * 12, np.concatenate(nearest))])

# ---- Logistic regression ----

truth = (real @ [1, -1, .5, 0] + rng.normal(size=30) > 0).astype(int)
array("int32_t", "logistic_truth", truth)
wanted = []
for decay in (1., .05, 30.):
    fit = LogisticRegression(C=1 / decay, tol=1e-8, max_iter=1000, solver="newton-cg").fit(real, truth)
    wanted += list(fit.coef_[0]) + [fit.intercept_[0]]
array("double", "logistic_wanted", wanted)
three = rng.integers(0, 3, 30)
array("int32_t", "logistic_three", three)
fit = LogisticRegression(C=1, tol=1e-8, max_iter=1000, solver="newton-cg", multi_class="ovr").fit(real, three)
array("double", "logistic_scores", fit.predict_proba(unseen))

# ---- Spectra ----


def power(samples):
    """[n][D][H][W][C]: mean over samples, channels and modes of a radius."""
    size = samples.shape[1:4]
    modes = np.abs(np.fft.fftn(samples, axes=(1, 2, 3))) ** 2 / np.prod(size)
    radius = np.sqrt(sum(f ** 2 for f in np.meshgrid(*[np.fft.fftfreq(n) for n in size], indexing="ij")))
    bins = np.floor(radius * max(size) + .5)
    return [modes[:, (bins == b) & (radius <= .5 + 1e-9)].mean() for b in range(1, max(size) // 2 + 1)]


for k, shape in enumerate([(2, 1, 8, 6, 2), (3, 4, 6, 5, 1), (2, 1, 1, 9, 3), (1, 7, 1, 1, 2)]):
    samples = np.float32(rng.normal(size=shape)).astype(float)
    array("float", f"spectrum_{k}", samples)
    array("double", f"spectrum_{k}_power", power(samples))
a, b = rng.random(6), rng.random(6)
array("double", "spectra_a", a)
array("double", "spectra_b", b)
array("double", "spectra_distance", [np.sqrt(np.mean(np.log10(a / b) ** 2))])

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "generation-values.h"), "w") as file:
    file.write("\n".join(out) + "\n")
