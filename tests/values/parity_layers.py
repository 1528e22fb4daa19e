# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers and losses, one element a case: outputs, gradients, running statistics."""
import torch
import torch.nn.functional as F

from parity_fixture import (Fixture, batch_norm, bce, classes, conv, cross_entropy, dense, dice,
                            first, group_norm, halves, instance_norm, last, mapped, pool, rank,
                            transposed_conv, weighted_mean)


def case(fixture, element, forward, given, weights=None, states=None, kinds=None,
         evaluating=False):
    """forward takes inputs, weights and states by name, and gives the output; states it changes in
    place. A whole number has no gradient; kinds says what ports can't, as "label" and "mask:3"."""
    kinds, weights, states = kinds or {}, weights or {}, states or {}
    words = []
    for name, x in given.items():
        kind, _, count = kinds.get(name, "").partition(":")
        words.append(f"{name}={kind + ':' if kind else ''}{','.join(map(str, x.shape))}"
                     f"{':' + count if count else ''}")
    at = fixture.case(f"{'evaluating ' if evaluating else ''}{' '.join(words)} | {element}")
    for role, tensors in (("in", given), ("weight", weights), ("state", states)):
        for name, x in tensors.items():
            fixture.given(f"{at}{role}.{name}", x)
    leaves = {f"d{role}.{name}": x.clone().requires_grad_()
              for role, tensors in (("in", given), ("weight", weights))
              for name, x in tensors.items()
              if x.dtype == torch.float64
              and kinds.get(name, "") not in ("weight", "probability", "noise", "logits")}
    known = {**given, **weights, **{k: v.clone() for k, v in states.items()}}
    known.update({k.split(".")[1]: v for k, v in leaves.items()})
    y = forward(**known)
    y = y.reshape(1, 1, 1, 1, 1) if y.dim() == 0 else y
    fixture.expected(at + "out", y)
    for name in states:
        fixture.expected(f"{at}new.{name}", known[name])
    if not leaves:
        return
    dy = halves(*y.shape)
    fixture.given(at + "dout", dy)
    for name, d in zip(leaves, torch.autograd.grad(y, list(leaves.values()), dy)):
        fixture.expected(at + name, d)


# ---- Convolutions ----------------------------------------------------------------------------

def conv_case(fixture, attributes, x, size, channels, **how):
    bias = "bias=\"no\"" not in attributes
    weights = {"weight": halves(*size, x[-1], channels, scale=0.3)}
    if bias:
        weights["bias"] = halves(1, 1, 1, 1, channels)
    case(fixture, f"<conv x=\"x\" channels=\"{channels}\" {attributes}/>",
         lambda x, weight, bias=None: conv(x, weight, bias, **how), {"x": halves(*x)}, weights)


def transposed_case(fixture, attributes, x, size, channels, **how):
    weights = {"weight": halves(*size, channels, x[-1], scale=0.3)}
    if "bias=\"no\"" not in attributes:
        weights["bias"] = halves(1, 1, 1, 1, channels)
    case(fixture, f"<transposed_conv x=\"x\" channels=\"{channels}\" {attributes}/>",
         lambda x, weight, bias=None: transposed_conv(x, weight, bias, **how), {"x": halves(*x)},
         weights)


