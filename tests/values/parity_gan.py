# SPDX-License-Identifier: GPL-3.0-or-later
"""What GANs are made of, and whole ones: losses, heads, spectral normalisation, moving averages and
penalties on gradients, which PyTorch differentiates twice."""
import math

import torch
import torch.nn.functional as F

from parity_fixture import (Fixture, bce, classes, conv, cross_entropy, dense, first, halves,
                            last, pool, rectified, weighted_mean)
from parity_layers import case
from parity_nets import Trial


# ---- Losses and heads ------------------------------------------------------------------------

def adversarial_loss(score, kind, role, row=None, smoothing=0.0):
    """As their papers have them."""
    if kind == "bce":
        return bce(score, 0.0 if role == "fake" else 1.0, row, smoothing)
    if kind == "least-squares":
        return weighted_mean((score - (0 if role == "fake" else 1)) ** 2, row)
    sign = 1 if role == "fake" else -1
    if kind == "hinge" and role != "generator":
        return weighted_mean(F.relu(1 + sign * score), row)
    return weighted_mean(sign * score, row)


def lengths(x):
    return x.reshape(len(x), -1).norm(dim=1)


def cosines(x, proxies):
    return F.cosine_similarity(x.reshape(len(x), 1, -1), proxies.reshape(1, *proxies.shape[-2:]),
                               dim=2).reshape(len(x), 1, 1, 1, -1)


def data_to_data(x, cosine, label, temperature=0.5, near=0.98, far=0.02):
    """Equation 8 of Kang et al. 2021, row by row."""
    x, cosine, label = x.reshape(len(x), -1), cosine.reshape(len(x), -1), label.reshape(-1)
    unit = F.normalize(x, dim=1)
    between, losses = unit @ unit.t(), []
    for i in range(len(x)):
        if label[i] < 0:
            continue
        pull = torch.exp((cosine[i, label[i]] - near).clamp(max=0) / temperature)
        push = sum(torch.exp((between[i, j] - far).clamp(min=0) / temperature)
                   for j in range(len(x)) if label[j] >= 0 and label[j] != label[i])
        losses.append(-torch.log(pull / (pull + push)))
    return sum(losses) / len(losses)


def diff_augment(x, draw, translation=0.125, cutout=0.5):
    """Translation and cutout of Zhao et al. 2020, a sample at a time, by given numbers."""
    draw = (draw - draw.floor()).reshape(len(x), 2, 3)
    size, samples = x.shape[1:4], []
    for n in range(len(x)):
        sample, hole = x[n], torch.ones(size).double()
        inside = [slice(None)] * 3
        for axis in range(3):
            reach = int(math.floor(translation * size[axis] + 0.5))
            shift = int(draw[n, 0, axis] * (2 * reach + 1)) - reach
            index = torch.arange(size[axis]) - shift
            known = ((index >= 0) & (index < size[axis])).double()
            sample = sample.index_select(axis, index.clamp(0, size[axis] - 1))
            sample = sample * known.reshape([-1 if a == axis else 1 for a in range(4)])
            cut = 1 if size[axis] == 1 else int(math.floor(cutout * size[axis] + 0.5))
            first = int(draw[n, 1, axis] * (size[axis] + 1 - cut % 2)) - cut // 2
            first = 0 if size[axis] == 1 else first
            inside[axis] = slice(max(first, 0), max(first + cut, 0))
        if cutout > 0 and sample.shape[:3] != (1, 1, 1):
            hole[tuple(inside)] = 0
        samples.append(sample * hole.unsqueeze(-1))
    return torch.stack(samples)


def slopes(x, of, activation, constant=0.0):
    slope = {"leaky": torch.where(of > 0, 0 * of + 1, 0 * of + constant),
             "elu": torch.where(of > 0, torch.ones_like(of), of + constant),
             "sigmoid": of * (1 - of), "tanh": 1 - of ** 2}[activation]
    return x * slope


def peak(x, of, **how):
    """x where of has its maxima."""
    at = F.max_pool2d(first(of, 2), return_indices=True, **how)[1]
    flat = first(x, 2).flatten(2)
    return last(flat.gather(2, at.flatten(2)).reshape(at.shape))


