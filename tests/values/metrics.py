#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes metrics-values.h: what scikit-learn, imbalanced-learn, scipy and plain loops make of cases, random and degenerate.

Run by hand where these are installed. Where scikit-learn puts a number in the place of what is not defined (0 for the
sensitivity of a class without samples), the cases hold NAN: that is what fornix promises to say.
"""
import os
import warnings
from collections import Counter

import numpy as np
from imblearn.metrics import geometric_mean_score
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from scipy import linalg, stats
from sklearn import metrics
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_class_weight

warnings.simplefilter("error")
rng = np.random.default_rng(20251125)
out = ["/* SPDX-License-Identifier: GPL-3.0-or-later */",
       "/* Made by metrics.py from scikit-learn, imbalanced-learn, scipy and numpy. */",
       """
/* values: [samples][channels]; figures as classification.h numbers them; confusion by truth. */
typedef struct {
    const char *name;
    int samples, channels, classes, logits, subjects;
    const int32_t *label, *subject;
    const float *values;
    const double *figures, *confusion;
} ClassCase;

/* mask and predicted: [samples][16]; ratios: for each policy (skip, one, zero) the mean Dice and
 * IoU, then of each class Dice, IoU, the median Dice and how many subjects were left out. */
typedef struct {
    const char *name;
    int samples, classes, subjects;
    const int32_t *mask, *predicted, *subject;
    const double *ratios;
} MaskCase;

