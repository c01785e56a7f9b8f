"""Files of random weights of timm's smallest models."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import save_file

from sketchfit._timm import timm

SaveWeights = Callable[..., Path]


@pytest.fixture
def save_weights() -> SaveWeights:
    """Save random weights of a timm model under a path, with metadata."""

    def save(path: Path, model: str = "test_resnet", metadata: dict[str, str] | None = None) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(timm.create_model(model, num_classes=10).state_dict(), path, metadata)
        return path

    return save
