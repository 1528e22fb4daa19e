# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole nets, trained for a few steps as the graphs parity-*.xml say."""
import os
import xml.etree.ElementTree as ElementTree

import torch
import torch.nn.functional as F
from torch import nn

from parity_fixture import (FOLDER, Fixture, batch_norm, bce, classes, conv, cross_entropy, dense,
                            dice, halves, instance_norm, pool, rectified, transposed_conv)
from parity_updates import optimizer, schedule


class Trial:
    """A graph's stages on given samples, all from the same weights and running statistics."""

    def __init__(self, name):
        self.name, self.fixture = name, Fixture()
        self.weights, self.states, self.samples, self.kinds = {}, {}, {}, []
        self.graph = ElementTree.parse(os.path.join(FOLDER, name + ".xml")).getroot()
        for element in self.graph.iter():
            if isinstance(element.tag, str):
                element.tag = element.tag.split("}")[1]

    def sample(self, name, kind, x, count=0):
        self.samples[name] = x
        self.kinds.append(f"{name}={kind}:{','.join(map(str, x.shape))}"
                          f"{f':{count}' if count else ''}")
        self.fixture.given("samples/" + name, x)

    def start(self, name, *shape, inputs):
        """A weight, uniform as PyTorch's."""
        w = ((2 * torch.rand(*shape) - 1) / inputs ** 0.5).half().double()
        self.weights[name] = w
        self.fixture.given(name, w)

    def conv(self, name, kernel, inputs, outputs, transposed=False):
        volume = kernel[0] * kernel[1] * kernel[2]
        ends = (outputs, inputs) if transposed else (inputs, outputs)
        self.start(name + ".weight", *kernel, *ends, inputs=ends[0] * volume)
        self.start(name + ".bias", 1, 1, 1, 1, outputs, inputs=ends[0] * volume)

    def dense(self, name, inputs, outputs):
        self.start(name + ".weight", 1, 1, 1, inputs, outputs, inputs=inputs)
        self.start(name + ".bias", 1, 1, 1, 1, outputs, inputs=inputs)

    def norm(self, name, channels, running):
        shape = (1, 1, 1, 1, channels)
        for end, x in (("gamma", (1 + halves(*shape) / 4).half().double()),
                       ("beta", halves(*shape, scale=0.25))):
            self.weights[f"{name}.{end}"] = x
            self.fixture.given(f"{name}.{end}", x)
        if running:
            for end, x in (("running_mean", torch.zeros(shape).double()),
                           ("running_var", torch.ones(shape).double())):
                self.states[f"{name}.{end}"] = x
                self.fixture.given(f"{name}.{end}", x)

    def train(self, body):
        """body(batch, weights, states, update) gives the losses of that update's forward sweep, the
        one that is minimised last."""
        self.train_each({stage.get("id"): body for stage in self.graph.iter("train")})

    def train_each(self, bodies):
        """A body for each stage, by its id."""
        for stage in self.graph.iter("train"):
            self.train_stage(stage, bodies[stage.get("id")])
        self.fixture.texts["samples"] = " ".join(self.kinds)
        self.fixture.write(self.name + ".safetensors")

    def train_stage(self, stage, body):
        steps, size = int(stage.get("steps")), int(stage.get("batch"))
        used = tuple(use.get("net") + "/" for use in stage.findall("use"))
        w = {k: nn.Parameter(v.clone()) for k, v in self.weights.items() if k.startswith(used)}
        s = {k: v.clone() for k, v in self.states.items() if k.startswith(used)}
        self.trained = " ".join(u.get("nets") for u in stage.findall("update")).split()
        updates = []
        for update in stage.findall("update"):
            nets = tuple(net + "/" for net in update.get("nets").split())
            mine = [x for k, x in w.items() if k.startswith(nets)]
            kept = optimizer(update[0], mine)
            rates = schedule(update[0][0] if len(update[0]) else None, kept, steps)
            updates.append((update, mine, kept, rates))
        told, clipped, averages = {}, set(), {}
        draws = max(int(update.get("times", 1)) for update, *_ in updates)
        for number in range(steps * draws):
            left, step = draws - 1 - number % draws, number // draws
            rows = len(next(iter(self.samples.values())))
            at = number * size % rows
            batch = {k: v[at:at + size] for k, v in self.samples.items()}
            seen = {}
            for place, (update, mine, kept, rates) in enumerate(updates):
                clip, over = float(update.get("clip", 0)), int(update.get("accumulate", 1))
                if int(update.get("times", 1)) <= left:
                    continue
                if step % over == 0:
                    kept.zero_grad()
                losses = body(batch, w, s, place)
                loss = list(losses.values())[-1]
                for x, d in zip(mine, torch.autograd.grad(loss, mine)):
                    x.grad = d / over if x.grad is None else x.grad + d / over
                if (step + 1) % over == 0:
                    if clip:
                        clipped.add(bool(nn.utils.clip_grad_norm_(mine, clip) > clip))
                    average = float(update.get("average", 0))
                    for name, x in w.items():
                        if average and name.startswith(tuple(update.get("nets").split())):
                            averages.setdefault(name, x.detach().clone())
                    kept.step()
                    for name, x in averages.items() if average else ():
                        x.mul_(average).add_(w[name].detach(), alpha=1 - average)
                if not left:
                    rates.step()
                seen.update(losses)
            for name, value in seen.items():
                if not left:
                    told.setdefault(name, []).append(value.detach())
        print(f"  {stage.get('id')}: {[float(x) for x in list(told.values())[-1]]}, "
              f"clipped: {sorted(clipped)}")
        for name, values in told.items():
            self.fixture.expected(f"{stage.get('id')}/loss.{name}", torch.stack(values))
        for name, x in {**w, **averages, **s}.items():
            self.fixture.expected(f"{stage.get('id')}/{name}", x)