def convolutions():
    f = Fixture()
    conv_case(f, "", (2, 4, 5, 6, 3), (3, 3, 3), 5, padding=1)
    conv_case(f, "stride=\"2\"", (1, 7, 6, 9, 4), (3, 3, 3), 6, stride=2, padding=1)
    conv_case(f, "kernel=\"5 3\" stride=\"2 1\" padding=\"2 0\"", (2, 1, 11, 9, 3), (1, 5, 3), 4,
              stride=(2, 1), padding=(2, 0))
    conv_case(f, "dilation=\"2\" bias=\"no\"", (1, 1, 9, 8, 3), (1, 3, 3), 4, padding=2, dilation=2)
    conv_case(f, "dilation=\"1 2 3\" kernel=\"2 3 3\" padding=\"1 2 3\"", (1, 4, 7, 9, 2),
              (2, 3, 3), 3, padding=(1, 2, 3), dilation=(1, 2, 3))
    conv_case(f, "kernel=\"7\" stride=\"3\" padding=\"2\"", (2, 1, 1, 23, 3), (1, 1, 7), 5,
              stride=3, padding=2)
    conv_case(f, "dilation=\"4\"", (2, 1, 1, 13, 2), (1, 1, 3), 3, padding=4, dilation=4)
    conv_case(f, "kernel=\"1\"", (2, 3, 4, 5, 6), (1, 1, 1), 7)
    conv_case(f, "kernel=\"1\" stride=\"2\" bias=\"no\"", (1, 1, 7, 5, 4), (1, 1, 1), 3, stride=2)
    conv_case(f, "kernel=\"2\"", (1, 1, 5, 6, 3), (1, 2, 2), 4, padding="same")
    conv_case(f, "kernel=\"4\" stride=\"2\" padding=\"1\"", (1, 1, 8, 10, 3), (1, 4, 4), 5,
              stride=2, padding=1)
    conv_case(f, "kernel=\"4 3 2\" padding=\"0\"", (1, 5, 4, 3, 3), (4, 3, 2), 2)
    transposed_case(f, "", (2, 3, 2, 4, 5), (2, 2, 2), 3, stride=2)
    transposed_case(f, "bias=\"no\"", (2, 1, 3, 5, 4), (1, 2, 2), 3, stride=2)
    transposed_case(f, "", (2, 1, 1, 7, 4), (1, 1, 2), 3, stride=2)
    transposed_case(f, "kernel=\"4\" padding=\"1\"", (1, 3, 4, 5, 3), (4, 4, 4), 2, stride=2,
                    padding=1)
    transposed_case(f, "kernel=\"4\" padding=\"1\"", (2, 1, 4, 3, 6), (1, 4, 4), 4, stride=2,
                    padding=1)
    transposed_case(f, "kernel=\"3\" padding=\"1\" extra=\"1\"", (1, 1, 5, 5, 3), (1, 3, 3), 2,
                    stride=2, padding=1, output_padding=1)
    transposed_case(f, "kernel=\"3\" stride=\"1\" padding=\"1\"", (1, 3, 4, 3, 4), (3, 3, 3), 3,
                    stride=1, padding=1)
    transposed_case(f, "kernel=\"3 4\" stride=\"1 2\" padding=\"1 1\"", (1, 1, 4, 5, 3),
                    (1, 3, 4), 5, stride=(1, 2), padding=1)
    f.write("parity-convolutions.safetensors")


def wide():
    """Enough channels and pixels for Winograd's algorithm and whole blocks of channels."""
    f = Fixture()
    conv_case(f, "", (1, 1, 11, 12, 16), (1, 3, 3), 32, padding=1)
    conv_case(f, "", (1, 4, 8, 8, 16), (3, 3, 3), 16, padding=1)
    transposed_case(f, "", (1, 1, 6, 7, 16), (1, 2, 2), 17, stride=2)
    f.write("parity-wide.safetensors")


# ---- Other layers ----------------------------------------------------------------------------

def dense_case(fixture, attributes, x, channels):
    inputs = x[1] * x[2] * x[3] * x[4]
    weights = {"weight": halves(1, 1, 1, inputs, channels, scale=0.3)}
    if "bias=\"no\"" not in attributes:
        weights["bias"] = halves(1, 1, 1, 1, channels)
    case(fixture, f"<dense x=\"x\" channels=\"{channels}\" {attributes}/>",
         lambda x, weight, bias=None: dense(x, weight, bias), {"x": halves(*x)}, weights)


def norm_case(fixture, kind, attributes, x, evaluating=False, affine=True, **how):
    c = (1, 1, 1, 1, x[-1])
    weights = {"gamma": (1 + halves(*c) / 2).half().double(), "beta": halves(*c)}
    states = {"running_mean": halves(*c), "running_var": (halves(*c) ** 2 + 0.5).half().double()}
    function = {"batch_norm": batch_norm, "instance_norm": instance_norm,
                "group_norm": group_norm}[kind]
    if kind == "batch_norm":
        how["training"] = not evaluating

    def forward(x, gamma=None, beta=None, running_mean=None, running_var=None):
        running = () if running_mean is None else (running_mean, running_var)
        return function(x, *running, gamma=gamma, beta=beta, **how)

    case(fixture, f"<{kind} x=\"x\" {attributes}/>", forward, {"x": (halves(*x) + 0.5).half().double()},
         weights if affine else None, states if kind == "batch_norm" else None,
         evaluating=evaluating)


