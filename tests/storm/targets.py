"""What a fault may strike besides a run with one member: other commands, each with results that must be the same."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.storm.injections import CountCalls, run_with
from tests.storm.process import Finished
from tests.storm.results import Results, differences, file_digest, results_of, weights_of
from tests.storm.storm import Moment, NoReference, Storm, changed_recipe

TIME, LONGER = 30, 45
"""Seconds of runs with a deadline; processes for several networks at once take some to start."""


@dataclass(frozen=True)
class Target:
    """A command.

    Attributes:
        arguments: of the command line.
        results: digests that are the same each time; after the command has ended well.
        moment: before it.
        changes: of the recipe, which is written next to that of the run.
        rounds: how often a complete storm strikes it with each fault.
    """

    arguments: Callable[[Storm], list[object]]
    results: Callable[[Storm], Results]
    moment: Moment = "empty"
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    rounds: int = 2

    def begin(self, storm: Storm) -> None:
        """Put the folders back to the moment before the command."""
        recipe = storm.begin(self.moment).recipe
        if self.changes:
            recipe.write_text(changed_recipe(self.changes))


@dataclass(frozen=True)
class Undisturbed:
    """A command without a fault.

    Attributes:
        results: of it.
        counts: of its system calls.
        seconds: that it took; the least of two.
    """

    results: Results
    counts: CountCalls
    seconds: float


def undisturbed(storm: Storm, target: Target) -> Undisturbed:
    """Run a command twice.

    Raises:
        NoReference: it does not end well, or does not repeat its results.
    """
    target.begin(storm)
    first = _well(storm.command(*target.arguments(storm), log="first"))
    expected = target.results(storm)
    target.begin(storm)
    place = storm.place
    counts = CountCalls((place.runs, place.cache, place.tmp, place.more))
    second = _well(run_with(counts, target.arguments(storm), place, "count"))
    if different := differences(target.results(storm), expected):
        raise NoReference(f"two commands without a fault differ: {', '.join(different[:5])}")
    return Undisturbed(expected, counts, min(first.seconds, second.seconds))


def _well(finished: Finished) -> Finished:
    if finished.status != 0:
        raise NoReference(f"status {finished.status} without a fault:\n{finished.printed}")
    return finished


def _answered(storm: Storm) -> Results:
    """Return what is the same of each run with a deadline: it has an end, and answers each row."""
    plan = json.loads((storm.place.out / "plan.json").read_text("utf-8"))
    with (storm.place.out / "submission.csv").open(encoding="utf-8", newline="") as file:
        rows = [row["image_path"] for row in csv.DictReader(file)]
    return {
        "ended": str(plan["finished_at"] is not None and plan["finished_at"] <= plan["seconds"]),
        "rows": str(sorted(rows)),
        "networks": str(any(unit["status"] == "done" for unit in plan["units"])),
        "damaged": str("damaged" in results_of(storm.place.out).values()),
    }


def _fit(storm: Storm) -> list[object]:
    return ["fit", storm.place.data, "--recipe", storm.place.recipe, "--out", storm.place.out]


def _export(storm: Storm) -> list[object]:
    return ["export", storm.place.out, "--out", storm.place.more / "network.onnx", "--fold", 0]


def _bundle(storm: Storm) -> Results:
    """Return what is the same of each bundle; its card and manifest have the time that an image took."""
    folder = storm.place.more / "bundle"
    graphs = {name: file_digest(folder / name) for name in ("network.onnx", "model.onnx", "preprocess.py")}
    return graphs | {"files": str(sorted(path.name for path in folder.iterdir()))}


TARGETS: dict[str, Target] = {
    "fit": Target(_fit, lambda storm: weights_of(storm.place.out)),
    "predict": Target(
        lambda storm: storm.predict_arguments(),
        lambda storm: {"predictions": file_digest(storm.predictions)},
        "finished",
    ),
    "export": Target(_export, lambda storm: {"graph": file_digest(storm.place.more / "network.onnx")}, "finished"),
    "bundle": Target(
        lambda storm: ["export", storm.place.out, "--out", storm.place.more / "bundle"], _bundle, "finished"
    ),
    "two members": Target(
        lambda storm: storm.run_arguments(),
        lambda storm: results_of(storm.place.out),
        changes={"members": {"one": {"seed": 1}, "two": {"optimizer": {"lr": 0.004}}}},
    ),
    "run --time": Target(lambda storm: storm.run_arguments("--time", f"{TIME}s"), _answered, rounds=1),
    "run --time, two networks at once": Target(
        lambda storm: storm.run_arguments("--time", f"{LONGER}s"),
        _answered,
        changes={"compute": {"networks_at_once": 2}},
        rounds=1,
    ),
}
