#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ranks ways of rebalancing with imbalanced-learn and PyTorch, on fornix's own divisions and features.

    tests/bench/arms.py --data DIR [--seeds N] [--sweep RESULTS.csv]     the table of grades, five folds
    tests/bench/arms.py RUN... [--label NAME] [--by-subject] [--seeds N]  what runs have tapped

Of the table fornix writes out the division, thinned and scaled, that graphs/sweeps/table-arms.xml
uses (FORNIX names the program, else the one of the build tree). A RUN is the folder of a run or of a
sweep's job whose stage `tapped` holds features; channels are scaled by its training part, and with
--by-subject the probabilities of a subject's rows are averaged before they are judged. The
classifier is the vector_classifier of fornix (two hidden layers of 64, dropout one half), or of maps
the map_classifier (--width), in 400 steps of 32 by Adam. With --sweep, the means of that sweep's
columns auc[ARM] and balanced_accuracy[ARM] stand beside, and the rank correlations over the arms
that both have.
"""
import argparse
import csv
import json
import os
import struct
import subprocess
import sys
import tempfile

import numpy as np
import torch
from imblearn.combine import SMOTEENN, SMOTETomek
from imblearn.over_sampling import ADASYN, SMOTE, BorderlineSMOTE, RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from scipy.stats import spearmanr
from sklearn.metrics import balanced_accuracy_score, recall_score, roc_auc_score, roc_curve
from torch import nn
from torch.nn import functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
TRAIN, VALIDATION, TEST = 1, 2, 3
STEPS, BATCH = 400, 32
SAMPLERS = {"oversample": RandomOverSampler, "undersample": RandomUnderSampler, "smote": SMOTE,
            "borderline": BorderlineSMOTE, "adasyn": ADASYN, "smote_tomek": SMOTETomek,
            "smote_enn": SMOTEENN}
ARMS = ["none", "weights", "focal", "adjusted", "posthoc", "threshold", *SAMPLERS]


def stored(folder, label):
    """Features, labels, parts and subjects of a table that fornix wrote."""
    with open(os.path.join(folder, "table.json")) as file:
        table = json.load(file)
    names = [c["name"] for c in table["columns"] if c["kind"] == "label"]
    if label is None and len(names) != 1:
        sys.exit(f"{folder}: --label is one of {' '.join(names)}")
    y = np.array(table["cells"][label or names[0]])
    part = np.array([row[3] for row in table["rows"]])
    with open(os.path.join(folder, "tensors.safetensors"), "rb") as file:
        raw = file.read()
    length, = struct.unpack("<Q", raw[:8])
    about = json.loads(raw[8:8 + length])["feature"]
    first, last = about["data_offsets"]
    x = np.frombuffer(raw[8 + length + first:8 + length + last], "<f4").reshape(about["shape"])
    subject = np.unique([row[0] for row in table["rows"]], return_inverse=True)[1]
    known = y >= 0
    return x[known], y[known], part[known], subject[known]


def scaled(x, part):
    """By channel, as <standardize> does, and flat."""
    train = x[part == TRAIN]
    axes = tuple(range(x.ndim - 1))
    deviation = train.std(axes)
    return ((x - train.mean(axes)) / np.where(deviation > 0, deviation, 1)).reshape(len(x), -1)


def loss_of(arm, counts):
    prior = torch.tensor(counts / counts.sum()).float()
    weight = 1 / (len(counts) * prior)

    def loss(logits, y):
        if arm == "weights":
            return F.cross_entropy(logits, y, weight)
        if arm == "focal":
            likely = torch.log_softmax(logits, 1).gather(1, y[:, None])[:, 0]
            return (-(-torch.expm1(likely)) ** 2 * likely).mean()
        return F.cross_entropy(logits + prior.log() if arm == "adjusted" else logits, y)

    return loss, prior


def vector_classifier(numbers, classes):
    return nn.Sequential(nn.Linear(numbers, 64), nn.ReLU(), nn.Dropout(.5), nn.Linear(64, 64),
                         nn.ReLU(), nn.Dropout(.5), nn.Linear(64, classes))


class Maps(nn.Module):
    """Flat rows as maps of D x H x W pixels, channels last."""

    def __init__(self, shape):
        super().__init__()
        self.shape = shape

    def forward(self, x):
        return x.reshape(len(x), *self.shape).permute(0, 4, 1, 2, 3)


def map_classifier(shape, width, classes):
    size, channels, layers = list(shape[:3]), shape[3], [Maps(shape)]
    for _ in range(2):
        kernel = [3 if pixels > 1 else 1 for pixels in shape[:3]]
        window = [2 if pixels > 1 else 1 for pixels in size]
        size = [pixels // k for pixels, k in zip(size, window)]
        layers += [nn.Conv3d(channels, width, kernel, padding=[k // 2 for k in kernel]),
                   nn.BatchNorm3d(width), nn.ReLU(), nn.MaxPool3d(window)]
        channels = width
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(.5),
                         nn.Linear(width * int(np.prod(size)), width), nn.ReLU(), nn.Dropout(.5),
                         nn.Linear(width, classes))


def learn(x, y, loss, classes, seed, shape, width):
    torch.manual_seed(seed)
    net = map_classifier(shape, width, classes) if shape else vector_classifier(x.shape[1], classes)
    adam = torch.optim.Adam(net.parameters(), 1e-3, weight_decay=1e-4)
    x, y, order = torch.tensor(x).float(), torch.tensor(y), torch.empty(0, dtype=torch.long)
    for _ in range(STEPS):
        if len(order) < min(BATCH, len(x)):
            order = torch.randperm(len(x))
        rows, order = order[:BATCH], order[BATCH:]
        adam.zero_grad()
        loss(net(x[rows]), y[rows]).backward()
        adam.step()
    return net.eval()


def by_subject(p, y, part, subject):
    first = np.unique(subject, return_index=True)[1]
    rows = np.bincount(subject)[subject[first]][:, None]
    mean = np.stack([np.bincount(subject, p[:, k])[subject[first]] for k in range(p.shape[1])], 1) / rows
    return mean, y[first], part[first]


def judge(arm, x, y, part, subject, shape, seed, width):
    """AUC, balanced accuracy, and the sensitivity of the class that is rare in training."""
    train = part == TRAIN
    counts = np.bincount(y[train])
    classes, rare = len(counts), counts.argmin()
    xs, ys = x[train], y[train]
    if arm in SAMPLERS:
        xs, ys = SAMPLERS[arm](random_state=seed).fit_resample(xs, ys)
    loss, prior = loss_of(arm, counts)
    net = learn(xs, ys, loss, classes, seed, shape, width)
    with torch.no_grad():
        logits = torch.cat([net(rows) for rows in torch.tensor(x).float().split(64)])
        p = torch.softmax(logits - prior.log() if arm == "posthoc" else logits, 1).numpy()
    if subject is not None:
        p, y, part = by_subject(p, y, part, subject)
    test, predicted = part == TEST, p.argmax(1)
    if arm == "threshold":
        if classes > 2 or not (part == VALIDATION).any():
            return None
        low, high, cuts = roc_curve(y[part == VALIDATION], p[part == VALIDATION, 1])
        predicted = (p[:, 1] >= cuts[(high - low).argmax()]).astype(int)
    auc = (roc_auc_score(y[test], p[test, 1]) if classes == 2
           else roc_auc_score(y[test], p[test], multi_class="ovr"))
    return (auc, balanced_accuracy_score(y[test], predicted[test]),
            recall_score(y[test], predicted[test], labels=[rare], average=None)[0])


def tables_of_grades(data):
    program = os.environ.get("FORNIX", os.path.join(HERE, "..", "..", "src", "fornix"))
    for fold in range(5):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([program, "run", os.path.join(HERE, "arms.xml"), "-p", f"data={data}",
                            "-p", f"fold={fold}", "-o", folder], check=True,
                           stdout=subprocess.DEVNULL)
            x, y, part, _ = stored(os.path.join(folder, "stages", "tapped", "table"), "grade")
            yield x.reshape(len(x), -1), y, part, None, None


def tables_of_runs(runs, label, grouped):
    for run in runs:
        x, y, part, subject = stored(os.path.join(run, "stages", "tapped", "table"), label)
        shape = x.shape[1:] if max(x.shape[1:-1]) > 1 else None
        yield scaled(x, part), y, part, subject if grouped else None, shape


def of_sweep(path, figure):
    with open(path) as file:
        rows = [row for row in csv.DictReader(file) if row["status"] == "done"]
    start = f"{figure}["
    arms = [name[len(start):-1] for name in rows[0] if name.startswith(start)] if rows else []
    return {arm: np.mean([float(row[f"{start}{arm}]"]) for row in rows]) for arm in arms}


def print_rank(figure, found, beside):
    both = [arm for arm in found if arm in beside]
    if len(both) > 2:
        rank, p = spearmanr([found[a] for a in both], [beside[a] for a in both])
        print(f"{figure}: rank correlation of {len(both)} arms {rank:.2f} (p = {p:.2g})")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("runs", nargs="*")
    parser.add_argument("--data")
    parser.add_argument("--label")
    parser.add_argument("--by-subject", action="store_true")
    parser.add_argument("--sweep")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--width", type=int, default=64, help="of the classifier of maps")
    given = parser.parse_args()
    if bool(given.runs) == bool(given.data):
        parser.error("either --data or RUN folders")
    torch.set_num_threads(1)
    tables = list(tables_of_grades(given.data) if given.data
                  else tables_of_runs(given.runs, given.label, given.by_subject))
    figures = ["auc", "balanced_accuracy"]
    beside = [of_sweep(given.sweep, figure) if given.sweep else {} for figure in figures]
    found = [{}, {}]
    print("arm             AUC              balanced         rare             fornix's AUC, balanced")
    for arm in ARMS:
        runs = [judge(arm, *table, seed, given.width) for table in tables
                for seed in range(1, given.seeds + 1)]
        if None in runs:
            continue
        mean, spread = np.mean(runs, 0), np.std(runs, 0, ddof=min(1, len(runs) - 1))
        for k in range(2):
            found[k][arm] = mean[k]
        cells = "  ".join(f"{m:.3f} +- {s:.3f} " for m, s in zip(mean, spread))
        print(f"{arm:<14}  {cells}  " + "  ".join(f"{b[arm]:.3f}" for b in beside if arm in b),
              flush=True)
    for k in range(2):
        print_rank(figures[k], found[k], beside[k])


if __name__ == "__main__":
    main()
