#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes parity-*.safetensors, what PyTorch makes of the cases in tests/test-parity*.c: see
README.md. Run by hand where PyTorch is installed; names of topics as arguments write those alone.
"""
import sys

import torch

from parity_gan import adversarial, gan, gan_maps
from parity_layers import convolutions, imbalance, layers, losses, wide
from parity_nets import acgan, acgan_maps, tiles, unet2d, unet3d, updates
from parity_updates import optimizers, starts

TOPICS = (convolutions, wide, layers, losses, imbalance, optimizers, starts, updates, unet2d, unet3d,
          tiles, acgan, acgan_maps, adversarial, gan, gan_maps)

for topic in TOPICS:
    if not sys.argv[1:] or topic.__name__ in sys.argv[1:]:
        torch.manual_seed(20220914)
        topic()
