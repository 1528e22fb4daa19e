#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes likeness-values.h: what scipy's distances make of likeness_score's figures.

Run by hand where scipy is installed."""
import os

import numpy as np
from scipy.spatial.distance import cdist

rng = np.random.default_rng(20251126)
SAMPLES, FEATURES, CLASSES = 30, 3, 2
label, asked = (rng.integers(0, CLASSES, SAMPLES) for _ in range(2))
# Sixteenths are exact in single precision.
real = np.round(16 * (rng.normal(size=(SAMPLES, FEATURES)) + 3 * label[:, None])) / 16
made = np.round(16 * (0.6 * rng.normal(size=(SAMPLES, FEATURES)) + 2 * asked[:, None])) / 16


def apart(x, y, within=False):
    d = cdist(x, y)
    if within:
        np.fill_diagonal(d, np.nan)
    return np.nanmean(d), np.nanmean(np.nanmin(d, 1))


def energy(x, y):
    return 2 * apart(x, y)[0] - apart(x, x, True)[0] - apart(y, y, True)[0]


x, y = ([a[l == k] for k in range(CLASSES)] for a, l in ((real, label), (made, asked)))
figures = {"": np.mean([energy(a, b) / apart(a, a, True)[0] for a, b in zip(x, y)])}
for k in range(CLASSES):
    figures[f"diversity.class_{k}"] = apart(y[k], y[k], True)[0] / apart(x[k], x[k], True)[0]
    figures[f"nearest.class_{k}"] = apart(y[k], x[k])[1] / apart(x[k], x[k], True)[1]
for name in ("diversity", "nearest"):
    figures[name] = min(figures[f"{name}.class_{k}"] for k in range(CLASSES))
figures["separation"] = energy(y[0], y[1]) / energy(x[0], x[1])

rows = np.concatenate([label[:, None], real, asked[:, None], made], 1)
text = ["/* SPDX-License-Identifier: GPL-3.0-or-later */",
        "/* Made by likeness.py from scipy and numpy. Rows: label, real, label, generated. */",
        f"enum {{ SAMPLES = {SAMPLES}, WIDTH = {rows.shape[1]} }};",
        "static const float rows[SAMPLES][WIDTH] = {"]
text += ["    {" + ", ".join(f"{v:.9g}" for v in row) + "}," for row in rows]
text += ["};", "static const struct {", "    const char *name;", "    double value;",
         "} figures_wanted[] = {"]
text += [f'    {{"watch.it{"." if name else ""}{name}", {value!r}}},'
         for name, value in ((n, float(v)) for n, v in figures.items())] + ["};"]
folder = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(folder, "likeness-values.h"), "w") as file:
    file.write("\n".join(text) + "\n")
