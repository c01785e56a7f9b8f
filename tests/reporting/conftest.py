"""A run's folder made by hand: drawings on disk, probabilities with planted errors, no network."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from sketchfit.config.load import dump_recipe, load_recipe

CLASSES = 6
PER_CLASS = 20


def write_run(folder: Path, data: Path, seed: int = 0, members: int = 2, classes: int = CLASSES) -> Path:
    rng = np.random.default_rng(seed)
    rows = classes * PER_CLASS
    label = np.repeat(np.arange(classes), PER_CLASS)
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
    (folder / "ensemble").mkdir()
    mean = np.mean(probs, axis=0)
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
    (folder / "state.json").write_text(
        json.dumps({"data": str(data), "class_names": names, "class_targets": list(range(classes)), "table_id": ""})
    )
    (folder / "environment.json").write_text(json.dumps({"python": "3.11"}))
    (folder / "recipe.yaml").write_text(
        dump_recipe(load_recipe("cpu", ["report.attribution=0", "report.robustness=0", "report.embedding=0"]))
    )
    return folder


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Path]:
    def make(name: str = "run", seed: int = 0, members: int = 2) -> Path:
        return write_run(tmp_path / name, tmp_path / "data", seed, members)

    return make