/* best: for balanced accuracy, accuracy and F1 how high it gets, and the cut. */
typedef struct {
    const char *name;
    int samples;
    const int32_t *label;
    const float *score;
    const double *best;
} CutCase;
"""]


def number(value):
    value = value.item() if isinstance(value, np.generic) else value
    return "NAN" if value != value else repr(value)


def array(kind, name, values):
    text = ", ".join(number(v) for v in np.ravel(values))
    out.append(f"static const {kind} {name}[] = {{{text}}};")


def dyadic(values, steps=64):
    """Numbers that float32 holds exactly."""
    return np.round(np.asarray(values) * steps) / steps


# ---- Classification --------------------------------------------------------------------------

def softmax(logits):
    """Of one logit, those of a sigmoid."""
    if logits.shape[1] == 1:
        logits = np.concatenate([np.zeros_like(logits), logits], 1)
    power = np.exp(logits - logits.max(1, keepdims=True))
    return power / power.sum(1, keepdims=True)


def defined(yes, figure):
    return figure() if yes else np.nan


def class_figures(truth, predicted, score, c):
    is_c, said_c = truth == c, predicted == c
    both = is_c.any() and not is_c.all()
    return [defined(is_c.any(), lambda: metrics.recall_score(is_c, said_c)),
            defined(not is_c.all(), lambda: metrics.recall_score(~is_c, ~said_c)),
            defined(said_c.any(), lambda: metrics.precision_score(is_c, said_c)),
            defined(is_c.any() or said_c.any(), lambda: metrics.f1_score(is_c, said_c)),
            defined(both, lambda: metrics.roc_auc_score(is_c, score[:, c])),
            defined(is_c.any(), lambda: metrics.average_precision_score(is_c, score[:, c]))]


def calibration(truth, score):
    """Bin by bin; the bins are open below."""
    confidence, right = score.max(1), score.argmax(1) == truth
    bins = np.digitize(confidence, np.linspace(0, 1, 11), right=True)
    return sum((bins == b).mean() * abs(right[bins == b].mean() - confidence[bins == b].mean()) for b in set(bins))


def agreement(truth, predicted, classes):
    """G-mean, MCC, kappa."""
    there, said = set(truth), set(predicted)
    recall = [np.mean(predicted[truth == c] == c) for c in there]
    mean = np.prod(recall) ** (1 / classes) if len(there) == classes else np.nan
    if len(there) == classes:
        assert np.isclose(mean, geometric_mean_score(truth, predicted, average="multiclass", correction=0))
    return [mean, defined(len(there) > 1 and len(said) > 1, lambda: metrics.matthews_corrcoef(truth, predicted)),
            defined(len(there | said) > 1, lambda: metrics.cohen_kappa_score(truth, predicted))]


def figures(truth, score):
    """All that evaluate_classification tells, in the order of classification.h, then the confusion matrix."""
    classes = score.shape[1]
    predicted = (score[:, 1] > .5).astype(int) if classes == 2 else score.argmax(1)
    each = np.array([class_figures(truth, predicted, score, c) for c in range(classes)])
    balanced = np.mean(each[:, 0])
    if not np.isnan(balanced):
        assert np.isclose(balanced, metrics.balanced_accuracy_score(truth, predicted))
    if not np.isnan(np.mean(each[:, 4])) and classes > 2:
        area = metrics.roc_auc_score(truth, score, multi_class="ovr", average="macro")
        assert np.isclose(np.mean(each[:, 4]), area)
    brier = np.mean([((score[i] - np.eye(classes)[t]) ** 2).sum() / 2 for i, t in enumerate(truth)])
    row = [metrics.accuracy_score(truth, predicted), balanced, np.mean(each[:, 3]), np.mean(each[:, 4]), brier]
    row += agreement(truth, predicted, classes) + [np.mean(each[:, 5]), calibration(truth, score)]
    table = metrics.confusion_matrix(truth, predicted, labels=range(classes))
    return row + list(each.ravel()), table


classification = []


def case(name, truth, values, logits=False, subjects=None, missing=()):
    """values: a row a sample, as its column holds them; missing: rows whose label is lost."""
    n, channels = len(truth), values.shape[1]
    classes = max(channels, 2)
    values = np.float32(values)
    assert logits or (values == dyadic(values)).all()
    wide = values.astype(float)
    score = softmax(wide) if logits else wide if channels > 1 else np.concatenate([1 - wide, wide], 1)
    kept = np.setdiff1d(np.arange(n), missing)
    row, table = figures(np.asarray(truth)[kept], score[kept])
    subjects = np.arange(n) if subjects is None else np.asarray(subjects)
    label = np.array(truth)
    label[list(missing)] = -1
    array("int32_t", f"{name}_label", label)
    array("int32_t", f"{name}_subject", subjects)
    array("float", f"{name}_values", wide)
    array("double", f"{name}_figures", row)
    array("double", f"{name}_confusion", table.astype(float))
    classification.append(f'{{"{name}", {n}, {channels}, {classes}, {int(logits)}, {len(set(subjects[kept]))}, '
                          f"{name}_label, {name}_subject, {name}_values, {name}_figures, {name}_confusion}}")
    return row


def probabilities(truth, classes, signal=1., steps=64):
    """Random, in steps of 1 / steps: there are ties. Each row sums to 1."""
    logits = rng.normal(size=(len(truth), classes)) + signal * np.eye(classes)[truth]
    shares = np.floor(softmax(logits) * steps)
    for row in shares:
        row[rng.integers(classes)] += steps - row.sum()
    return shares / steps


truth = rng.integers(0, 2, 41)
two = case("pair", truth, probabilities(truth, 2), missing=[3, 17])
truth = rng.integers(0, 2, 60)
ties = case("ties", truth, probabilities(truth, 2, .5, 4))
truth = rng.integers(0, 2, 30)
case("one_channel", truth, probabilities(truth, 2, 2.)[:, 1:])
truth = rng.integers(0, 3, 50)
three = case("triple", truth, probabilities(truth, 3, 1., 16), subjects=np.arange(50) // 4)
truth = rng.integers(0, 5, 200)
case("five", truth, rng.normal(size=(200, 5)) + 1.5 * np.eye(5)[truth], logits=True, missing=range(0, 200, 19))
truth = rng.integers(0, 2, 35)
case("one_logit", truth, dyadic(rng.normal(size=(35, 1)) + truth[:, None], 4), logits=True)
truth = rng.integers(0, 3, 45)
case("tied_logits", truth, rng.normal(size=(6, 3))[(truth + 3 * rng.integers(0, 2, 45) + rng.integers(0, 2, 45)) % 6],
     logits=True)
case("far_logits", np.array([0, 1, 2, 1, 0]), np.array([[80, 0, -90], [-300, 5, 4], [1, 1, 1], [7, 8, 200], [3, -3, 2.]]),
     logits=True)
truth = rng.integers(0, 2, 20)
case("all_equal", truth, np.full((20, 2), .5))
case("all_equal_three", np.array([0, 1, 2, 1, 2, 2]), np.tile([.25, .25, .5], (6, 1)))
truth = np.array([0] * 6 + [1] * 5 + [2] * 4)
values = probabilities(truth, 4, 2.)
values[:3] = [[.125, .125, .125, .625]] * 3
case("only_predicted", truth, values)
case("never_predicted", np.array([0, 0, 0, 1, 2, 2]),
     np.array([[.5, .25, .25], [.75, .125, .125], [.25, .125, .625], [.5, .375, .125], [0, .25, .75], [.25, .25, .5]]))
case("neither", np.array([0, 1, 0, 1]), np.array([[.75, .25, 0], [.25, .75, 0], [.25, .75, 0], [.5, .5, 0]]))
case("one_class", np.zeros(5, int), np.array([[.75, .25], [.25, .75], [.5, .5], [1, 0], [0, 1]]))
case("one_subject", np.array([1]), np.array([[.25, .75]]))
case("perfect", np.array([0, 1, 0, 1]), np.array([[.75, .25], [.25, .75], [1, 0], [0, 1]]))
case("all_wrong", np.array([1, 0, 1, 0]), np.array([[.75, .25], [.25, .75], [1, 0], [0, 1]]))
out.append("static const ClassCase class_cases[] = {%s};" % ", ".join(classification))
aucs = np.array([two[3], ties[3], three[3]])
array("double", "mean_auc", [aucs.mean(), aucs.std(ddof=1)])

# ---- Segmentation ----------------------------------------------------------------------------

PIXELS = 16
segmentation = []


def ratios(mask, predicted, classes, empty):
    """Dice and IoU by subject and class but the background, from scikit-learn's F1 and Jaccard of pixels."""
    each = np.full((2, len(mask), classes - 1), np.nan)
    for s, (m, p) in enumerate(zip(mask, predicted)):
        m, p = m[m >= 0], p[m >= 0]
        for c in range(1, classes):
            there = (m == c).any() or (p == c).any()
            each[0, s, c - 1] = metrics.f1_score(m == c, p == c) if there else empty
            each[1, s, c - 1] = metrics.jaccard_score(m == c, p == c) if there else empty
    return each