# ---- U-Nets ----------------------------------------------------------------------------------

def start_unet(trial, dims, channels, base, levels, classes_out, running):
    three, two, one = ([(k,) * 3, (1, k, k)][dims == 2] for k in (3, 2, 1))

    def block(name, inputs, outputs):
        for k, norm in ((1, "act1"), (2, "y")):
            trial.conv(f"unet/{name}/conv{k}", three, inputs if k == 1 else outputs, outputs)
            trial.norm(f"unet/{name}/{norm}", outputs, running)

    for k in range(levels):
        block("bottleneck" if k == levels - 1 else f"enc{k}", base * 2 ** (k - 1) if k else channels,
              base * 2 ** k)
    for k in reversed(range(levels - 1)):
        trial.conv(f"unet/up{k}", two, base * 2 ** (k + 1), base * 2 ** k, transposed=True)
        block(f"dec{k}", base * 2 ** (k + 1), base * 2 ** k)
    trial.conv("unet/head", one, base, classes_out)


def unet(x, w, norm, levels):
    def block(name, x):
        for k, at in ((1, "act1"), (2, "y")):
            name_of = f"unet/{name}/conv{k}"
            x = norm(conv(x, w[name_of + ".weight"], w[name_of + ".bias"], padding=1),
                     f"unet/{name}/{at}")
        return x

    kept = []
    for k in range(levels - 1):
        kept.append(block(f"enc{k}", x))
        x = pool(kept[-1], "max_pool", 2)
    x = block("bottleneck", x)
    for k in reversed(range(levels - 1)):
        up = transposed_conv(x, w[f"unet/up{k}.weight"], w[f"unet/up{k}.bias"], stride=2)
        x = block(f"dec{k}", torch.cat([kept[k], up], -1))
    return conv(x, w["unet/head.weight"], w["unet/head.bias"])


def balls(rows, *size):
    """Masks with something to find in the images."""
    grid = torch.stack(torch.meshgrid(*[torch.linspace(-1, 1, n) if n > 1 else torch.zeros(n)
                                        for n in size], indexing="ij"), -1)
    centres = torch.rand(rows, *(1,) * len(size), len(size)) - 0.5
    return (((grid - centres) ** 2).sum(-1) < 0.3).long().unsqueeze(-1)


def unet3d():
    t = Trial("parity-unet3d")
    mask = balls(4, 16, 16, 16)
    t.sample("image", "image", (halves(*mask.shape) + mask).half().double())
    t.sample("mask", "mask", mask, 2)
    start_unet(t, 3, 1, 3, 3, 2, False)

    def body(batch, w, s, update):
        norm = lambda x, at: instance_norm(x, w[at + ".gamma"], w[at + ".beta"], slope=0.01)
        logits = unet(batch["image"], w, norm, 3)
        return {"loss": dice(logits, batch["mask"]) + cross_entropy(logits, batch["mask"])}

    t.train(body)


