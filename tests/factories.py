"""What tests are built from: the smallest recipe, tables, stores, training jobs, and a run's folder made by hand."""

from __future__ import annotations

import copy
import csv
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from sketchfit.config.load import load_recipe
from sketchfit.config.overrides import merge
from sketchfit.config.parse import member_recipes
from sketchfit.config.recipe import Recipe
from sketchfit.data.store import Store
from sketchfit.data.table import Split, Table
from sketchfit.inference.choices import measured_choice
from sketchfit.runs.artefacts import (
    Choices,
    ClaimRecord,
    GroupingFigures,
    KeyFigures,
    LabelFreeFigures,
    Relations,
    Sources,
)
from sketchfit.runs.estimates import Difference, Estimate
from sketchfit.runs.folder import RunFolder
from sketchfit.stages.decode import open_members
from sketchfit.stages.tables import load_table
from sketchfit.tracking.console import Console
from sketchfit.training.context import Member, RunContext
from sketchfit.training.engine import make_engine
from sketchfit.training.job import FitJob

Cli = Callable[..., tuple[int, str, str]]  # arguments → exit status, standard output, standard error; see conftest.py

# A run of about a second: 2 folds, 2 epochs, 32 pixels, random weights, no optional stage.
TINY: dict[str, Any] = {
    "model": {"backbone": "test_resnet", "pretrained": False, "input_size": 32, "mean": 0.5, "std": 0.5},
    "data": {"channels": 1},
    "folds": {"k": 2},
    "optimizer": {"name": "adamw", "lr": 2e-3},
    "training": {"epochs": 2, "batch_size": 8},
    "compute": {"device": "cpu", "threads": 1, "networks_at_once": 1},
    "tracking": {"progress": "none"},
    "audit": {"enabled": False},
    "claim": {"enabled": False},
    "inference": {"views": []},
    "calibration": {"method": "none"},
    "report": {"enabled": False},
}


