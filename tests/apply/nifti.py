# SPDX-License-Identifier: GPL-3.0-or-later
"""NIfTI files turned and compared, without any library.

nifti.py turn FROM TO       the same image stored in another order of axes, one of them reversed
nifti.py like MASK IMAGE    whether the mask has the image's grid and place
nifti.py same MASK TURNED   whether a mask is the other one in `turn`'s order
nifti.py some MASK          whether there is anything in it
nifti.py logits RUN CSV ARM whether a run's own logits give the probabilities in a CSV file
"""
import csv
import gzip
import json
import math
import struct
import sys


def read(path):
    raw = gzip.open(path).read()
    size = struct.unpack_from("<8h", raw, 40)
    kind, bits = struct.unpack_from("<2h", raw, 70)
    start = int(struct.unpack_from("<f", raw, 108)[0])
    rows = [struct.unpack_from("<4f", raw, at) for at in (280, 296, 312)]
    count, each = size[1] * size[2] * size[3], bits // 8
    voxels = [raw[start + each * i : start + each * (i + 1)] for i in range(count)]
    return raw[:start], size[1:4], rows, voxels


def turned(size, voxels):
    """Axes i j k become k i j, the new first one reversed."""
    a, b, c = size
    return (c, a, b), [
        voxels[i + a * (j + b * k)] for j in range(b) for i in range(a) for k in reversed(range(c))
    ]


def turn(source, target):
    head, size, rows, voxels = read(source)
    new_size, voxels = turned(size, voxels)
    head = bytearray(head)
    struct.pack_into("<3h", head, 42, *new_size)
    pixdim = struct.unpack_from("<3f", head, 80)
    struct.pack_into("<3f", head, 80, pixdim[2], pixdim[0], pixdim[1])
    struct.pack_into("<2h", head, 252, 0, 1)  # the sform alone says where it lies
    for at, (x, y, z, t) in zip((280, 296, 312), rows):
        struct.pack_into("<4f", head, at, -z, x, y, t + z * (size[2] - 1))
    gzip.open(target, "wb").write(bytes(head) + b"".join(voxels))


def like(mask, image):
    m, i = read(mask), read(image)
    return m[1] == i[1] and m[2] == i[2] and m[0][252:256] == i[0][252:256]


def same(mask, other):
    return turned(*read(mask)[1::2]) == read(other)[1::2]


def some(mask):
    return any(any(v) for v in read(mask)[3])


def logits(run, path, arm):
    folder = run + f"/stages/predicted[{arm}]/table/"
    rows = json.load(open(folder + "table.json"))["rows"]
    raw = open(folder + "tensors.safetensors", "rb").read()
    length = struct.unpack_from("<Q", raw)[0]
    begin = json.loads(raw[8 : 8 + length])["logits"]["data_offsets"][0] + 8 + length
    found = {row["subject"]: row for row in csv.DictReader(open(path))}
    for k, row in enumerate(rows):
        a, b = struct.unpack_from("<2f", raw, begin + 8 * k)
        high = found[row[0].split("/", 1)[1]]["probability_high"]
        if abs(1 / (1 + math.exp(b - a)) - float(high)) > 1e-6:
            return False
    return len(rows) > 0


sys.exit(0 if globals()[sys.argv[1]](*sys.argv[2:]) in (True, None) else 1)
