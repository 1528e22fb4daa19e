# SPDX-License-Identifier: GPL-3.0-or-later
"""What the scripts of parity share: fixtures as safetensors files, and the way between layouts.

fornix keeps maps as N D H W C and kernels as D H W input output; PyTorch wants N C D H W and
output input D H W, without the axes that a 1-D or 2-D layer doesn't have. Leaves of the automatic
differentiation are in fornix's layout, so that gradients come out in it.

Numbers that a case is given are halves (16 bits), exact in single precision too; PyTorch computes
with them in double precision, so that a difference is fornix's rounding alone.
"""
import json
import os
import struct

import numpy as np
import torch
import torch.nn.functional as F

FOLDER = os.path.dirname(os.path.abspath(__file__))
TYPES = {"float16": "F16", "float32": "F32", "int8": "I8"}


class Fixture:
    """Named tensors and texts, in the order in which they came."""

    def __init__(self):
        self.tensors, self.texts, self.cases = {}, {"made": f"PyTorch {torch.__version__}"}, 0

    def case(self, text):
        """The prefix of a new case's tensors."""
        self.texts[str(self.cases)] = text
        self.cases += 1
        return f"{self.cases - 1}/"

    def given(self, name, tensor):
        """Exact: whole numbers and halves."""
        array = tensor.detach().numpy()
        kept = array.astype(np.int8 if tensor.dtype == torch.int64 else np.float16)
        assert np.array_equal(kept.astype(np.float64), array.astype(np.float64)), name
        self.tensors[name] = kept

    def expected(self, name, tensor):
        self.tensors[name] = np.asarray(tensor.detach().numpy(), np.float32)

    def write(self, name):
        header, data = {"__metadata__": self.texts}, b""
        for key, array in self.tensors.items():
            assert np.isfinite(array).all(), key
            raw = np.ascontiguousarray(array).tobytes()
            header[key] = {"dtype": TYPES[str(array.dtype)], "shape": list(array.shape),
                           "data_offsets": [len(data), len(data) + len(raw)]}
            data += raw
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        path = os.path.join(FOLDER, name)
        with open(path, "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text + data)
        print(f"{name}: {len(self.tensors)} tensors, {os.path.getsize(path)} bytes")


# ---- Numbers that are given ------------------------------------------------------------------

def halves(*shape, scale=1.0):
    """Normal numbers in double precision that 16 bits hold exactly."""
    return (torch.randn(*shape) * scale).half().double()


def classes(count, *shape):
    return torch.randint(0, count, shape)


# ---- Layouts ---------------------------------------------------------------------------------

def rank(x):
    """In how many dimensions a map extends: 1 to 3."""
    return 3 if x.shape[1] > 1 else 2 if x.shape[2] > 1 else 1


def first(x, dims):
    """N D H W C as PyTorch's N C D H W, with so many dimensions."""
    x = x.permute(0, 4, 1, 2, 3)
    return x.reshape(x.shape[:2] + x.shape[5 - dims:])


def last(y):
    """And back."""
    y = y.reshape(y.shape[:2] + (1,) * (5 - y.dim()) + y.shape[2:])
    return y.permute(0, 2, 3, 4, 1)


def kernel(w, dims):
    w = w.permute(4, 3, 0, 1, 2)
    return w.reshape(w.shape[:2] + w.shape[5 - dims:])


def mapped(function):
    """A function of N C D H W maps, as one of N D H W C maps."""
    return lambda x: last(function(first(x, rank(x))))


def conv(x, w, b=None, **how):
    d = rank(x)
    function = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}[d]
    return last(function(first(x, d), kernel(w, d), None if b is None else b.reshape(-1), **how))


def transposed_conv(x, w, b=None, **how):
    d = rank(x)
    function = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}[d]
    return last(function(first(x, d), kernel(w, d), None if b is None else b.reshape(-1), **how))