def unet2d():
    t = Trial("parity-unet2d")
    mask = balls(6, 1, 16, 24)
    image = torch.cat([mask, -mask], -1) + halves(6, 1, 16, 24, 2)
    t.sample("image", "image", image.half().double())
    t.sample("mask", "mask", mask, 2)
    start_unet(t, 2, 2, 4, 3, 1, True)

    def body(batch, w, s, update):
        norm = lambda x, at: batch_norm(x, s[at + ".running_mean"], s[at + ".running_var"],
                                        w[at + ".gamma"], w[at + ".beta"], slope=0)
        logits = unet(batch["image"], w, norm, 3)
        losses = {"dice": dice(logits, batch["mask"], smooth=1), "bce": bce(logits, batch["mask"])}
        return {**losses, "loss": losses["dice"] + 0.5 * losses["bce"]}

    t.train(body)


def tiles():
    t = Trial("parity-tiles")
    mask = balls(4, 12, 11, 13)
    t.sample("image", "image", (halves(*mask.shape) + mask).half().double())
    t.sample("mask", "mask", mask, 2)
    for k in (1, 2, 3):
        t.conv(f"net/conv{k}", (3, 3, 3), 16 if k > 1 else 1, 16)
        if k < 3:
            t.norm(f"net/norm{k}", 16, False)
    t.conv("net/logits", (1, 1, 1), 16, 2)

    def body(batch, w, s, update):
        x = batch["image"]
        for k in (1, 2, 3):
            x = conv(x, w[f"net/conv{k}.weight"], w[f"net/conv{k}.bias"], padding=1)
            if k < 3:
                x = instance_norm(x, w[f"net/norm{k}.gamma"], w[f"net/norm{k}.beta"], slope=0.01)
            else:
                x = rectified(x, 0.01)
        logits = conv(x, w["net/logits.weight"], w["net/logits.bias"])
        return {"loss": dice(logits, batch["mask"]) + cross_entropy(logits, batch["mask"])}

    t.train(body)


# ---- ACGANs ----------------------------------------------------------------------------------

def gan_samples(t, size, noise, count):
    rows = 8
    t.sample("feature", "feature", halves(rows, *size))
    t.sample("grade", "label", classes(count, rows, 1, 1, 1, 1), count)
    t.sample("noise", "feature", halves(rows, 1, 1, 1, noise))
    t.sample("wanted", "label", classes(count, rows, 1, 1, 1, 1), count)


def gan_body(generate, discriminate, count):
    """generate(given, w, s) and discriminate(x, w, s), whose s is None where no running statistics
    are to change: they do once a step for each use of a net, with the update of its weights."""

    def body(batch, w, s, update):
        wanted = F.one_hot(batch["wanted"].reshape(-1), count).reshape(-1, 1, 1, 1, count)
        fake = generate(torch.cat([batch["noise"], wanted.double()], -1), w,
                        s if update == 1 else None)
        head = lambda h, at: dense(h, w[at + ".weight"], w[at + ".bias"])
        source, logits = "D/source", "C/logits/dense"
        if update == 0:
            h_real = discriminate(batch["feature"], w, s)
            h_fake = discriminate(fake.detach(), w, s)
            losses = {"real_is_real": bce(head(h_real, source), 1.0, smoothing=0.1),
                      "fake_is_fake": bce(head(h_fake, source), 0.0),
                      "real_class": cross_entropy(head(h_real, logits), batch["grade"]),
                      "fake_class": cross_entropy(head(h_fake, logits), batch["wanted"])}
            return {**losses, "d_loss": sum(losses.values())}
        h_fake = discriminate(fake, w, None)
        losses = {"fake_is_real": bce(head(h_fake, source), 1.0),
                  "fake_class": cross_entropy(head(h_fake, logits), batch["wanted"])}
        return {**losses, "g_loss": sum(losses.values())}

    return body


def trained_norm(x, at, w, s):
    """Batch norm with a leaky rectifier; s None: running statistics stay."""
    running = [torch.zeros(1, 1, 1, 1, x.shape[-1]).double() for _ in range(2)]
    if s is not None:
        running = [s[at + ".running_mean"], s[at + ".running_var"]]
    return batch_norm(x, *running, w[at + ".gamma"], w[at + ".beta"], slope=0.2)


