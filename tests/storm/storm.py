"""What all kinds of faults share: a small run, its undisturbed results, and copies of its folders at three moments."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import yaml

from tests.storm.injections import OPERATIONS, CountCalls, KillAt, run_with
from tests.storm.judge import Ending, end_of, with_results
from tests.storm.places import Place
from tests.storm.process import Child, Finished, start
from tests.storm.results import Results, differences, file_digest, remains, results_of

Moment = Literal["empty", "interrupted", "finished"]

RECIPE: dict[str, Any] = {
    "model": {
        "backbone": "test_resnet", "pretrained": False, "input_size": 32, "mean": 0.5, "std": 0.5, "drop_rate": 0.2,
    },
    "data": {"channels": 1},
    "folds": {"k": 2},
    "transforms": {"policy": "sketch", "mixing": {"mixup_alpha": 0.3}},
    "optimizer": {"name": "adamw", "lr": 2e-3},
    "training": {"epochs": 2, "batch_size": 4, "accumulation": 2, "checkpoint_minutes": 1e-6},
    "averaging": {"ema": True, "ema_decay": 0.9},
    "compute": {"device": "cpu", "threads": 1, "networks_at_once": 1},
    "inference": {"views": ["identity", "vflip"]},
    "report": {"enabled": False},
    "tracking": {"progress": "plain"},
}  # fmt: skip
"""Checkpoints after every update, dropout, averaging, audit and claim: a second or two per run."""

FOLD1 = Path("members/test_resnet/fold1")

LAST_CHECKPOINT = 4
"""A training writes so many; before the last, there are two files of checkpoints."""


class NoReference(Exception):
    """The run without a fault did not end well, so that there is nothing to compare with."""


@dataclass
class Storm:
    """The run under test.

    Attributes:
        place: where all tries take place.
        saved: folder of copies of `place`.
        random: chooses the points of faults.
        expected: results without a fault.
        predicted: digest of predictions without a fault.
        counts: system calls of a run without a fault.
        seconds: that it takes; the least of two.
        base: memory in MB of a command that does nothing.
    """

    place: Place
    saved: Path
    random: np.random.Generator
    expected: Results = field(default_factory=dict)
    predicted: str = ""
    counts: CountCalls = field(default_factory=lambda: CountCalls(()))
    seconds: float = 0.0
    base: float = 0.0

    def prepare(self) -> None:
        """Make the data, and the three moments.

        Raises:
            NoReference: something of this fails without a fault, or the run does not repeat its bits.
        """
        self.place.make()
        self._must(self.command("draw", self.place.data, "--classes", 4, "--per-class", 8, "--test-per-class", 3))
        self.place.recipe.write_text(yaml.safe_dump(RECIPE))
        self.place.save(self.saved / "empty")
        self.base = self._must(self.command("--help")).peak
        self.seconds = self._must(self.run()).seconds
        self.expected = results_of(self.place.out)
        self._must(self.predict())
        self.predicted = file_digest(self.predictions)
        self.place.save(self.saved / "finished")
        self.begin("empty")
        self.counts = CountCalls((self.place.runs, self.place.cache))
        again = self._must(run_with(self.counts, self.run_arguments(), self.place, "count"))
        self.seconds = min(self.seconds, again.seconds)
        if different := differences(results_of(self.place.out), self.expected):
            raise NoReference(f"two runs without a fault differ: {', '.join(different[:5])}")
        self.begin("empty")
        rule = KillAt(OPERATIONS["rename"], LAST_CHECKPOINT, (self.place.out / FOLD1,), ".last.ckpt")
        if run_with(rule, self.run_arguments(), self.place, "interrupt").status != -9:
            raise NoReference("the run could not be interrupted in its second fold")
        self.place.save(self.saved / "interrupted")

    def _must(self, finished: Finished) -> Finished:
        if finished.status != 0:
            raise NoReference(f"status {finished.status} without a fault:\n{finished.printed}")
        return finished

    def begin(self, moment: Moment) -> Place:
        """Put the folders back to a moment."""
        self.place.restore(self.saved / moment)
        return self.place

    @property
    def predictions(self) -> Path:
        """File of `predict`."""
        return self.place.more / "predictions.csv"

    def run_arguments(self, *more: object, out: Path | None = None) -> list[object]:
        """Return the command of the run."""
        return ["run", self.place.data, "--recipe", self.place.recipe, "--out", out or self.place.out, *more]

    def predict_arguments(self) -> list[object]:
        """Return the command that labels the test images."""
        return ["predict", self.place.out, self.place.data / "test", "--out", self.predictions]

    def start(self, arguments: Sequence[object], log: str) -> Child:
        """Start a command."""
        return start(arguments, self.place.environment(), self.place.logs / log)

    def command(self, *arguments: object, log: str = "command") -> Finished:
        """Run a command to its end."""
        return self.start(arguments, log).wait()

    def run(self, log: str = "run") -> Finished:
        """Run the run's command to its end."""
        return self.command(*self.run_arguments(), log=log)

    def predict(self) -> Finished:
        """Label the test images."""
        return self.command(*self.predict_arguments(), log="predict")

    def run_again(self, expected: Results | None = None) -> Ending:
        """Run the same command to its end, and compare all its bits with those without a fault."""
        finished = self.run("again")
        ending = end_of(finished)
        if finished.status != 0:
            return ending
        ending = with_results(ending, differences(results_of(self.place.out), expected or self.expected))
        if ending.verdict == "survived" and (left := remains(self.place.runs, self.place.cache)):
            return Ending("unclear", f"left behind: {', '.join(left)}")
        return ending

    def predict_again(self) -> Ending:
        """Label the test images, and compare with the predictions without a fault."""
        finished = self.predict()
        found = file_digest(self.predictions)
        different = ["predictions.csv"] if finished.status == 0 and found != self.predicted else []
        return with_results(end_of(finished), different)

    def integer(self, low: int, high: int) -> int:
        """Return a random integer from `low` to `high`, both possible."""
        return int(self.random.integers(low, max(low, high) + 1))

    def uniform(self, low: float, high: float) -> float:
        """Return a random number."""
        return float(self.random.uniform(low, high))


def changed_recipe(changes: dict[str, dict[str, Any]]) -> str:
    """Return the recipe with some settings of its sections changed, as YAML."""
    recipe = copy.deepcopy(RECIPE)
    for section, values in changes.items():
        recipe.setdefault(section, {}).update(values)
    return yaml.safe_dump(recipe)
