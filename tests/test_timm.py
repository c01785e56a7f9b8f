"""Importing timm in a fresh interpreter, after a failed import of torchvision."""

from __future__ import annotations

import os
import subprocess
import sys

USE = """
from sketchfit._timm import timm, torchvision
import torch
assert timm.create_model("test_resnet", num_classes=3)(torch.zeros(2, 3, 64, 64)).shape == (2, 3)
import torchvision.transforms.v2.functional
assert torchvision.transforms.v2.functional.hflip(torch.eye(2))[0, 1] == 1
assert timm.optim.create_optimizer_v2 and timm.loss.PolyCrossEntropy and timm.utils.ModelEmaV3
"""
FAILED_BEFORE = """
try:
    import torchvision
except RuntimeError:
    pass
"""


def test_timm_works_after_a_failed_import_of_torchvision():
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", FAILED_BEFORE + USE], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
