from __future__ import annotations

import errno

import pytest
import torch

from sketchfit.config.model import ModelSection
from sketchfit.errors import UserError
from sketchfit.stages.planned import failures
from sketchfit.stages.planned.failures import failure_of

MODEL = ModelSection(backbone="test_resnet", input_size=96)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (UserError("training.kernel: no"), "training.kernel: no"),
        (OSError(errno.ENOSPC, "No space left on device"), "no space is left"),
        (MemoryError(), "too little memory"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "too little memory"),
        (torch.OutOfMemoryError("CUDA out of memory."), "too little memory"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), "too little memory"),
    ],
)
def test_a_full_disk_and_too_little_memory_are_failures_of_a_unit(error: Exception, reason: str):
    found = failure_of(error, MODEL)
    assert found is not None
    assert reason in found.problems[0]


@pytest.mark.parametrize("error", [RuntimeError("shapes do not match"), AssertionError("height"), KeyError("a")])
def test_any_error_of_a_network_that_does_not_take_its_size_is_a_failure(
    error: Exception, monkeypatch: pytest.MonkeyPatch
):
    assert failure_of(error, MODEL) is None, "it may be a mistake of the program"
    monkeypatch.setattr(failures, "takes_size", lambda model, size: (model, size) != (MODEL, 96))
    found = failure_of(error, MODEL)
    assert found is not None
    assert found.problems[0].startswith("test_resnet does not compute at 96 pixels")
