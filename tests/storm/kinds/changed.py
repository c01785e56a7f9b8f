"""Inputs that change between a run and the same command again.

A changed training set must be refused, or stated with results equal to those of a new run; a changed test set must be
stated. Nothing may be trained again without a message.
"""

from __future__ import annotations

import csv
import itertools
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.storm.judge import Ending, end_of
from tests.storm.places import images_of
from tests.storm.process import Finished
from tests.storm.results import Results, differences, results_of
from tests.storm.storm import Moment, Storm

Rows = list[dict[str, str]]

STATED = re.compile(r"\b(has|have|was|were)? ?changed\b|\bother content\b|\bno longer\b|\banother\b")


@dataclass(frozen=True)
class Change:
    """A change of the data.

    Attributes:
        make: changes the folder; returns the name of the file that a message must state, or "".
        moment: of the run.
        test_only: it leaves the training rows unchanged.
        matters: whether it changes anything.
    """

    make: Callable[[Path], str]
    moment: Moment = "finished"
    test_only: bool = False
    matters: bool = True


def tries(storm: Storm, number: int) -> Iterator[tuple[str, Ending]]:
    """Make the changes in turn."""
    for _, (name, change) in zip(range(number), itertools.cycle(CHANGES.items()), strict=False):
        storm.begin(change.moment)
        named = change.make(storm.place.data)
        finished = storm.run("again")
        yield f"{name} ({change.moment})", _judge(storm, change, named, finished)


def _judge(storm: Storm, change: Change, named: str, finished: Finished) -> Ending:
    ending = end_of(finished)
    stated = named in finished.printed and (not named or STATED.search(finished.printed) is not None)
    if ending.verdict == "refused":
        return ending if stated else Ending("unclear", f"{named} is not named: {ending.why}")
    if ending.verdict != "survived":
        return ending
    found = results_of(storm.place.out)
    if not change.matters:
        different = differences(found, storm.expected)
        return Ending("silently wrong", f"{different[:3]} differ") if different else ending
    if not stated or not STATED.search(finished.printed):
        return Ending("silently wrong", f"{named or 'the table'} changed, and no message states it")
    return _stated(storm, change, found)


def _stated(storm: Storm, change: Change, found: Results) -> Ending:
    """Judge results that a message goes with: those of a new run, or the old networks and the new test rows."""
    out = storm.place.runs / "new"
    new = storm.command(*storm.run_arguments(out=out), log="new")
    if new.status != 0 or not differences(found, results_of(out)):
        return end_of(new)
    trained = {name for name in storm.expected if "test.npz" not in name and name != "submission.csv"}
    if change.test_only and not [name for name in differences(found, storm.expected) if name in trained]:
        return _test_rows(storm, out)
    return Ending("silently wrong", "results of neither the old nor the new rows")


def _test_rows(storm: Storm, new: Path) -> Ending:
    """Compare test probabilities with those of a new run: its networks are other ones, its rows are the same."""
    name = "ensemble/test.npz"
    with np.load(storm.place.out / name) as one, np.load(new / name) as other:
        same = one["row"].tolist() == other["row"].tolist()
    return Ending("survived") if same else Ending("silently wrong", "the test rows are not those of the table")


def _replace_image(folder: str) -> Callable[[Path], str]:
    """Exchange the content of the first image by that of the last."""

    def make(data: Path) -> str:
        images = images_of(data / folder)
        images[0].write_bytes(images[-1].read_bytes())
        return images[0].name

    return make


def _delete_image(folder: str) -> Callable[[Path], str]:
    def make(data: Path) -> str:
        image = images_of(data / folder)[0]
        image.unlink()
        return image.name

    return make


def _table(name: str, change: Callable[[Rows], None]) -> Callable[[Path], str]:
    def make(data: Path) -> str:
        path = data / name
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        keys = list(rows[0])
        change(rows)
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, keys)
            writer.writeheader()
            writer.writerows(rows)
        return ""

    return make


def _exchange_labels(rows: Rows) -> None:
    other = next(row for row in rows if row["target"] != rows[0]["target"])
    for key in ("target", "class_name"):
        rows[0][key], other[key] = other[key], rows[0][key]


def _rename_class(rows: Rows) -> None:
    old = rows[0]["class_name"]
    for row in rows:
        row["class_name"] = "another" if row["class_name"] == old else row["class_name"]


def _touch(data: Path) -> str:
    image = images_of(data / "train")[0]
    os.utime(image, (1, 1))
    return image.name


CHANGES: dict[str, Change] = {
    "another training image": Change(_replace_image("train")),
    "another test image": Change(_replace_image("test"), test_only=True),
    "a deleted training image": Change(_delete_image("train")),
    "a deleted test image": Change(_delete_image("test"), test_only=True),
    "exchanged labels": Change(_table("train.csv", _exchange_labels)),
    "a training row less": Change(_table("train.csv", lambda rows: rows.pop() and None)),
    "a renamed class": Change(_table("train.csv", _rename_class)),
    "a training image with another time": Change(_touch, matters=False),
    "another training image, before the end": Change(_replace_image("train"), "interrupted"),
    "another test image, before the end": Change(_replace_image("test"), "interrupted", test_only=True),
}
