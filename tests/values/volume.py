# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes against nibabel: volume.py make FOLDER | volume.py check FOLDER

make writes images of random types, orientations, scalings and byte orders (NN.nii or NN.nii.gz),
and beside each what nibabel reads from it in its closest canonical orientation: NN.expected holds,
as doubles, sizes, channels, spacing and affine, then the voxels as floats, x fastest, channels side
by side. check reads NN.back.nii.gz, which should be the image's voxels written back into its own
space, and compares voxels and affine. Exit 77: there is no nibabel."""
import glob
import itertools
import sys

try:
    import nibabel as nib
    import numpy as np
except ImportError:
    sys.exit(77)

TYPES = "u1 i1 i2 u2 i4 u4 i8 u8 f4 f8".split()


def affine(rng, case):
    axes = list(itertools.permutations(range(3)))[case % 6]
    matrix = np.zeros((3, 3))
    for column, row in enumerate(axes):
        matrix[row, column] = rng.choice([-1, 1])
    if case % 3:  # oblique, but of an orientation that is still clear
        q, _ = np.linalg.qr(np.eye(3) + 0.2 * rng.standard_normal((3, 3)))
        matrix = q * np.sign(np.diag(q)) @ matrix
    result = np.eye(4)
    result[:3, :3] = matrix * rng.uniform(0.5, 5, 3)
    result[:3, 3] = rng.uniform(-100, 100, 3)
    return result


def image(rng, case):
    dtype = np.dtype("<>"[case // 10 % 2] + TYPES[case % 10])
    shape = tuple(rng.integers(1, 9, 3)) + ((int(rng.integers(2, 5)),) if case % 4 == 0 else ())
    if dtype.kind == "f":
        values = rng.standard_normal(shape) * 1000
    else:
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
        values = rng.integers(low, high, shape, dtype=dtype.newbyteorder("="), endpoint=True)
    kind = nib.Nifti2Image if case % 5 == 0 else nib.Nifti1Image
    header = kind.header_class(endianness="<>"[case // 10 % 2])
    header.set_data_dtype(dtype)
    space = affine(rng, case)
    result = kind(values.astype(dtype), None if case % 13 == 0 else space, header)
    if case % 13:
        result.set_sform(space, 1 if case % 3 else 0)
        result.set_qform(space if case % 3 == 0 else affine(rng, case + 1), 1)
    else:
        result.header.set_zooms(tuple(rng.uniform(0.5, 5, len(shape))))
    if case % 7 == 0:
        result.header.set_slope_inter(0.25, -3)
    return result


def make(folder):
    rng = np.random.default_rng(1)
    for case in range(40):
        path = f"{folder}/{case:02}.nii" + (".gz" if case % 2 else "")
        made = image(rng, case)
        if case % 7 == 0:  # nibabel would undo the scaling: voxels are written as they are
            made = type(made)(np.asarray(made.dataobj), None, made.header)
        nib.save(made, path)
        read = nib.as_closest_canonical(nib.load(path))
        data = read.get_fdata(dtype=np.float64).astype(np.float32)
        data = data.reshape(data.shape[:3] + (-1,))
        spacing = nib.affines.voxel_sizes(read.affine)
        head = np.concatenate([data.shape, spacing, read.affine[:3].ravel()])
        with open(f"{folder}/{case:02}.expected", "wb") as out:
            out.write(head.astype("<f8").tobytes())
            out.write(np.ascontiguousarray(data.transpose(2, 1, 0, 3)).astype("<f4").tobytes())


def check(folder):
    paths = sorted(glob.glob(f"{folder}/*.back.nii.gz"))
    for path in paths:
        name = path[: -len(".back.nii.gz")]
        image = nib.load((glob.glob(name + ".nii") + glob.glob(name + ".nii.gz"))[0])
        back = nib.load(path)
        assert np.array_equal(back.affine, image.affine), path
        assert back.shape[:3] == image.shape[:3], path
        assert type(back) is type(image), path
        expected = image.get_fdata(dtype=np.float64).astype(np.float32)
        assert np.array_equal(back.get_fdata(dtype=np.float32).reshape(expected.shape), expected), path
    assert len(paths) == 40, len(paths)


{"make": make, "check": check}[sys.argv[1]](sys.argv[2])
