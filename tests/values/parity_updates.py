# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to weights: how they start, and twenty steps of each optimizer and schedule."""
import xml.etree.ElementTree as ElementTree

import torch
from torch import nn, optim

from parity_fixture import Fixture, halves

STEPS = 20


# ---- Optimizers and schedules, from the elements that the graph has -----------------------------

def optimizer(element, weights):
    get = lambda name, fallback: float(element.get(name, fallback))
    if element.tag == "sgd":
        return optim.SGD(weights, get("rate", 1e-2), get("momentum", 0.9),
                         weight_decay=get("decay", 0), nesterov=element.get("nesterov") == "yes")
    kind = {"adam": optim.Adam, "adamw": optim.AdamW}[element.tag]
    return kind(weights, get("rate", 1e-3), (get("beta1", 0.9), get("beta2", 0.999)),
                get("epsilon", 1e-8), get("decay", {"adam": 0, "adamw": 1e-2}[element.tag]))


def schedule(element, kept, steps=STEPS):
    """PyTorch's schedulers for <step_decay>, <cosine>, <linear>, behind a warm-up."""
    if element is None:
        return optim.lr_scheduler.ConstantLR(kept, 1.0)
    rate, warmup = kept.param_groups[0]["lr"], int(element.get("warmup", 0))
    final, rest = float(element.get("final", 0)), steps - warmup
    if element.tag == "step_decay":
        after = optim.lr_scheduler.StepLR(kept, int(element.get("every")),
                                          float(element.get("factor", 0.1)))
    elif element.tag == "cosine":
        after = optim.lr_scheduler.CosineAnnealingLR(kept, rest, final * rate)
    else:
        after = optim.lr_scheduler.LinearLR(kept, 1.0, final, rest)
    if not warmup:
        return after
    for group in kept.param_groups:
        group["lr"] = group["initial_lr"]
    rise = optim.lr_scheduler.LinearLR(kept, 1 / warmup, 1.0, warmup - 1)
    return optim.lr_scheduler.SequentialLR(kept, [rise, after], [warmup])


ELEMENTS = [
    "<sgd rate=\"0.1\" momentum=\"0\"/>",
    "<sgd rate=\"0.1\"/>",
    "<sgd rate=\"0.05\" momentum=\"0.7\" nesterov=\"yes\" decay=\"0.1\"/>",
    "<sgd rate=\"0.1\" momentum=\"0\" decay=\"0.5\"/>",
    "<adam rate=\"0.02\"/>",
    "<adam rate=\"0.02\" decay=\"0.3\" beta1=\"0.5\" beta2=\"0.9\" epsilon=\"1e-3\"/>",
    "<adamw rate=\"0.02\"/>",
    "<adamw rate=\"0.02\" decay=\"0.5\" beta1=\"0.8\"/>",
    "<sgd rate=\"0.1\"><step_decay every=\"6\"/></sgd>",
    "<sgd rate=\"0.1\"><step_decay every=\"4\" factor=\"0.5\" warmup=\"5\"/></sgd>",
    "<adam rate=\"0.02\"><cosine/></adam>",
    "<adamw rate=\"0.02\"><cosine warmup=\"5\" final=\"0.1\"/></adamw>",
    "<sgd rate=\"0.1\" momentum=\"0\"><cosine warmup=\"1\"/></sgd>",
    "<adam rate=\"0.02\"><linear warmup=\"4\" final=\"1\"/></adam>",
    "<sgd rate=\"0.1\"><linear warmup=\"3\" final=\"0.2\"/></sgd>",
    "<sgd rate=\"0.1\"><linear/></sgd>",
]


def optimizers():
    f = Fixture()
    for text in ELEMENTS:
        element = ElementTree.fromstring(text)
        at, weight, gradients = f.case(text), halves(23), halves(STEPS, 23)
        gradients[:, :2] *= 2.0 ** -10  # small ones, where epsilon counts
        gradients = gradients.half().double()
        f.given(at + "weight", weight)
        f.given(at + "gradient", gradients)
        leaf, after = nn.Parameter(weight.clone()), []
        kept = optimizer(element, [leaf])
        rates = schedule(element[0] if len(element) else None, kept)
        for gradient in gradients:
            leaf.grad = gradient.clone()
            kept.step()
            rates.step()
            after.append(leaf.detach().clone())
        f.expected(at + "after", torch.stack(after))
    f.write("parity-optimizers.safetensors")


# ---- How weights start --------------------------------------------------------------------------

def starts():
    """Tenths of the distribution of each weight: the smallest, nine between, the largest."""
    layers = [
        ("x=1,6,6,6,16 | <conv x=\"x\" channels=\"32\"/>", lambda: nn.Conv3d(16, 32, 3)),
        ("x=1,1,6,6,3 | <conv x=\"x\" channels=\"8\" kernel=\"5 3\"/>",
         lambda: nn.Conv2d(3, 8, (5, 3))),
        ("x=1,1,1,20,4 | <conv x=\"x\" channels=\"6\"/>", lambda: nn.Conv1d(4, 6, 3)),
        ("x=1,4,4,4,16 | <transposed_conv x=\"x\" channels=\"8\"/>",
         lambda: nn.ConvTranspose3d(16, 8, 2, 2)),
        ("x=1,1,4,4,4 | <transposed_conv x=\"x\" channels=\"10\" kernel=\"4\" padding=\"1\"/>",
         lambda: nn.ConvTranspose2d(4, 10, 4, 2, 1)),
        ("x=2,1,1,1,50 | <dense x=\"x\" channels=\"20\"/>", lambda: nn.Linear(50, 20)),
        ("x=2,1,4,4,3 | <dense x=\"x\" channels=\"5\"/>", lambda: nn.Linear(48, 5)),
        ("x=2,3,4,5,6 | <batch_norm x=\"x\"/>", lambda: nn.BatchNorm3d(6)),
        ("x=2,3,4,5,6 | <instance_norm x=\"x\"/>", lambda: nn.InstanceNorm3d(6, affine=True)),
        ("x=2,3,4,5,6 | <group_norm x=\"x\" groups=\"3\"/>", lambda: nn.GroupNorm(3, 6)),
    ]
    names = {"weight": "gamma", "bias": "beta"}
    f = Fixture()
    for text, make in layers:
        at, drawn = f.case(text), {}
        while not drawn or min(map(len, drawn.values())) < 50000:
            for name, tensor in make().state_dict().items():
                drawn[name] = torch.cat([drawn.get(name, torch.empty(0)),
                                         tensor.detach().float().reshape(-1)])
            if "norm" in text:
                break
        for name, values in drawn.items():
            if name != "num_batches_tracked":
                name = names.get(name, name) if "norm" in text else name
                f.expected(at + name, torch.quantile(values[:1000000], torch.linspace(0, 1, 11)))
    f.write("parity-starts.safetensors")