def norms(f):
    norm_case(f, "batch_norm", "", (2, 3, 4, 5, 6))
    norm_case(f, "batch_norm", "", (2, 2, 3, 4, 6), evaluating=True)
    norm_case(f, "batch_norm", "epsilon=\"1e-3\" momentum=\"0.5\" slope=\"0.2\"", (3, 1, 5, 4, 17),
              eps=1e-3, momentum=0.5, slope=0.2)
    norm_case(f, "batch_norm", "epsilon=\"1e-3\" slope=\"0\"", (2, 1, 5, 4, 3), evaluating=True,
              eps=1e-3, slope=0)
    norm_case(f, "batch_norm", "", (7, 1, 1, 1, 5))
    norm_case(f, "batch_norm", "affine=\"no\"", (2, 1, 1, 9, 4), affine=False)
    norm_case(f, "instance_norm", "", (2, 3, 4, 3, 6))
    norm_case(f, "instance_norm", "slope=\"0.01\" epsilon=\"1e-2\"", (3, 1, 5, 7, 3), slope=0.01,
              eps=1e-2)
    norm_case(f, "instance_norm", "affine=\"no\"", (2, 1, 1, 9, 17), affine=False)
    norm_case(f, "instance_norm", "", (2, 3, 2, 3, 4), evaluating=True)
    norm_case(f, "group_norm", "groups=\"3\"", (2, 3, 4, 5, 6), groups=3)
    norm_case(f, "group_norm", "slope=\"0.2\"", (2, 1, 4, 3, 16), slope=0.2)
    norm_case(f, "group_norm", "groups=\"2\" affine=\"no\"", (3, 1, 1, 1, 8), groups=2,
              affine=False)
    norm_case(f, "group_norm", "groups=\"1\" epsilon=\"1e-3\"", (2, 1, 1, 7, 3), groups=1,
              eps=1e-3)


def pools(f):
    def both(x, kind, attributes, function, *arguments, **how):
        case(f, f"<{kind} x=\"x\" {attributes}/>",
             lambda x: pool(x, function, *arguments, **how), {"x": x})

    both(halves(1, 4, 5, 6, 3), "max_pool", "", "max_pool", 2)
    both(halves(1, 1, 7, 8, 4), "max_pool", "kernel=\"3\" stride=\"2\" padding=\"1\"", "max_pool",
         3, 2, 1)
    both(halves(2, 1, 1, 11, 2), "max_pool", "kernel=\"3\" stride=\"1\"", "max_pool", 3, 1)
    ties = torch.randint(-2, 3, (2, 4, 4, 5, 3)).double()
    both(ties, "max_pool", "kernel=\"3 2 2\" stride=\"1 2 1\" padding=\"1 0 1\"", "max_pool",
         (3, 2, 2), (1, 2, 1), (1, 0, 1))
    both(halves(1, 4, 5, 6, 3), "average_pool", "", "avg_pool", 2)
    both(halves(1, 1, 7, 8, 4), "average_pool", "kernel=\"3\" stride=\"2\" padding=\"1\"",
         "avg_pool", 3, 2, 1)
    both(halves(1, 3, 5, 4, 2), "average_pool",
         "kernel=\"3\" stride=\"2\" padding=\"1\" count_padding=\"no\"", "avg_pool", 3, 2, 1,
         count_include_pad=False)
    both(halves(2, 1, 1, 9, 3), "average_pool", "kernel=\"4\" stride=\"2\" padding=\"2\"",
         "avg_pool", 4, 2, 2)
    for x, take, function in ((halves(2, 3, 4, 5, 6), "mean", F.adaptive_avg_pool3d),
                              (halves(2, 2, 4, 5, 17), "max", F.adaptive_max_pool3d),
                              (ties, "max", F.adaptive_max_pool3d)):
        case(f, f"<global_pool x=\"x\" take=\"{take}\"/>",
             lambda x, function=function: last(function(first(x, 3), 1)), {"x": x})
    for x, factor in (((2, 2, 3, 4, 3), (2, 2, 2)), ((2, 1, 3, 4, 5), (1, 3, 3)),
                      ((1, 2, 2, 3, 2), (1, 2, 3)), ((1, 1, 1, 5, 2), (1, 1, 2))):
        text = factor[2] if x[1] > 1 and len(set(factor)) == 1 else " ".join(map(str, factor))
        case(f, f"<upsample x=\"x\" factor=\"{text}\"/>",
             lambda x, factor=factor: last(F.interpolate(
                 first(x, 3), scale_factor=tuple(map(float, factor)), mode="nearest")),
             {"x": halves(*x)})


