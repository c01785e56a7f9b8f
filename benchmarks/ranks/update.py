"""One update of a small network on noise, in one process or in several, and what it computed.

    python -m benchmarks.ranks.update ANSWER.pt CASES.json

A launcher, or `benchmarks.ranks.launch`, starts it in each process; the main process writes the answers.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sketchfit.config.load import load_recipe
from sketchfit.config.overrides import merge
from sketchfit.data.store import Store
from sketchfit.models.freezing import apply_freezing
from sketchfit.training.engine import Engine, make_engine
from sketchfit.training.job import FitJob, SoftTargets, TeacherTargets
from sketchfit.training.loader import DataLoader
from sketchfit.training.micro import Micro
from sketchfit.training.plan import make_plan
from sketchfit.training.state import TrainState, start, wrap
from sketchfit.training.step import update

CLASSES = 4
BASE: dict[str, Any] = {
    "model": {"backbone": "test_vit", "pretrained": False, "input_size": 32, "mean": 0.5, "std": 0.5},
    "training": {"epochs": 1},
    "compute": {"threads": 1},
}


@dataclass(frozen=True)
class Case:
    """What is computed.

    Attributes:
        settings: that differ from `BASE`.
        batch: images per batch.
        weighed: half of the rows have soft targets and weights, as after pseudo-labelling.
        teacher: all rows have a teacher's probabilities.
        wide: compute in float64, in which rounding hides nothing.
    """

    settings: dict[str, Any]
    batch: int
    weighed: bool = False
    teacher: bool = False
    wide: bool = False


@dataclass(frozen=True)
class Answer:
    """What an update computed: gradients by weight, running statistics, figures, and the sum of each image's pixels."""

    gradients: dict[str, Tensor]
    statistics: dict[str, Tensor]
    loss: float
    right: int
    seen: int
    images: list[float]


class _Recorder:
    """An optimizer that keeps the gradients and changes no weight."""

    def __init__(self, state: TrainState) -> None:
        self.param_groups = state.raw_optimizer.param_groups
        self._state, self.found = state, dict[str, Tensor]()

    def step(self) -> None:
        """Keep the gradients."""
        named = self._state.model.named_parameters()
        self.found = {name: one.grad.clone() for name, one in named if one.grad is not None}

    def zero_grad(self) -> None:
        """Forget the gradients of the network."""
        self._state.model.zero_grad()


def job_of(case: Case) -> FitJob:
    """Return a training on noise."""
    recipe = load_recipe(merge(BASE, merge(case.settings, {"training": {"batch_size": case.batch}})))
    if case.teacher:
        loss = recipe.loss.model_copy(update={"distill": 0.5})
        recipe = recipe.model_copy(update={"loss": loss})
    rng = np.random.default_rng(0)
    rows = max(24, 3 * case.batch)
    images = rng.integers(0, 256, (rows, 36, 36, 1), dtype=np.uint8)
    prob = rng.dirichlet(np.ones(CLASSES), rows).astype(np.float32)
    every = np.arange(rows)
    weight = np.linspace(0.2, 1.0, rows, dtype=np.float32)
    return FitJob(
        name="ranks",
        recipe=recipe,
        store=Store(images, np.full((rows, 1), 255, np.uint8), ("",) * rows, ("",) * rows, Path(), False),
        label=(rng.random(rows) ** 2 * CLASSES).astype(np.int64),
        class_count=CLASSES,
        train_rows=every,
        valid_rows=every[:0],
        folder=Path(),
        fingerprint="",
        seed=0,
        soft=SoftTargets(every[::2], prob[::2], weight[::2]) if case.weighed else None,
        teacher=TeacherTargets(every, prob) if case.teacher else None,
    )


def computed(case: Case, engine: Engine) -> Answer:
    """Return what the first update of a training computes; the same in all processes."""
    engine.start_again()
    job = job_of(case)
    state = start(job, engine, None)
    if case.wide:
        state.model.double()
    apply_freezing(state.model, state.freezing, 0, 1)
    wrap(state, engine, job.recipe)
    recorder: Any = _Recorder(state)
    state.optimizer = recorder
    epoch = make_plan(job.recipe, len(job.label)).epochs[0]
    with closing(DataLoader(job, state.normalisation, engine).updates(epoch)) as updates:
        micros = next(updates)
    if case.wide:
        micros = [replace(micro, images=micro.images.double()) for micro in micros]
    loss, right = update(state, micros, job.recipe, engine, 0)
    state.count(loss, right, sum(micro.rows(engine.rank) for micro in micros))
    totals = state.totals(engine)
    statistics = {name: one.clone() for name, one in state.model.named_buffers() if "running" in name}
    return Answer(recorder.found, statistics, *totals, _images(micros, engine))


def _images(micros: list[Micro], engine: Engine) -> list[float]:
    """Return the sum of the pixels of every image that counts, of all processes, in ascending order."""
    found: list[float] = []
    for micro in micros:
        sums = micro.images.double().flatten(1).sum(1)
        found += torch.cat(engine.rows_of_all(sums, micro.counts or (len(sums),))).tolist()
    return sorted(found)


def difference(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> float:
    """Return the largest difference between values of the same name."""
    if one.keys() != other.keys():
        raise ValueError(f"only in one of them: {', '.join(sorted(one.keys() ^ other.keys()))}")
    return max((float((value - other[name]).abs().max()) for name, value in one.items()), default=0.0)


def main() -> None:
    """Compute the cases, and let the main process write the answers."""
    cases = [Case(**one) for one in json.loads(Path(sys.argv[2]).read_text())]
    engine = make_engine(job_of(cases[0]).recipe.compute)
    answers = [asdict(computed(case, engine)) for case in cases]
    engine.on_main(lambda: torch.save(answers, sys.argv[1]))


if __name__ == "__main__":
    main()