def mean(values):
    values = values[~np.isnan(values)]
    return values.mean() if len(values) else np.nan


def median(values):
    values = values[~np.isnan(values)]
    return np.median(values) if len(values) else np.nan


def masks(name, mask, predicted, classes, subjects):
    by_subject = [[np.concatenate([x[i] for i in range(len(x)) if subjects[i] == s]) for s in sorted(set(subjects))]
                  for x in (mask, predicted)]
    array("int32_t", f"{name}_mask", mask)
    array("int32_t", f"{name}_predicted", predicted)
    array("int32_t", f"{name}_of", subjects)
    wanted = []
    for empty in (np.nan, 1., 0.):  # skip, one, zero
        dice, iou = ratios(*by_subject, classes, empty)
        by_class = [[mean(dice[:, c]), mean(iou[:, c]), median(dice[:, c]), np.isnan(dice[:, c]).sum()]
                    for c in range(classes - 1)]
        wanted += [mean(np.array(by_class)[:, 0]), mean(np.array(by_class)[:, 1])] + list(np.ravel(by_class))
    array("double", f"{name}_ratios", wanted)
    segmentation.append(f'{{"{name}", {len(mask)}, {classes}, {len(set(subjects))}, {name}_mask, {name}_predicted, '
                        f"{name}_of, {name}_ratios}}")


mask = rng.integers(0, 3, (7, PIXELS))
predicted = np.where(rng.random((7, PIXELS)) < .6, mask, rng.integers(0, 3, (7, PIXELS)))
masks("slices", mask, predicted, 3, [0, 1, 0, 2, 2, 1, 0])
mask, predicted = rng.integers(-1, 2, (5, PIXELS)), rng.integers(0, 2, (5, PIXELS))
mask[1], predicted[1] = 0, 0  # in neither
mask[2] = 0  # in the prediction alone
predicted[3] = 0  # in the mask alone
mask[4] = -1  # nowhere annotated
masks("holes", mask, predicted, 2, [0, 1, 2, 3, 4])
masks("empty", np.zeros((2, PIXELS), int), np.zeros((2, PIXELS), int), 2, [0, 1])
mask = rng.integers(0, 2, (3, PIXELS)) * 2  # class 1 is nowhere, and predicted once
predicted = mask.copy()
predicted[0, :2] = 1
masks("one_lacks", mask, predicted, 3, [0, 1, 2])
mask = rng.integers(0, 2, (3, PIXELS)) * 2  # class 1 is nowhere
masks("nowhere", mask, np.where(rng.random((3, PIXELS)) < .7, mask, 2 - mask), 3, [0, 1, 2])
mask = (rng.random((14, PIXELS)) < rng.random((14, 1)) * .7).astype(int)
predicted = np.where(rng.random((14, PIXELS)) < .7, mask, 1 - mask)
mask[[2, 9]], predicted[[2, 9]] = 0, 0
masks("many", mask, predicted, 2, range(14))
masks("whole", np.ones((1, PIXELS), int), np.ones((1, PIXELS), int), 2, [0])
out.append("static const MaskCase mask_cases[] = {%s};" % ", ".join(segmentation))