def activations(f):
    x = halves(2, 3, 3, 4, 3, scale=2)
    x.view(-1)[:6] = torch.tensor([0, -0.0, 30, -30, 88, -88.0])
    for element, function in (("<relu x=\"x\"/>", F.relu),
                              ("<leaky_relu x=\"x\"/>", F.leaky_relu),
                              ("<leaky_relu x=\"x\" slope=\"0.2\"/>", lambda x: F.leaky_relu(x, 0.2)),
                              ("<elu x=\"x\"/>", F.elu),
                              ("<elu x=\"x\" alpha=\"0.5\"/>", lambda x: F.elu(x, 0.5)),
                              ("<sigmoid x=\"x\"/>", torch.sigmoid),
                              ("<tanh x=\"x\"/>", torch.tanh),
                              ("<softmax x=\"x\"/>", lambda x: torch.softmax(x, -1))):
        case(f, element, lambda x, function=function: function(x), {"x": x})
    case(f, "<softmax x=\"x\"/>", lambda x: torch.softmax(x, -1), {"x": halves(3, 1, 1, 1, 37)})
    case(f, "<tanh x=\"x\"/>", lambda x: torch.tanh(x), {"x": halves(2, 1, 3, 7, 5, scale=0.01)})
    case(f, "<dropout x=\"x\" rate=\"0.4\"/>", lambda x: F.dropout(x, 0.4, training=False),
         {"x": halves(2, 1, 3, 4, 5)}, evaluating=True)


def joints(f):
    a, b, c = halves(2, 2, 3, 4, 6), halves(2, 2, 3, 4, 3), halves(2, 2, 3, 4, 1)
    case(f, "<concat x=\"a b c\"/>",
         lambda a, b, c: last(torch.cat([first(t, 3) for t in (a, b, c)], 1)),
         {"a": a, "b": b, "c": c})
    case(f, "<residual x=\"a b\"/>", lambda a, b: a + b, {"a": a, "b": halves(*a.shape)})
    case(f, "<reshape x=\"x\" shape=\"1 2 3 -1\"/>", lambda x: x.reshape(2, 1, 2, 3, 4),
         {"x": halves(2, 1, 1, 1, 24)})
    case(f, "<identity x=\"x\"/>", lambda x: x * 1, {"x": halves(2, 1, 3, 4, 5)})
    case(f, "<one_hot label=\"l\" classes=\"3\"/>",
         lambda l: F.one_hot(l.reshape(5, 1, 1, 1), 3).double(), {"l": classes(3, 5, 1, 1, 1, 1)},
         kinds={"l": "label:3"})
    case(f, "<sum x=\"a b c\" weights=\"1 0.5 -2\"/>", lambda a, b, c: a + 0.5 * b - 2 * c,
         {k: halves(1, 1, 1, 1, 1) for k in "abc"}, kinds={k: "loss" for k in "abc"})


def layers():
    f = Fixture()
    dense_case(f, "", (4, 1, 1, 1, 7), 5)
    dense_case(f, "", (3, 2, 3, 2, 5), 19)
    dense_case(f, "bias=\"no\"", (9, 1, 1, 1, 33), 1)
    norms(f)
    pools(f)
    activations(f)
    joints(f)
    f.write("parity-layers.safetensors")


# ---- Losses ----------------------------------------------------------------------------------

def entropies(f):
    labels, rows = classes(3, 6, 1, 1, 1, 1), torch.tensor([0.5, 1, 2, 0.25, 1, 0]).double()
    x, rows = halves(6, 1, 1, 1, 3, scale=2), rows.reshape(6, 1, 1, 1, 1)
    kinds = {"l": "label:3", "w": "weight"}
    case(f, "<cross_entropy logits=\"x\" label=\"l\"/>", lambda x, l: cross_entropy(x, l),
         {"x": x, "l": labels}, kinds=kinds)
    case(f, "<cross_entropy logits=\"x\" label=\"l\" weight=\"w\"/>",
         lambda x, l, w: cross_entropy(x, l, w), {"x": x, "l": labels, "w": rows}, kinds=kinds)
    case(f, "<cross_entropy logits=\"x\" label=\"l\" weight=\"w\" class_weights=\"0.5 2 1.5\" "
         "smoothing=\"0.1\"/>",
         lambda x, l, w: cross_entropy(x, l, w, torch.tensor([0.5, 2, 1.5]).double(), 0.1),
         {"x": x, "l": labels, "w": rows}, kinds=kinds)
    some = labels.clone()
    some[1] = some[4] = -1
    case(f, "<cross_entropy logits=\"x\" label=\"l\" smoothing=\"0.2\" class_weights=\"1 3 2\"/>",
         lambda x, l: cross_entropy(x, l, None, torch.tensor([1, 3, 2]).double(), 0.2),
         {"x": x, "l": some}, kinds=kinds)
    case(f, "<cross_entropy logits=\"x\" label=\"y\"/>", lambda x, y: cross_entropy(x, y),
         {"x": halves(2, 2, 3, 4, 3), "y": classes(3, 2, 2, 3, 4, 1)}, kinds={"y": "mask:3"})
    large = halves(4, 1, 1, 1, 5, scale=40)
    case(f, "<cross_entropy logits=\"x\" label=\"l\"/>", lambda x, l: cross_entropy(x, l),
         {"x": large, "l": classes(5, 4, 1, 1, 1, 1)}, kinds={"l": "label:5"})