def adversarial():
    f = Fixture()
    for kind in ("bce", "least-squares", "hinge", "wasserstein"):
        for role in ("real", "fake", "generator"):
            case(f, f'<adversarial_loss score="score" kind="{kind}" role="{role}"/>',
                 lambda score, kind=kind, role=role: adversarial_loss(score, kind, role),
                 {"score": halves(7, 1, 1, 1, 1, scale=2)})
    case(f, '<adversarial_loss score="score" role="real" smoothing="0.2" weight="weight"/>',
         lambda score, weight: adversarial_loss(score, "bce", "real", weight, 0.2),
         {"score": halves(5, 1, 3, 2, 1), "weight": halves(5, 1, 1, 1, 1).abs()},
         kinds={"weight": "weight"})
    for shape in ((4, 1, 1, 1, 6), (3, 2, 3, 2, 4)):
        case(f, '<inner_product a="a" b="b"/>',
             lambda a, b: (a * b).sum((1, 2, 3, 4), keepdim=True),
             {"a": halves(*shape), "b": halves(*shape)})
        case(f, '<mix a="a" b="b" share="share"/>', lambda a, b, share: share * a + (1 - share) * b,
             {"a": halves(*shape), "b": halves(*shape), "share": torch.rand(
                 shape[0], 1, 1, 1, 1).half().double()}, kinds={"share": "weight"})
        case(f, '<gradient_penalty x="x"/>', lambda x: ((lengths(x) - 1) ** 2).mean(),
             {"x": halves(*shape)})
        case(f, '<gradient_penalty x="x" to="0"/>', lambda x: (lengths(x) ** 2).mean(),
             {"x": halves(*shape)})
        case(f, '<gradient_penalty x="x" to="2.5" one_sided="yes"/>',
             lambda x: (F.relu(lengths(x) - 2.5) ** 2).mean(), {"x": halves(*shape)})
        case(f, '<scale x="x" by="-1.5"/>', lambda x: -1.5 * x, {"x": halves(*shape)})
        case(f, '<class_proxies x="x" classes="3"/>', lambda x, proxies: cosines(x, proxies),
             {"x": halves(*shape)}, {"proxies": halves(1, 1, 1, 3, math.prod(shape[1:]))})
    for activation, constant in (("leaky", 0.25), ("elu", 1.5), ("sigmoid", 0), ("tanh", 0)):
        case(f, f'<slope x="x" of="of" activation="{activation}" constant="{constant}"/>',
             lambda x, of, a=activation, c=constant: slopes(x, of, a, c),
             {"x": halves(2, 1, 3, 2, 5), "of": halves(2, 1, 3, 2, 5)},
             kinds={"of": "noise"} if activation == "leaky" else None)
    for attributes, how in (("", {"kernel_size": 2}),
                            (' kernel="3" stride="2" padding="1"',
                             {"kernel_size": 3, "stride": 2, "padding": 1})):
        case(f, f'<peak x="x" of="of"{attributes}/>', lambda x, of, how=how: peak(x, of, **how),
             {"x": halves(2, 1, 7, 8, 3), "of": halves(2, 1, 7, 8, 3)}, kinds={"of": "noise"})
    for attributes, how in (("", {}), (' temperature="0.25" near="0.5" far="-0.25"',
                                       {"temperature": 0.25, "near": 0.5, "far": -0.25})):
        label = classes(3, 6, 1, 1, 1, 1)
        label[2] = -1
        case(f, f'<data_to_data_loss x="x" cosines="cosines" label="label"{attributes}/>',
             lambda x, cosines, label, how=how: data_to_data(x, cosines, label, **how),
             {"x": halves(6, 1, 1, 1, 5), "cosines": torch.rand(6, 1, 1, 1, 3).half().double(),
              "label": label}, kinds={"cosines": "logits", "label": "label:3"})
    for shape in ((5, 1, 9, 8, 3), (4, 4, 5, 6, 2)):
        case(f, '<diff_augment x="x" draw="draw" translation="0.25" cutout="0.5"/>',
             lambda x, draw: diff_augment(x, draw, 0.25, 0.5),
             {"x": halves(*shape), "draw": halves(shape[0], 1, 1, 1, 6)}, kinds={"draw": "noise"})
    f.write("parity-adversarial.safetensors")


# ---- Whole GANs ------------------------------------------------------------------------------

def layer(x, at, w):
    return dense(x, w[at + ".weight"], w.get(at + ".bias"))


def spectral(w, at, s, kept):
    """The weights with one over its largest singular value, by one power iteration (that of
    torch.nn.utils.parametrizations.spectral_norm, which updates its left vector first)."""
    matrix = w[at + ".weight"].reshape(-1, w[at + ".weight"].shape[-1]).t()
    with torch.no_grad():
        left = F.normalize(matrix @ s[at + ".spectral"].reshape(-1), dim=0)
        right = F.normalize(matrix.t() @ left, dim=0)
        if kept:
            s[at + ".spectral"].copy_(right.reshape(s[at + ".spectral"].shape))
    return {**w, at + ".weight": w[at + ".weight"] / (left @ matrix @ right)}


