"""The door to timm, each way in a fresh interpreter: what happens at a first import can't be seen in a second."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

USE = """
from sketchfit.models._timm import timm, torchvision
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


@pytest.mark.parametrize("before", ["", FAILED_BEFORE], ids=["fresh", "after a failed import"])
def test_timm_works(before):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", before + USE], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