def points(f):
    x, rows = halves(5, 1, 1, 1, 1, scale=3), torch.tensor([1, 0.5, 2, 0.25, 0]).double()
    rows = rows.reshape(5, 1, 1, 1, 1)
    kinds = {"w": "weight", "y": "mask:2", "p": "probability"}
    for target in (0, 1):
        case(f, f"<bce_loss logits=\"x\" target=\"{target}\"/>",
             lambda x, target=target: bce(x, float(target)), {"x": x})
    case(f, "<bce_loss logits=\"x\" target=\"1\" smoothing=\"0.1\" weight=\"w\"/>",
         lambda x, w: bce(x, 1.0, w, 0.1), {"x": x, "w": rows}, kinds=kinds)
    case(f, "<bce_loss logits=\"x\" truth=\"y\"/>", lambda x, y: bce(x, y),
         {"x": halves(2, 2, 3, 4, 1, scale=20), "y": classes(2, 2, 2, 3, 4, 1)}, kinds=kinds)
    case(f, "<bce_loss logits=\"x\" truth=\"p\" smoothing=\"0.2\"/>",
         lambda x, p: bce(x, p, None, 0.2),
         {"x": halves(2, 1, 3, 4, 3), "p": torch.rand(2, 1, 3, 4, 3).half().double()}, kinds=kinds)
    for element, error in (("mse_loss", lambda d: d ** 2), ("mae_loss", torch.abs)):
        a, b = halves(5, 1, 2, 3, 2), halves(5, 1, 2, 3, 2)
        b.view(-1)[3] = a.view(-1)[3]
        case(f, f"<{element} x=\"a\" target=\"b\"/>",
             lambda a, b, error=error: weighted_mean(error(a - b)), {"a": a, "b": b})
        case(f, f"<{element} x=\"a\" target=\"b\" weight=\"w\"/>",
             lambda a, b, w, error=error: weighted_mean(error(a - b), w),
             {"a": a, "b": b, "w": rows}, kinds=kinds)


def dices(f):
    x, y = halves(2, 2, 3, 4, 3, scale=2), classes(3, 2, 2, 3, 4, 1)
    some, rows = y.clone(), torch.tensor([0.5, 2]).double().reshape(2, 1, 1, 1, 1)
    some[0, 0] = -1
    for mask, attributes, how in (
            (y, "", {}), (y, "smooth=\"1\"", {"smooth": 1}), (some, "", {}),
            (y, "per_sample=\"yes\" smooth=\"1\"", {"per_sample": True, "smooth": 1})):
        case(f, f"<dice_loss logits=\"x\" mask=\"y\" {attributes}/>",
             lambda x, y, how=how: dice(x, y, **how), {"x": x, "y": mask}, kinds={"y": "mask:3"})
        case(f, f"<dice_loss logits=\"x\" mask=\"y\" weight=\"w\" {attributes}/>",
             lambda x, y, w, how=how: dice(x, y, w, **how), {"x": x, "y": mask, "w": rows},
             kinds={"y": "mask:3", "w": "weight"})
    case(f, "<dice_loss logits=\"x\" mask=\"y\"/>", lambda x, y: dice(x, y),
         {"x": x[..., :1].contiguous(), "y": y % 2}, kinds={"y": "mask:2"})
    case(f, "<dice_loss logits=\"x\" mask=\"y\" sigmoid=\"yes\" weight=\"w\"/>",
         lambda x, y, w: dice(x, y, w, sigmoid=True),
         {"x": x[..., :2].contiguous(), "y": y, "w": rows}, kinds={"y": "mask:3", "w": "weight"})
    case(f, "<dice_cross_entropy logits=\"x\" mask=\"y\"/>",
         lambda x, y: dice(x, y) + cross_entropy(x, y), {"x": x, "y": y}, kinds={"y": "mask:3"})
    case(f, "<dice_cross_entropy logits=\"x\" mask=\"y\" weight=\"w\" dice=\"0.5\" entropy=\"2\" "
         "smoothing=\"0.1\" smooth=\"1\" per_sample=\"yes\"/>",
         lambda x, y, w: 0.5 * dice(x, y, w, per_sample=True, smooth=1)
         + 2 * cross_entropy(x, y, w, smoothing=0.1),
         {"x": x, "y": some, "w": rows}, kinds={"y": "mask:3", "w": "weight"})


