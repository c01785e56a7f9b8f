"""What all candidates of a run share: the data, the network, sizes and how much is done."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sketchfit.config.recipe import Recipe
    from sketchfit.data.table import Table

MEAN, STD = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
"""Normalisation unless the weights state another one."""


@dataclass(frozen=True)
class Case:
    """Handed to every process as JSON.

    Attributes:
        data: folder with `train.csv`.
        fold_data: the same, or a part of it where a fold must be quick.
        weights: file of the backbone's weights.
        scratch: folder of what processes leave for one another.
        backbone, size, batch: the network, its input's side in pixels, images per batch.
        threads: of OpenMP in every process, of sketchfit's loader, and of worker processes of every other loader.
        loaded: images of an epoch of the input pipelines.
        trained: images of a training's epoch.
        answered: test images at most.
        epochs: of a fold.
        counts: images of the stores whose memory is looked at.
        updates: updates that are made with each of these.
        device, precision: of training: `cpu` or `cuda`, `fp32` or `bf16`.
    """

    data: str
    fold_data: str
    weights: str
    scratch: str
    backbone: str = "mobilenetv2_100"
    size: int = 128
    batch: int = 32
    threads: int = 2
    loaded: int = 2048
    trained: int = 1280
    answered: int = 1_000_000
    epochs: int = 9
    counts: tuple[int, ...] = (1_000, 10_000, 100_000)
    updates: int = 40
    device: str = "cpu"
    precision: str = "fp32"

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> Case:
        """Back from `to_json`."""
        found: dict[str, Any] = json.loads(text)
        return Case(**{**found, "counts": tuple(found["counts"])})

    @staticmethod
    def of(arguments: argparse.Namespace, scratch: Path, **more: Any) -> Case:
        """The case of a command: its data, weights, network and device; `more` are further fields."""
        data = str(arguments.data.resolve())
        return Case(
            data=data,
            fold_data=data,
            weights=str(arguments.weights.resolve()),
            scratch=str(scratch.resolve()),
            backbone=arguments.backbone,
            size=arguments.size,
            device=arguments.device,
            **more,
        )

    def recipe(self, settings: dict[str, Any] | None = None) -> Recipe:
        """The `cpu` recipe for this case; no probe, one epoch, no validation, unless `settings` change them."""
        from sketchfit.config.load import load_recipe
        from sketchfit.config.overrides import merge

        base = {
            "model": {"backbone": self.backbone, "weights": self.weights, "input_size": self.size},
            "training": {"epochs": 1, "batch_size": self.batch, "validate_every": 0, "probe": False},
            "compute": {"device": self.device, "precision": self.precision, "threads": self.threads},
            "tracking": {"progress": "none"},
        }
        return load_recipe("cpu", merge(base, settings or {}))

    def table(self) -> Table:
        """The tables of `data`."""
        from sketchfit.data.readers import read_table

        return read_table(Path(self.data))

    def rows(self, table: Table, count: int) -> NDArray[np.int64]:
        """The same `count` training rows for everyone, at random; rows come again where the table has fewer."""
        every = np.random.default_rng(0).permutation(len(table.train))
        return np.resize(every, count).astype(np.int64)
