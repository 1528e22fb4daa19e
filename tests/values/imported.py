# SPDX-License-Identifier: GPL-3.0-or-later
"""A random 3-D net of PyTorch with what such nets are made of, for tests/imported/: imported.py

Writes net.safetensors (the weights, in the types F32, F16, BF16 and F64), input.npy (N C D H W) and
expected.safetensors: the map and the logits that the net makes of it, channels first, as it has
them. tests/imported/net.xml and net.map are the same net and its names."""
import json
import os
import struct

import numpy as np
import torch
from torch import nn

FOLDER = os.path.join(os.path.dirname(__file__), "..", "imported")


class Net(nn.Module):
    """Unequal sizes along all axes, so that no two of them can be taken for one another."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv3d(2, 6, (3, 1, 3), padding=(1, 0, 1)), nn.GroupNorm(3, 6),
                                  nn.ELU())
        self.down = nn.Sequential(nn.Conv3d(6, 4, 3, stride=2, padding=2, dilation=2),
                                  nn.BatchNorm3d(4), nn.LeakyReLU(0.1))
        self.pool = nn.MaxPool3d(2)
        self.up = nn.ConvTranspose3d(10, 3, (2, 2, 2), stride=2)
        self.fuse = nn.Conv3d(9, 4, (1, 3, 5), padding=(0, 1, 2), bias=False)
        self.norm = nn.InstanceNorm3d(4, affine=True)
        self.act = nn.Sigmoid()
        self.shrink = nn.AvgPool3d(2)
        self.fc1 = nn.Linear(4 * 2 * 3 * 4, 5)
        self.fc2 = nn.Linear(5, 3)

    def forward(self, x):
        stem = self.stem(x)
        low = torch.cat([self.pool(stem), self.down(stem)], 1)
        both = torch.cat([self.up(low), stem], 1)
        maps = self.act(self.norm(self.fuse(both)))
        flat = torch.flatten(self.shrink(maps), 1)
        return maps, self.fc2(torch.tanh(self.fc1(flat)))


def save(name, tensors):
    """The safetensors format: this library's package is not everywhere. BF16 as torch has it."""
    words = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
             torch.float64: "F64", torch.int64: "I64"}
    header, data = {}, b""
    for key, tensor in tensors.items():
        plain = tensor.view(torch.int16) if tensor.dtype == torch.bfloat16 else tensor
        part = plain.detach().contiguous().numpy().tobytes()
        header[key] = {"dtype": words[tensor.dtype], "shape": list(tensor.shape),
                       "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(FOLDER, name), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def main():
    torch.manual_seed(2209)
    net = Net().eval()
    types = {"stem.0.weight": torch.float64, "down.0.weight": torch.float16,
             "up.weight": torch.bfloat16, "fc1.weight": torch.float16}
    state = {}
    for key, tensor in net.state_dict().items():
        if tensor.is_floating_point():
            tensor = tensor + torch.rand_like(tensor) - 0.5  # norms start as 1 and 0
        state[key] = tensor.to(types.get(key, tensor.dtype))
    net.load_state_dict({key: tensor.to(net.state_dict()[key].dtype)
                         for key, tensor in state.items()})
    state["extra.weight"] = torch.zeros(2)  # what only training knew
    x = torch.randn(2, 2, 4, 6, 8)
    with torch.no_grad():
        maps, logits = net(x)
    save("net.safetensors", state)
    np.save(os.path.join(FOLDER, "input.npy"), x.numpy())
    save("expected.safetensors", {"maps": maps, "logits": logits})


main()