# ---- Slices become subjects ------------------------------------------------------------------

subjects = rng.integers(0, 6, 25)
subjects[:6] = range(6)
logits = np.float32(rng.normal(size=(25, 3)) * 2).astype(float)
p = softmax(logits)
rules = []
for rule in ("mean-probability", "mean-logit", "max", "vote"):
    for s in range(6):
        of = subjects == s
        if rule == "mean-probability":
            found = p[of].mean(0)
        elif rule == "mean-logit":
            found = softmax(logits[of].mean(0, keepdims=True))[0]
        elif rule == "max":
            found = p[of].max(0) / p[of].max(0).sum()
        else:
            found = np.bincount(p[of].argmax(1), minlength=3) / of.sum()
        rules.append(found)
array("int32_t", "slice_subject", subjects)
array("float", "slice_logits", logits)
array("double", "slice_rules", rules)

# ---- Thresholds ------------------------------------------------------------------------------

FITTED = (metrics.balanced_accuracy_score, metrics.accuracy_score, metrics.f1_score)
thresholds = []


def threshold(name, truth, score):
    """The best of all cuts half-way between two scores, and where it is: of equals the one nearest .5."""
    known = np.unique(score)
    cuts = [(a + b) / 2 for a, b in zip(np.concatenate([[0], known]), np.concatenate([known, [1]]))]
    best = []
    for figure in FITTED:
        values = [figure(truth, (score > cut).astype(int)) for cut in cuts]
        at = [cut for cut, value in zip(cuts, values) if value > max(values) - 1e-12]
        best += [max(values), min(at, key=lambda cut: abs(cut - .5))]
    array("int32_t", f"{name}_label", truth)
    array("float", f"{name}_score", score)
    array("double", f"{name}_best", best)
    thresholds.append(f'{{"{name}", {len(truth)}, {name}_label, {name}_score, {name}_best}}')


truth = rng.integers(0, 2, 40)
threshold("cut_random", truth, dyadic(rng.random(40) * .7 + .3 * truth))
truth = (rng.random(50) < .15).astype(int)
threshold("cut_rare", truth, dyadic(rng.random(50) * .8 + .1 * truth, 8))
threshold("cut_saturated", np.array([1, 1, 0, 1, 0]), np.array([0, 0, 0, 1, 1.]))
threshold("cut_all_equal", np.array([0, 1, 1]), np.array([.25, .25, .25]))
threshold("cut_all_zero", np.array([0, 1, 1]), np.zeros(3))
out.append("static const CutCase cut_cases[] = {%s};" % ", ".join(thresholds))

# ---- Arms ------------------------------------------------------------------------------------

ARMS, N = 4, 60


def delong(a, b, truth):
    """From the definition: all pairs of a positive and a negative."""
    kernel = [(np.sign(s[truth == 1][:, None] - s[truth == 0][None]) + 1) / 2 for s in (a, b)]
    apart = kernel[0] - kernel[1]
    variance = apart.mean(1).var(ddof=1) / len(apart) + apart.mean(0).var(ddof=1) / apart.shape[1]
    return 2 * stats.norm.sf(abs(apart.mean()) / np.sqrt(variance)) if apart.any() else 1.


def mcnemar(a, b, truth):
    right = [(s > .5) == truth for s in (a, b)]
    only = [(right[0] & ~right[1]).sum(), (right[1] & ~right[0]).sum()]
    return stats.binomtest(int(min(only)), int(sum(only))).pvalue if sum(only) else 1.


def holm(p):
    """Step by step: the smallest times how many there are, the next times how many are left, never falling."""
    corrected, left, floor = [np.nan] * len(p), [i for i in range(len(p)) if not np.isnan(p[i])], 0.
    while left:
        i = min(left, key=lambda k: p[k])
        floor = max(floor, min(1., p[i] * len(left)))
        corrected[i] = floor
        left.remove(i)
    return corrected


