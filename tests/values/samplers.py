#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes samplers-values.h: whom imbalanced-learn's samplers take for what, and which made-up rows numpy keeps.

Run by hand where these are installed. Draws at random differ, so what is compared is what is determined: from which
rows borderline-SMOTE makes samples, how many ADASYN makes from each, which rows Tomek links and edited neighbours
leave out, which made-up rows lie dense, and which are copies. Rows of which a tie would decide are drawn anew.
"""
import os
import warnings

import numpy as np
from imblearn.over_sampling import ADASYN, SMOTE, BorderlineSMOTE
from imblearn.under_sampling import EditedNearestNeighbours, TomekLinks
from sklearn.neighbors import NearestNeighbors

warnings.filterwarnings("ignore", "After over-sampling")
SIZES, WIDTH, K, BORDER = (9, 30, 16), 4, 5, 10
rng = np.random.default_rng(20251126)
out = ["/* SPDX-License-Identifier: GPL-3.0-or-later */",
       "/* Made by samplers.py from imbalanced-learn, scikit-learn and numpy. */"]


def array(kind, name, values):
    text = ", ".join(repr(v.item()) for v in np.ravel(values))
    out.append(f"static const {kind} {name}[] = {{{text}}};")


class AtItself(np.random.RandomState):
    """Draws that put a made-up row onto the row that it is made from."""

    def uniform(self, low=0.0, high=1.0, size=None):
        return np.zeros(size)


def made_from(sampler, x, y, label):
    """How often each row of x is what a row of this label is made from."""
    made, labels = sampler.fit_resample(x, y)
    assert (made[:len(x)] == x).all()
    times = np.zeros(len(x), int)
    for row in made[len(x):][labels[len(x):] == label]:
        same = np.flatnonzero((x == row).all(1))
        assert len(same) == 1
        times[same] += 1
    return times


def removed(sampler, x, y):
    sampler.fit_resample(x, y)
    gone = np.ones(len(x), int)
    gone[sampler.sample_indices_] = 0
    assert (np.bincount(y[gone == 0]) > 0).all()
    return gone


def settled(far):
    """Distances, rising by row, of which no two lie so close that single precision could swap them."""
    return (np.diff(far) > 1e-4 * far[:, 1:]).all()


def nearest(of, among, k):
    return NearestNeighbors(n_neighbors=k).fit(among).kneighbors(of)[0]


y = np.repeat(range(3), SIZES)
rng.shuffle(y)
while True:
    x = np.round(rng.normal(size=(len(y), WIDTH)) * 256 + np.array([260, 0, -250])[y][:, None]) / 256
    x[np.flatnonzero(y == 0)[0]] = np.round(x[y == 1].mean(0) * 256) / 256  # noise: among others alone
    around = NearestNeighbors(n_neighbors=BORDER + 1).fit(x).kneighbors(x)[1][:, 1:]
    alone, foreign = (y[around] != y[:, None]).all(1), (y[around[:, :K]] != y[:, None]).sum(1)
    exact = [foreign[y == c] * (max(SIZES) - SIZES[c]) / foreign[y == c].sum() for c in (0, 2)]
    halves = any((abs(e % 1 - .5) < 1e-6).any() for e in exact)  # which way they go is a matter of rounding
    if alone[y == 0].any() and not halves and settled(nearest(x, x, BORDER + 3)) and all(
            settled(nearest(x[y == c], x[y == c], K + 2)) for c in range(3)):
        break
array("int32_t", "sampler_label", y)
array("float", "sampler_x", x)

near = np.zeros((len(y), K), int)
for c in range(3):
    rows = np.flatnonzero(y == c)
    index = NearestNeighbors(n_neighbors=K + 1).fit(x[rows]).kneighbors(x[rows])[1]
    near[rows] = rows[index[:, 1:]]
array("int32_t", "sampler_neighbours", near)

for c in (0, 2):
    many = {c: SIZES[c] + 4000}
    danger = made_from(BorderlineSMOTE(k_neighbors=K, m_neighbors=BORDER, sampling_strategy=many,
                                       random_state=AtItself(1)), x, y, c) > 0
    array("int32_t", f"borderline_{c}", danger.astype(int))
    print("borderline", c, danger.sum(), "of", SIZES[c])
    wanted = {c: max(SIZES)}
    times = made_from(ADASYN(n_neighbors=K, sampling_strategy=wanted, random_state=AtItself(1)), x, y, c)
    array("int32_t", f"adasyn_{c}", times)
    print("adasyn", c, times.sum(), "for", max(SIZES) - SIZES[c])

for name, remove in (("larger", "auto"), ("all", "all")):
    array("int32_t", f"tomek_{name}", removed(TomekLinks(sampling_strategy=remove), x, y))
    for agree, kind in (("all", "all"), ("most", "mode")):
        gone = removed(EditedNearestNeighbours(n_neighbors=3, kind_sel=kind, sampling_strategy=remove), x, y)
        array("int32_t", f"edited_{name}_{agree}", gone)
        print("edited", name, agree, gone.sum())

# SMOTE-Tomek and SMOTE-ENN: what is left of rows that SMOTE has balanced.
seed = 0
while True:
    seed += 1
    mixed, labels = SMOTE(k_neighbors=K, random_state=seed).fit_resample(x, y)
    mixed = mixed.astype(np.float32)
    if settled(nearest(mixed.astype(float), mixed.astype(float), 6)):
        break
array("int32_t", "mixed_label", labels)
array("float", "mixed_x", mixed)
array("int32_t", "mixed_tomek", removed(TomekLinks(sampling_strategy="all"), mixed.astype(float), labels))
array("int32_t", "mixed_edited", removed(EditedNearestNeighbours(n_neighbors=3, sampling_strategy="all"),
                                         mixed.astype(float), labels))

# Made-up rows: some where real ones are, some far away, some copies.
made_y = np.arange(60) % 3
made_x = np.empty((60, WIDTH))
for i, c in enumerate(made_y):
    row = x[y == c][rng.integers(SIZES[c])]
    made_x[i] = row + rng.normal(size=WIDTH) * (.02 if i % 5 == 0 else 1.2)
made_x = np.round(made_x * 1024) / 1024
array("int32_t", "made_label_of", made_y)
array("float", "made_x", made_x)
for k, share in ((3, .8), (5, .95)):
    dense = np.zeros(60, int)
    for c in range(3):
        real = x[y == c]
        reach = np.quantile(nearest(real, real, k + 1)[:, -1], share)
        far = nearest(made_x[made_y == c], real, k)[:, -1]
        assert (abs(far / reach - 1) > 1e-4).all()
        dense[made_y == c] = far <= reach
    array("int32_t", f"dense_{k}", dense)
    print("dense", k, dense.sum(), "of 60")
spacing, far = np.median(nearest(x, x, 2)[:, -1]), nearest(made_x, x, 1)[:, 0]
for name, share in (("half", .5), ("whole", 1.)):
    assert (abs(far / (share * spacing) - 1) > 1e-4).all()
    array("int32_t", f"new_{name}", (far >= share * spacing).astype(int))
    print("new", name, (far >= share * spacing).sum(), "of 60")

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "samplers-values.h"), "w") as file:
    file.write("\n".join(out) + "\n")