def one_hot(label, count):
    return F.one_hot(label.reshape(-1), count).double().reshape(-1, 1, 1, 1, count)


def generate(batch, w):
    given = torch.cat([batch["noise"], one_hot(batch["wanted"], 2)], -1)
    return layer(torch.tanh(layer(given, "G/hidden", w)), "G/x", w)


def gradient(of, by):
    """Of the sum of a value by another, to be differentiated again."""
    return torch.autograd.grad(of.sum(), by, create_graph=True)[0]


def between(batch, fake):
    return (batch["share"] * batch["feature"] + (1 - batch["share"]) * fake).detach(
        ).requires_grad_()


def projected(x, label, w):
    h = rectified(layer(x, "P/h", w), 0.2)
    return layer(h, "P/any", w) + (layer(h, "P/each", w) * one_hot(label, 2)).sum(-1, keepdim=True)


def projection(batch, w, s, update):
    """Hinge, spectral normalisation."""
    for at in ("P/h", "P/any", "P/each"):
        w = spectral(w, at, s, update == 0)
    fake = generate(batch, w)
    if update == 0:
        real = projected(batch["feature"], batch["grade"], w)
        losses = {"real_is_real": adversarial_loss(real, "hinge", "real"),
                  "fake_is_fake": adversarial_loss(projected(fake.detach(), batch["wanted"], w),
                                                   "hinge", "fake")}
        return {**losses, "d_loss": sum(losses.values())}
    loss = adversarial_loss(projected(fake, batch["wanted"], w), "hinge", "generator")
    return {"fake_is_real": loss}


def squares(batch, w, s, update):
    """Least squares with R1, and the class of real samples alone."""
    def judge(x):
        h = F.elu(layer(rectified(layer(x, "Q/one", w), 0.2), "Q/h", w))
        return layer(h, "Q/source", w), layer(h, "K/logits", w)

    fake = generate(batch, w)
    if update == 0:
        real = batch["feature"].clone().requires_grad_()
        source, logits = judge(real)
        losses = {"real_is_real": adversarial_loss(source, "least-squares", "real"),
                  "fake_is_fake": adversarial_loss(judge(fake.detach())[0], "least-squares", "fake"),
                  "real_class": cross_entropy(logits, batch["grade"]),
                  "penalty": (lengths(gradient(source, real)) ** 2).mean()}
        weights = (1, 1, 1, 0.5)
        return {**losses, "d_loss": sum(a * b for a, b in zip(weights, losses.values()))}
    source, logits = judge(fake)
    losses = {"fake_is_real": adversarial_loss(source, "least-squares", "generator"),
              "fake_class": cross_entropy(logits, batch["wanted"])}
    return {**losses, "g_loss": sum(losses.values())}


def critic(batch, w, s, update):
    """f-CLSWGAN: a conditional critic, a gradient penalty, a classifier that stays as it is."""
    def judge(x, label):
        h = rectified(layer(torch.cat([x, one_hot(label, 2)], -1), "W/one", w), 0.2)
        return layer(torch.tanh(layer(h, "W/two", w)), "W/source", w)

    fake = generate(batch, w)
    if update == 0:
        at = between(batch, fake)
        losses = {"real_is_real": adversarial_loss(judge(batch["feature"], batch["grade"]),
                                                   "wasserstein", "real"),
                  "fake_is_fake": adversarial_loss(judge(fake.detach(), batch["wanted"]),
                                                   "wasserstein", "fake"),
                  "penalty": ((lengths(gradient(judge(at, batch["grade"]), at)) - 1) ** 2).mean()}
        return {**losses, "d_loss": losses["real_is_real"] + losses["fake_is_fake"] +
                10 * losses["penalty"]}
    losses = {"fake_is_real": adversarial_loss(judge(fake, batch["wanted"]), "wasserstein",
                                               "generator"),
              "fake_class": cross_entropy(layer(fake, "L/logits", w), batch["wanted"])}
    return {**losses, "g_loss": losses["fake_is_real"] + 0.25 * losses["fake_class"]}