def dense(x, w, b=None):
    y = F.linear(x.reshape(x.shape[0], -1), w.reshape(w.shape[-2:]).t(),
                 None if b is None else b.reshape(-1))
    return y.reshape(-1, 1, 1, 1, y.shape[1])


def pool(x, function, *arguments, **how):
    d = rank(x)
    return last(getattr(F, f"{function}{d}d")(first(x, d), *arguments, **how))


def rectified(y, slope):
    """What the attribute slope of a norm adds; 1: nothing."""
    return y if slope == 1 else F.leaky_relu(y, slope)


def vectors(t):
    """Of 1 x 1 x 1 x 1 x C weights, as PyTorch's norms take them; None passes."""
    return None if t is None else t.reshape(-1)


def batch_norm(x, mean, variance, gamma=None, beta=None, training=True, momentum=0.1, eps=1e-5,
               slope=1):
    """mean and variance, running, are changed in place while training."""
    y = F.batch_norm(first(x, 3), vectors(mean), vectors(variance), vectors(gamma), vectors(beta),
                     training, momentum, eps)
    return rectified(last(y), slope)


def instance_norm(x, gamma=None, beta=None, eps=1e-5, slope=1):
    y = F.instance_norm(first(x, 3), weight=vectors(gamma), bias=vectors(beta), eps=eps)
    return rectified(last(y), slope)


def group_norm(x, gamma=None, beta=None, groups=8, eps=1e-5, slope=1):
    y = F.group_norm(first(x, 3), groups, vectors(gamma), vectors(beta), eps)
    return rectified(last(y), slope)


# ---- Losses ----------------------------------------------------------------------------------

def cross_entropy(x, label, row=None, weights=None, smoothing=0.0):
    """PyTorch's, over pixels; with a weight for each sample as its mean over such weights."""
    y = label.reshape(label.shape[:-1])
    each = F.cross_entropy(x.movedim(-1, 1), y, weight=weights, ignore_index=-1, reduction="none",
                           label_smoothing=smoothing)
    r = torch.ones(len(x), dtype=x.dtype) if row is None else row.reshape(-1)
    counts = (y >= 0) * (1.0 if weights is None else weights[y.clamp(min=0)])
    r = r.reshape(-1, 1, 1, 1)
    return (r * each).sum() / (r * counts).sum()


def dice(x, mask, row=None, sigmoid=False, per_sample=False, smooth=1e-5):
    """The formula, written down: 1 - (2 sum p t + e) / (sum p + sum t + e), by channel."""
    channels = x.shape[-1]
    sigmoid = sigmoid or channels == 1
    p = torch.sigmoid(x) if sigmoid else torch.softmax(x, -1)
    t = torch.stack([(mask[..., 0] == k + sigmoid) for k in range(channels)], -1).to(x.dtype)
    known = (mask >= 0).to(x.dtype)
    r = torch.ones(len(x), dtype=x.dtype) if row is None else row.reshape(-1)
    if per_sample:
        both, sums = ((known * v).sum((1, 2, 3)) for v in (p * t, p + t))
        score = ((2 * both + smooth) / (sums + smooth)).mean(1)
        return 1 - (r * score).sum() / r.sum()
    r = r.reshape(-1, 1, 1, 1, 1)
    both, sums = ((r * known * v).sum((0, 1, 2, 3)) for v in (p * t, p + t))
    return 1 - ((2 * both + smooth) / (sums + smooth)).mean()


def weighted_mean(each, row=None):
    """Of a number for each element, samples counting as row says."""
    if row is None:
        return each.mean()
    r = row.reshape(-1, 1, 1, 1, 1).expand_as(each)
    return (r * each).sum() / r.sum()


def bce(x, truth, row=None, smoothing=0.0):
    target = truth if torch.is_tensor(truth) else torch.full_like(x, truth)
    target = (1 - smoothing) * target.to(x.dtype) + smoothing / 2
    return weighted_mean(F.binary_cross_entropy_with_logits(x, target, reduction="none"), row)
