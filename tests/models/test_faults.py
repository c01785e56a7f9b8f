"""Errors of libraries at a network become one sentence with what to do."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from sketchfit.config.model import ModelSection
from sketchfit.disk import DiskError
from sketchfit.errors import UserError
from sketchfit.models.backbone import build_network
from sketchfit.models.faults import LONGEST, in_one_sentence, one_line

SECTION = ModelSection(backbone="test_resnet", pretrained=False, input_size=32)


@given(st.text(max_size=3000))
def test_an_error_is_one_short_line(text: str) -> None:
    line = one_line(ValueError(text))
    assert line.startswith("ValueError")
    assert len(line.splitlines()) == 1
    assert len(line) <= len("ValueError: ") + LONGEST + 1


def test_an_error_of_many_lines_is_its_first_one() -> None:
    assert one_line(RuntimeError("\n\n  first \n" + "more\n" * 1926)) == "RuntimeError: first"
    assert one_line(EOFError()) == "EOFError"


@pytest.mark.parametrize("kind", [ValueError, AssertionError, KeyError, IndexError, AttributeError, ZeroDivisionError])
def test_any_error_is_explained(kind: type[Exception]) -> None:
    with pytest.raises(UserError, match=f"a step fails: {kind.__name__}") as caught, in_one_sentence(SECTION, "a step"):
        raise kind("broken")
    assert caught.value.hint


@pytest.mark.parametrize("error", [UserError("clear"), KeyboardInterrupt(), DiskError(28, None)])
def test_what_is_clear_stays(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, in_one_sentence(SECTION, "a step"):
        raise error
    assert caught.value is error


def test_batch_norm_of_one_image_names_the_batch_size() -> None:
    with pytest.raises(UserError) as caught, in_one_sentence(SECTION, "a step"):
        nn.BatchNorm2d(3).train()(torch.zeros(1, 3, 1, 1))
    assert "training.batch_size" in caught.value.hint


@pytest.mark.parametrize("error", [MemoryError(), torch.OutOfMemoryError("CUDA out of memory.")])
def test_lack_of_memory_names_what_needs_less(error: Exception) -> None:
    with pytest.raises(UserError) as caught, in_one_sentence(SECTION, "a step"):
        raise error
    assert "training.batch_size" in caught.value.hint
    assert "grad_checkpointing" in caught.value.hint


def test_a_size_that_the_backbone_does_not_take_is_named() -> None:
    section = SECTION.model_copy(update={"backbone": "inception_v3", "input_size": 64})
    with pytest.raises(UserError) as caught, in_one_sentence(section, "a step"):
        raise RuntimeError("Calculated padded input size per channel: (2 x 2). Kernel size: (3 x 3).")
    assert "model.input_size to 96" in caught.value.hint


@pytest.mark.parametrize(("backbone", "size", "named"), [("crossvit_tiny_240", 64, "72"), ("test_vit", 60, "48 or 64")])
def test_sizes_of_the_grid_are_named_only_where_the_network_computes(backbone: str, size: int, named: str) -> None:
    section = SECTION.model_copy(update={"backbone": backbone, "input_size": size})
    with pytest.raises(UserError, match="would be ignored") as caught, in_one_sentence(section, "a step"):
        build_network(section, 2)
    assert named in caught.value.hint
    assert "60 or 72" not in caught.value.hint