def losses():
    f = Fixture()
    entropies(f)
    points(f)
    dices(f)
    f.write("parity-losses.safetensors")


# ---- Imbalance -------------------------------------------------------------------------------

def focal(x, label, gamma, row=None, weights=None):
    """(1 - p)^gamma (-log p) of the label's class, as a mean with cross_entropy's weights."""
    y = label.reshape(label.shape[:-1])
    likely = torch.log_softmax(x, -1).gather(-1, y.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    counts = (y >= 0) * (torch.ones(x.shape[-1]).double() if weights is None else weights)[y.clamp(min=0)]
    counts = counts * (1.0 if row is None else row.reshape(-1, 1, 1, 1))
    return (counts * (-torch.expm1(likely)) ** gamma * -likely).sum() / counts.sum()


def imbalance():
    f = Fixture()
    x, labels = halves(6, 1, 1, 1, 3, scale=2), classes(3, 6, 1, 1, 1, 1)
    rows = torch.tensor([0.5, 1, 2, 0.25, 1, 0]).double().reshape(6, 1, 1, 1, 1)
    kinds, weights = {"l": "label:3", "w": "weight"}, torch.tensor([0.5, 2, 1.5]).double()
    case(f, "<focal_loss logits=\"x\" label=\"l\"/>", lambda x, l: focal(x, l, 2),
         {"x": x, "l": labels}, kinds=kinds)
    case(f, "<focal_loss logits=\"x\" label=\"l\" gamma=\"0\" class_weights=\"0.5 2 1.5\"/>",
         lambda x, l: cross_entropy(x, l, None, weights), {"x": x, "l": labels}, kinds=kinds)
    some = labels.clone()
    some[1] = some[4] = -1
    for gamma in (0.5, 1, 5):
        case(f, f"<focal_loss logits=\"x\" label=\"l\" weight=\"w\" gamma=\"{gamma}\" "
             "class_weights=\"0.5 2 1.5\"/>",
             lambda x, l, w, gamma=gamma: focal(x, l, gamma, w, weights),
             {"x": x, "l": some, "w": rows}, kinds=kinds)
    case(f, "<focal_loss logits=\"x\" label=\"y\" gamma=\"2\"/>", lambda x, y: focal(x, y, 2),
         {"x": halves(2, 2, 3, 4, 3), "y": classes(3, 2, 2, 3, 4, 1)}, kinds={"y": "mask:3"})
    # Sure of what is right and of what is wrong: 1 - p has no digits left in single precision.
    sure = torch.tensor([[12.0, 0], [0, 15], [20, 0], [0, 30], [7, 0], [3, 0]]).double()
    case(f, "<focal_loss logits=\"x\" label=\"l\" gamma=\"0.5\"/>", lambda x, l: focal(x, l, 0.5),
         {"x": torch.tensor([[12.0, 0], [0, 13], [11, 0]]).double().reshape(3, 1, 1, 1, 2),
          "l": torch.tensor([0, 1, 0]).reshape(3, 1, 1, 1, 1)}, kinds={"l": "label:2"})
    case(f, "<focal_loss logits=\"x\" label=\"l\"/>", lambda x, l: focal(x, l, 2),
         {"x": sure.reshape(6, 1, 1, 1, 2), "l": torch.tensor([1, 0, 0, 0, 1, 0]).reshape(6, 1, 1, 1, 1)},
         kinds={"l": "label:2"})
    prior = halves(4, 1, 1, 1, 3)
    for tau, shape in ((1, (4, 1, 1, 1, 3)), (-0.5, (4, 2, 3, 5, 3))):
        case(f, f"<logit_adjustment logits=\"x\" prior=\"p\" tau=\"{tau}\"/>",
             lambda x, p, tau=tau: x + tau * p, {"x": halves(*shape), "p": prior},
             kinds={"p": "logits"})
    f.write("parity-imbalance.safetensors")