def tiny_recipe(changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The settings TINY with `changes` merged into them; a new mapping on each call."""
    return copy.deepcopy(merge(TINY, changes or {}))


def make_table(
    root: Path = Path("nowhere"),
    train: Mapping[str, int] | None = None,
    test: tuple[str, ...] = (),
    class_names: tuple[str, ...] | None = None,
    **fields: Any,
) -> Table:
    """A table without files: `train` maps path to class index, `test` lists paths; `fields` replace any other field.

    The user's own name of an image is its path without `train/` or `test/`.
    """
    train = train or {}

    def split(paths: tuple[str, ...], folder: str) -> Split:
        return Split(paths, tuple(path.removeprefix(f"{folder}/") for path in paths))

    label = np.array(list(train.values()), dtype=np.int64)
    names = class_names or tuple(f"c{number}" for number in range(int(label.max(initial=-1)) + 1))
    given: dict[str, Any] = {
        "root": root,
        "train": split(tuple(train), "train"),
        "test": split(test, "test"),
        "label": label,
        "class_names": names,
        "class_labels": tuple(map(str, range(len(names)))),
        "submission": None,
        "columns": {},
    }
    return Table(**(given | fields))


def make_store(images: np.ndarray, folder: Path = Path("store")) -> Store:
    """A store in memory of uint8 images [N, S, S, C] on white paper, all of them readable."""
    count, channels = len(images), images.shape[3]
    return Store(images, np.full((count, channels), 255, np.uint8), ("",) * count, ("",) * count, folder, False)


def bars(label: np.ndarray, size: int = 36) -> np.ndarray:
    """Dark bars whose place depends on the class, shifted at random: uint8 [N, size, size, 1]."""
    rng = np.random.default_rng(0)
    images = np.full((len(label), size, size, 1), 255, np.uint8)
    for image, number in zip(images, label, strict=True):
        start = 3 + 8 * int(number) + int(rng.integers(0, 3))
        image[start : start + 4, 4 + int(rng.integers(0, 4)) : -4] = int(rng.integers(0, 60))
    return images


def make_job(folder: Path, recipe: Recipe, counts: tuple[int, ...] = (12,) * 4, **fields: Any) -> FitJob:
    """A training on bars, `counts` images per class in random order; every third row is validated on."""
    label = np.repeat(np.arange(len(counts)), counts)
    label = label[np.random.default_rng(1).permutation(len(label))].astype(np.int64)
    rows = np.arange(len(label))
    given = {
        "name": "tiny",
        "recipe": recipe,
        "store": make_store(bars(label), folder.parent),
        "label": label,
        "class_count": len(counts),
        "train_rows": rows[rows % 3 != 0],
        "valid_rows": rows[rows % 3 == 0],
        "folder": folder,
        "fingerprint": "same",
        "seed": 3,
    }
    return FitJob(**(given | fields))


def make_context(folder: Path, recipe: Recipe, table: Table) -> RunContext:
    """The context of a run in `folder` that prints nothing."""
    return RunContext(RunFolder(folder), recipe, table, make_engine(recipe.compute), Console("none"))


def open_context(folder: Path, data: Path, recipe: Recipe) -> tuple[RunContext, dict[str, Member]]:
    """The context of a run in `folder` on the tables in `data`, and its members with their images."""
    context = make_context(folder, recipe, load_table(data, recipe))
    return context, open_members(context, member_recipes(recipe))


def write_run(folder: Path, data: Path, seed: int = 0, members: int = 2, classes: int = 6) -> Path:
    """A finished run of 20 drawings per class: files on disk, probabilities with planted errors, no network."""
    rng = np.random.default_rng(seed)
    rows = classes * 20
    label = np.repeat(np.arange(classes), 20)
    names = [f"class <{k}>" for k in range(classes)]
    paths = [f"train/{k:03d}.png" for k in range(rows)]
    (data / "train").mkdir(parents=True, exist_ok=True)
    for k, path in enumerate(paths):
        image = np.full((64, 64), 255, np.uint8)
        cv2.circle(image, (32, 32), 5 + 4 * int(label[k]), (0.0,), 1 + k % 4)
        cv2.imwrite(str(data / path), image)
    probs = []
    for member in range(members):
        logits = rng.normal(size=(rows, classes)) + 2.5 * np.eye(classes)[label]
        prob = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        probs.append(prob.astype(np.float32))
        for fold in range(2):
            place = folder / "members" / f"member{member}" / f"fold{fold}"
            place.mkdir(parents=True)
            held = np.flatnonzero(np.arange(rows) % 2 == fold)
            np.savez(place / "oof.npz", row=held, prob=prob[held])
            (place / "done.json").write_text(json.dumps({"fingerprint": "", "seconds": 12.5}))
            pd.DataFrame(
                {"epoch": [1, 2], "train_loss": [2.0, 1.0], "train_accuracy": [0.3, 0.5], "valid_accuracy": [None, 0.6]}
            ).to_csv(place / "history.csv", index=False)
    (folder / "ensemble").mkdir(parents=True)
    mean = np.mean(probs, axis=0) if probs else np.full((rows, classes), 1 / classes, np.float32)
    np.savez(folder / "ensemble" / "oof.npz", row=np.arange(rows), prob=mean)
    np.savez(folder / "ensemble" / "test.npz", row=np.arange(30), prob=mean[:30])
    pd.DataFrame(
        {
            "row": np.arange(rows),
            "image_path": paths,
            "label": label,
            "group": np.arange(rows),
            "fold": np.arange(rows) % 2,
        }
    ).to_parquet(folder / "folds.parquet")
    labels = [str(k) for k in range(classes)]
    (folder / "state.json").write_text(
        json.dumps({"data": str(data), "class_names": names, "class_labels": labels, "table_id": ""})
    )
    (folder / "environment.json").write_text(json.dumps({"python": "3.11"}))
    (folder / "recipe.yaml").write_text(
        load_recipe("cpu", ["report.attribution=0", "report.robustness=0", "report.embedding=0"]).to_yaml()
    )
    return folder


def make_ensemble(folder: Path, runs: Mapping[str, Path]) -> Path:
    """An ensemble of runs that were made by `write_run` next to the folder `data`."""
    data = next(iter(runs.values())).parent / "data"
    write_run(folder, data, members=0)
    Sources(runs={name: str(path) for name, path in runs.items()}, submissions={}).write(folder)
    state = folder / "state.json"
    state.write_text(json.dumps(json.loads(state.read_text()) | {"kind": "ensemble"}))
    return folder


def make_claim(**fields: Any) -> ClaimRecord:
    """A claim of 67 % for 30 test rows that look like 58 % without labels, out of fold 60 %; `fields` replace any."""
    given = {
        "grouping": "name:^(.+)_ + near_duplicate",
        "out_of_fold": Estimate(0.6, 0.5, 0.7, 120),
        "expected": Estimate(0.67, 0.55, 0.78, 30),
        "single": 0.62,
        "single_error": 0.03,
        "slope": 0.5,
        "slope_error": 0.1,
        "groups_validated": 3.5,
        "groups_tested": 4.5,
        "averaging": 0.05,
        "test_rows": 30,
        "label_free": LabelFreeFigures(
            accuracy=Estimate(0.58, 0.49, 0.66, 30),
            single=0.54,
            thresholded=0.52,
            by_entropy=0.53,
            confidence=0.55,
            agreement=0.71,
        ),
    }
    return ClaimRecord(**(given | fields))


def make_choices() -> Choices:
    """A calibration that is not used, an ensemble that is, and students that are used because the recipe forces it."""
    worse = Difference(-0.057, -0.09, -0.02, 0.001, 80)
    better, unclear = Difference(0.026, 0.004, 0.05, 0.02, 80), Difference(0.01, -0.02, 0.04, 0.5, 80)
    return Choices(
        choices=(
            measured_choice("students of pseudo-labels, round 1", unclear, 0.64, needs="better", force=True),
            measured_choice("ensemble by mean", better, 0.64, needs="not worse"),
            measured_choice("calibration by temperature", worse, 1.16, measure="log-loss", needs="not worse"),
        )
    )


def make_relations(kept: bool | None = True, setting: str = "auto") -> Relations:
    """A related key that the folds keep together or not, one without a relation, and two groupings."""
    figures = {"origin": "name", "groups": 40, "smallest": 2, "median": 5.0, "largest": 7, "crossing_pairs": 1200}
    related = {"effect": 0.3, "z": 9.0, "p": 1e-9, "hit_rate": 0.42, "expected_hit_rate": 0.17, "related": True}
    unrelated = {"effect": 0.0, "z": 0.1, "p": 0.9, "hit_rate": 0.1, "expected_hit_rate": 0.1, "related": False}
    chosen = "name:^(.+)_ + near_duplicate"
    return Relations(
        setting=setting,
        chosen=chosen,
        reason="0 % of the test rows have a value that occurs in training",
        keys=(
            KeyFigures(name="name:^(.+)_", verdict="related", kept=kept, shared_with_test=0.0, **figures, **related),
            KeyFigures(name="drawer", verdict="unrelated", **figures, **unrelated),
        ),
        groupings=(
            GroupingFigures(name=chosen, groups=40, higher=0.51, error=0.01, head_top1=0.45),
            GroupingFigures(name="near_duplicate", groups=118, higher=0.62, error=0.01, head_top1=0.58),
        ),
    )


def probabilities(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Rows and probabilities of a file such as `oof.npz`."""
    with np.load(path, allow_pickle=False) as file:
        return file["row"], file["prob"]


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