def embedded(batch, w, s, update):
    """ReACGAN."""
    def judge(x):
        h = rectified(layer(x, "R/h", w), 0.2)
        embedding = layer(h, "E/embedding", w)
        return layer(h, "R/source", w), embedding, cosines(embedding, w["E/logits.proxies"])

    fake = generate(batch, w)
    if update == 0:
        source, embedding, cosine = judge(batch["feature"])
        losses = {"real_is_real": adversarial_loss(source, "bce", "real"),
                  "fake_is_fake": adversarial_loss(judge(fake.detach())[0], "bce", "fake"),
                  "real_class": data_to_data(embedding, cosine, batch["grade"])}
        return {**losses, "d_loss": sum(losses.values())}
    source, embedding, cosine = judge(fake)
    losses = {"fake_is_real": adversarial_loss(source, "bce", "generator"),
              "fake_class": data_to_data(embedding, cosine, batch["wanted"])}
    return {**losses, "g_loss": sum(losses.values())}


def gan_samples(t, size, noise):
    rows = 8
    t.sample("feature", "feature", halves(rows, *size))
    t.sample("grade", "label", classes(2, rows, 1, 1, 1, 1), 2)
    t.sample("noise", "feature", halves(rows, 1, 1, 1, noise))
    t.sample("wanted", "label", classes(2, rows, 1, 1, 1, 1), 2)
    t.sample("share", "feature", torch.rand(rows, 1, 1, 1, 1).half().double())


def gan():
    t = Trial("parity-gan")
    gan_samples(t, (1, 1, 1, 5), 4)
    for name, inputs, outputs in (
            ("G/hidden", 6, 9), ("G/x", 9, 5), ("P/h", 5, 8), ("P/any", 8, 1), ("Q/one", 5, 8),
            ("Q/h", 8, 6), ("Q/source", 6, 1), ("K/logits", 6, 2), ("W/one", 7, 8), ("W/two", 8, 6),
            ("W/source", 6, 1), ("L/logits", 5, 2), ("R/h", 5, 8), ("R/source", 8, 1),
            ("E/embedding", 8, 5)):
        t.dense(name, inputs, outputs)
    t.start("P/each.weight", 1, 1, 1, 8, 2, inputs=8)
    t.start("E/logits.proxies", 1, 1, 1, 2, 5, inputs=5)
    for at, rows in (("P/h", 5), ("P/any", 8), ("P/each", 8)):
        t.states[at + ".spectral"] = halves(1, 1, 1, 1, rows)
        t.fixture.given(at + ".spectral", t.states[at + ".spectral"])
    bodies = {"projection": projection, "squares": squares, "critic": critic,
              "embedded": embedded}
    t.train_each(bodies)


def gan_maps():
    t = Trial("parity-gan-maps")
    gan_samples(t, (2, 4, 6, 2), 4)
    t.dense("G/x", 6, 96)
    t.conv("D/one", (3, 3, 3), 2, 3)
    t.conv("D/two", (3, 3, 3), 3, 3)
    t.conv("D/three", (1, 1, 1), 6, 4)
    t.dense("D/source", 4 * 2 * 3, 1)

    def judge(x, w):
        at = lambda name, x, **how: conv(x, w[name + ".weight"], w[name + ".bias"], **how)
        one = rectified(at("D/one", x, padding=1), 0.2)
        two = at("D/two", one, padding=1)
        three = at("D/three", torch.cat([two + one, F.elu(two)], -1))
        small = torch.tanh(pool(torch.sigmoid(three), "avg_pool", 2))
        return layer(small.reshape(len(x), 1, 1, 1, -1), "D/source", w)

    def body(batch, w, s, update):
        given = torch.cat([batch["noise"], one_hot(batch["wanted"], 2)], -1)
        fake = layer(given, "G/x", w).reshape(-1, 2, 4, 6, 2)
        if update == 0:
            real = batch["feature"].clone().requires_grad_()
            at, source = between(batch, fake), judge(real, w)
            losses = {"real_is_real": adversarial_loss(source, "wasserstein", "real"),
                      "fake_is_fake": adversarial_loss(judge(fake.detach(), w), "wasserstein",
                                                       "fake"),
                      "penalty": ((lengths(gradient(judge(at, w), at)) - 1) ** 2).mean(),
                      "r1": (lengths(gradient(source, real)) ** 2).mean()}
            weights = (1, 1, 10, 0.5)
            return {**losses, "d_loss": sum(a * b for a, b in zip(weights, losses.values()))}
        return {"fake_is_real": adversarial_loss(judge(fake, w), "wasserstein", "generator")}

    t.train(body)