truth = rng.integers(0, 2, N)
noise = rng.normal(size=N)
arms = [dyadic(1 / (1 + np.exp(-(noise + shift * truth + spread * rng.normal(size=N)))))
        for shift, spread in ((.3, 0), (.3, .3), (1., .5), (2.5, 0))]
array("int32_t", "arm_truth", truth)
array("float", "arm_scores", arms)
array("double", "arm_auc", [metrics.roc_auc_score(truth, a) for a in arms])
array("double", "arm_accuracy", [metrics.accuracy_score(truth, a > .5) for a in arms])
array("double", "arm_auc_p", holm([delong(a, arms[0], truth) for a in arms[1:]]))
array("double", "arm_accuracy_p", holm([mcnemar(a, arms[0], truth) for a in arms[1:]]))

several = [dyadic(rng.random(9), 1024) * 10. ** -rng.integers(0, 4, 9) for _ in range(6)]
several[1][[2, 5]] = np.nan
several[2][:4] = several[2][0]
several[3][:] = np.nan
several[4][:] = 0
array("double", "holm_p", several)
array("double", "holm_corrected", [holm(p) for p in several])

a, b = rng.normal(size=6) + .8, rng.normal(size=7)
array("double", "rank_scores", np.concatenate([a, b]))
array("double", "rank_p", [stats.mannwhitneyu(a, b, alternative="greater", method="exact").pvalue])
array("double", "normal_auc", [stats.norm.cdf(1 / np.sqrt(2))])

# ---- Features --------------------------------------------------------------------------------

real = dyadic(rng.normal(size=(2, 20, 4)) @ rng.normal(size=(4, 4)))
made = dyadic(rng.normal(size=(2, 20, 4)) @ rng.normal(size=(4, 4)) * .7 + .5)
real[..., 3] = 2.5  # a feature that does not vary
distances = []
for x, y in zip(real, made):
    spread = np.sqrt(x.var(0, ddof=1).sum())
    u, v = (x - x.mean(0)) / spread, (y - x.mean(0)) / spread
    a, b = np.cov(u.T), np.cov(v.T)
    frechet = ((u.mean(0) - v.mean(0)) ** 2).sum() + np.trace(a + b - 2 * linalg.sqrtm(a @ b).real)
    both, kind = np.concatenate([u, v]), np.repeat([0, 1], 20)
    nearest = NearestNeighbors(n_neighbors=2).fit(both).kneighbors(return_distance=False, n_neighbors=1)[:, 0]
    distances += [np.linalg.norm(y.mean(0) - x.mean(0)) / spread, np.sqrt(1 / 20 + 1 / 20),
                  np.sqrt(y.var(0, ddof=1).sum()) / spread, frechet, (kind == kind[nearest]).mean()]
array("float", "feature_real", real)
array("float", "feature_made", made)
array("double", "feature_distances", distances)

scaled = StandardScaler().fit(real.reshape(40, 4)[:25])
array("double", "scaled_mean", scaled.mean_)
array("double", "scaled_deviation", scaled.scale_)
array("double", "scaled_values", scaled.transform(real.reshape(40, 4)))

# ---- Imbalance -------------------------------------------------------------------------------

K, SIZES = 4, (9, 30, 16)
label = np.repeat(range(3), SIZES)
rng.shuffle(label)
x = dyadic(rng.normal(size=(len(label), 3)), 256)
neighbours = np.zeros((len(label), K), int)
for c in range(3):
    rows = np.flatnonzero(label == c)
    far, near = NearestNeighbors(n_neighbors=K + 2).fit(x[rows]).kneighbors(x[rows])
    assert (np.diff(far) > 1e-4).all(), "neighbours as far as one another: draw others"
    neighbours[rows] = rows[near[:, 1:K + 1]]


def counts(sampler):
    found = Counter(sampler.fit_resample(x, label)[1])
    return [found[c] for c in range(3)]


array("int32_t", "balance_label", label)
array("float", "balance_x", x)
array("int32_t", "balance_neighbours", neighbours)
array("int32_t", "balance_smote", counts(SMOTE(k_neighbors=K, random_state=1)))
array("int32_t", "balance_over", counts(RandomOverSampler(random_state=1)))
array("int32_t", "balance_under", counts(RandomUnderSampler(random_state=1)))
array("double", "balance_weights", compute_class_weight("balanced", classes=range(3), y=label))

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "metrics-values.h"), "w") as file:
    file.write("\n".join(out) + "\n")
