#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""graphs/hippocampus.xml in PyTorch: data, net, loss and optimizer as there.

hippocampus.py FOLDER SEED STEP...: trains up to the last of the steps, and prints at each of them
the mean Dice of the test subjects. Needs torch, numpy and nibabel.
"""
import csv
import sys

import nibabel
import numpy
import torch
from torch import nn
from torch.nn import functional

SIZE = (40, 56, 40)
LEVELS, BASE, CLASSES, BATCH = 3, 8, 3, 4


def read(folder, kind, name):
    return nibabel.load(f"{folder}/{kind}/{name}").get_fdata(dtype=numpy.float32)


def fit(volume):
    """From the corner: crops what is too long, leaves 0 behind what is too short."""
    part = tuple(slice(min(a, b)) for a, b in zip(SIZE, volume.shape))
    grid = numpy.zeros(SIZE, numpy.float32)
    grid[part] = volume[part]
    return torch.from_numpy(grid)


def load(folder):
    with open(f"{folder}/index.csv", newline="") as index:
        names = [row["file"] for row in csv.DictReader(index)]
    images = [read(folder, "images", name) for name in names]
    images = [fit((x - x.mean(dtype=float)) / x.std(dtype=float)) for x in images]
    masks = [fit(read(folder, "labels", name)) for name in names]
    return torch.stack(images)[:, None], torch.stack(masks).long()


def block(before, channels):
    layers = []
    for given in (before, channels):
        layers += [
            nn.Conv3d(given, channels, 3, padding=1),
            nn.InstanceNorm3d(channels, affine=True),
            nn.LeakyReLU(0.01),
        ]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        width = [BASE << level for level in range(LEVELS)]
        pairs = list(zip(width, width[1:]))
        self.down = nn.ModuleList(block(a, b) for a, b in [(1, BASE)] + pairs)
        self.up = nn.ModuleList(nn.ConvTranspose3d(b, a, 2, stride=2) for a, b in pairs)
        self.join = nn.ModuleList(block(2 * a, a) for a, _ in pairs)
        self.head = nn.Conv3d(BASE, CLASSES, 1)

    def forward(self, x):
        kept = []
        for level, down in enumerate(self.down):
            x = down(functional.max_pool3d(x, 2) if level else x)
            kept.append(x)
        for level in reversed(range(LEVELS - 1)):
            x = self.join[level](torch.cat([kept[level], self.up[level](x)], 1))
        return self.head(x)


def loss_of(logits, mask):
    p = logits.softmax(1)
    t = functional.one_hot(mask, CLASSES).movedim(-1, 1).float()
    axes = (0, 2, 3, 4)
    dice = (2 * (p * t).sum(axes) + 1e-5) / (p.sum(axes) + t.sum(axes) + 1e-5)
    return functional.cross_entropy(logits, mask) + 1 - dice.mean()


def dice_of(net, images, masks):
    scores = []
    with torch.no_grad():
        for image, mask in zip(images, masks):
            found = net(image[None]).argmax(1)[0]
            for part in range(1, CLASSES):
                both = ((found == part) & (mask == part)).sum().item()
                all = (found == part).sum().item() + (mask == part).sum().item()
                scores.append(2 * both / all)
    return sum(scores) / len(scores)


def main(folder, seed, *steps):
    torch.manual_seed(int(seed))
    steps = [int(step) for step in steps]
    images, masks = load(folder)
    train = torch.tensor([k for k in range(len(images)) if k % 5])
    net = UNet()
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    for step in range(1, max(steps) + 1):
        chosen = train[torch.randperm(len(train))[:BATCH]]
        optimizer.zero_grad()
        loss_of(net(images[chosen]), masks[chosen]).backward()
        optimizer.step()
        if step in steps:
            print(step, f"{dice_of(net, images[::5], masks[::5]):.4f}", flush=True)


main(*sys.argv[1:])