def acgan():
    t = Trial("parity-acgan")
    gan_samples(t, (1, 1, 1, 9), 6, 3)
    for name, inputs, outputs in (("G/x/dense1", 9, 12), ("G/x/dense2", 12, 12), ("G/x/x", 12, 9),
                                  ("D/h/dense1", 9, 16), ("D/h/dense2", 16, 8),
                                  ("D/source", 8, 1), ("C/logits/dense", 8, 3)):
        t.dense(name, inputs, outputs)
    t.norm("G/x/act1", 12, True)
    t.norm("G/x/act2", 12, True)

    def layer(x, at, w):
        return dense(x, w[at + ".weight"], w[at + ".bias"])

    def generate(x, w, s):
        for k in (1, 2):
            x = trained_norm(layer(x, f"G/x/dense{k}", w), f"G/x/act{k}", w, s)
        return layer(x, "G/x/x", w)

    def discriminate(x, w, s):
        for k in (1, 2):
            x = rectified(layer(x, f"D/h/dense{k}", w), 0.2)
        return x

    t.train(gan_body(generate, discriminate, 3))


def acgan_maps():
    t = Trial("parity-acgan-maps")
    gan_samples(t, (2, 6, 7, 3), 5, 2)
    t.dense("G/x/dense", 7, 2 * 3 * 4 * 6)
    t.conv("G/x/up1", (3, 4, 3), 6, 3, transposed=True)
    t.norm("G/x/act1", 3, True)
    t.conv("G/x/x", (3, 3, 3), 3, 3)
    t.conv("D/h/conv1", (3, 3, 3), 3, 4)
    t.conv("D/h/conv2", (3, 3, 3), 4, 8)
    t.norm("D/h/act2", 8, True)
    t.dense("D/source", 64, 1)
    t.dense("C/logits/dense", 64, 2)

    def generate(x, w, s):
        x = rectified(dense(x, w["G/x/dense.weight"], w["G/x/dense.bias"]), 0.2)
        x = transposed_conv(x.reshape(-1, 2, 3, 4, 6), w["G/x/up1.weight"], w["G/x/up1.bias"],
                            stride=(1, 2, 2), padding=1)
        x = trained_norm(x, "G/x/act1", w, s)
        return conv(x, w["G/x/x.weight"], w["G/x/x.bias"], padding=1)

    def discriminate(x, w, s):
        for k in (1, 2):
            at = f"D/h/conv{k}"
            x = conv(x, w[at + ".weight"], w[at + ".bias"], stride=(1, 2, 2), padding=1)
            x = trained_norm(x, "D/h/act2", w, s) if k == 2 else rectified(x, 0.2)
        return x.reshape(len(x), 1, 1, 1, -1)

    t.train(gan_body(generate, discriminate, 2))


# ---- What an update may say ------------------------------------------------------------------

def updates():
    t = Trial("parity-updates")
    t.sample("feature", "feature", halves(8, 1, 1, 1, 5))
    t.sample("goal", "feature", halves(8, 1, 1, 1, 3, scale=2))
    t.dense("n/one", 5, 6)
    t.dense("n/y", 6, 3)
    t.dense("seen/one", 5, 5)
    t.norm("seen/y", 5, True)
    for name, x in list(t.states.items()):  # of a net that was trained before
        t.states[name] = (x + 0.5 * torch.rand(x.shape)).half().double()
        t.fixture.given(name, t.states[name])

    def body(batch, w, s, update):
        x = batch["feature"]
        if "seen/y.gamma" in w:
            x = dense(x, w["seen/one.weight"], w["seen/one.bias"])
            if "seen" in t.trained:
                x = trained_norm(x, "seen/y", w, s if update == 0 else None)
            else:
                running = s["seen/y.running_mean"], s["seen/y.running_var"]
                x = batch_norm(x, *running, w["seen/y.gamma"], w["seen/y.beta"], training=False,
                               slope=0.2)
        x = torch.tanh(dense(x, w["n/one.weight"], w["n/one.bias"]))
        y = dense(x, w["n/y.weight"], w["n/y.bias"])
        return {"loss": F.mse_loss(y, batch["goal"])}

    t.train(body)
