#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes statistics-values.h: what scikit-learn, scipy and numpy make of small cases.

Run by hand where these are installed; the tests compare to a relative error of 1e-12.
"""
import os
import numpy as np
from scipy import linalg, stats
from sklearn import metrics

rng = np.random.default_rng(20220914)
out = ["/* SPDX-License-Identifier: GPL-3.0-or-later */",
       "/* Made by statistics.py from scikit-learn, scipy and numpy. */"]


def array(kind, name, values):
    text = ", ".join(repr(v.item()) if isinstance(v, np.generic) else repr(v) for v in np.ravel(values))
    out.append(f"static const {kind} {name}[] = {{{text}}};")


def overall(truth, predicted, score, times):
    classes = score.shape[1]
    labels = list(range(classes))
    recall = metrics.recall_score(truth, predicted, average=None, sample_weight=times, labels=labels)
    f1 = metrics.f1_score(truth, predicted, average=None, sample_weight=times, labels=labels)
    precision = metrics.precision_score(truth, predicted, average=None, sample_weight=times, labels=labels)
    area = [metrics.roc_auc_score(truth == c, score[:, c], sample_weight=times) for c in labels]
    specificity = [metrics.recall_score(truth != c, predicted != c, sample_weight=times) for c in labels]
    weight = np.ones(len(truth)) if times is None else times
    brier = sum(metrics.brier_score_loss(truth == c, score[:, c], sample_weight=weight) for c in labels) / 2
    row = [metrics.accuracy_score(truth, predicted, sample_weight=times),
           metrics.balanced_accuracy_score(truth, predicted, sample_weight=times),
           np.mean(f1), np.mean(area), brier]
    average = [metrics.average_precision_score(truth == c, score[:, c], sample_weight=times) for c in labels]
    row += [np.prod(recall) ** (1 / classes), metrics.matthews_corrcoef(truth, predicted, sample_weight=times),
            metrics.cohen_kappa_score(truth, predicted, sample_weight=times), np.mean(average),
            calibration(truth, score, weight)]
    for c in labels:
        row += [recall[c], specificity[c], precision[c], f1[c], area[c], average[c]]
    return row


def calibration(truth, score, weight):
    """Bin by bin; the bins are open below."""
    confidence, right = score.max(1), score.argmax(1) == truth
    bins, error = np.digitize(confidence, np.linspace(0, 1, 11), right=True), 0
    for b in set(bins):
        w = weight * (bins == b)
        if w.sum():
            error += w.sum() / weight.sum() * abs(np.average(right, weights=w) - np.average(confidence, weights=w))
    return error


def classification(name, samples, classes, decimals):
    truth = rng.integers(0, classes, samples)
    logits = rng.normal(size=(samples, classes)) + 0.8 * np.eye(classes)[truth]
    score = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    score = np.round(score, decimals)
    if classes == 2:
        score[:, 0] = 1 - score[:, 1]
    predicted = score.argmax(1)
    times = rng.integers(0, 4, samples)
    array("int32_t", f"{name}_truth", truth)
    array("int32_t", f"{name}_predicted", predicted)
    array("double", f"{name}_score", score)
    array("double", f"{name}_times", times.astype(float))
    array("double", f"{name}_figures", overall(truth, predicted, score, None))
    array("double", f"{name}_weighted", overall(truth, predicted, score, times.astype(float)))


def delong(a, b, truth):
    """From the definition: all pairs of a positive and a negative."""
    kernel = [(np.sign(s[truth == 1][:, None] - s[truth == 0][None]) + 1) / 2 for s in (a, b)]
    area = [k.mean() for k in kernel]
    apart = kernel[0] - kernel[1]
    variance = apart.mean(1).var(ddof=1) / len(apart) + apart.mean(0).var(ddof=1) / apart.shape[1]
    return [*area, area[0] - area[1], np.sqrt(variance), 2 * stats.norm.sf(abs(area[0] - area[1]) / np.sqrt(variance))]


def frechet(x, y):
    a, b = np.cov(x.T), np.cov(y.T)
    return ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(a + b - 2 * linalg.sqrtm(a @ b).real)


classification("two", 40, 2, 1)
classification("three", 60, 3, 2)

truth = np.array([0, 1] * 15)
a, b = np.round(rng.normal(size=30) + truth, 1), np.round(rng.normal(size=30) + 0.5 * truth, 1)
array("int32_t", "delong_truth", truth)
array("double", "delong_a", a)
array("double", "delong_b", b)
array("double", "delong_test", delong(a, b, truth))

pairs = [(0, 0), (1, 0), (3, 9), (40, 61), (5, 5)]
array("int64_t", "mcnemar_pairs", np.array(pairs))
array("double", "mcnemar_p", [stats.binomtest(min(p), sum(p)).pvalue if sum(p) else 1.0 for p in pairs])

tails = [(0., 1.), (.3, 1.), (-2.1, 2.), (4., 3.5), (1.7, 9.), (-12., 4.), (.001, 30.), (2.2, 400.), (40., 7.)]
array("double", "student_tails", tails)
array("double", "student_p", [2 * stats.t.sf(abs(t), n) for t, n in tails])

runs = [rng.normal(size=10) * .05 + .03, rng.normal(size=2), rng.normal(size=25) - .3]
shares = [1 / 9, 1., .25]
for k, d in enumerate(runs):
    t = d.mean() / np.sqrt((1 / len(d) + shares[k]) * d.var(ddof=1))
    array("double", f"resampled_{k}", d)
    array("double", f"resampled_test_{k}", [shares[k], d.mean(), t, 2 * stats.t.sf(abs(t), len(d) - 1)])
plain = stats.ttest_1samp(runs[0], 0)
array("double", "resampled_plain", [plain.statistic, plain.pvalue])  # what a share of 0 has to give

values = rng.normal(size=17)
shares = [0, 0.025, 0.25, 0.5, 0.9, 1]
array("double", "sample", values)
array("double", "sample_shares", [float(s) for s in shares])
array("double", "sample_quantiles", np.quantile(values, shares))
array("double", "sample_mean_deviation", [values.mean(), values.std(ddof=1)])

x = rng.normal(size=(25, 4)) @ rng.normal(size=(4, 4))
y = rng.normal(size=(30, 4)) @ rng.normal(size=(4, 4)) + 0.5
array("double", "cloud_x", x)
array("double", "cloud_y", y)
array("double", "cloud_frechet", [frechet(x, y)])

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "statistics-values.h"), "w") as file:
    file.write("\n".join(out) + "\n")
