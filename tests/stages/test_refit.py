"""The network on all rows: its number of epochs, and that only test probabilities include it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sketchfit.api.predict import predict
from sketchfit.api.run import run
from sketchfit.config.load import load_recipe
from sketchfit.data.folds import Fold
from sketchfit.runs.folder import RunFolder
from sketchfit.stages.refit import best_epochs, shortened
from sketchfit.synthetic import draw_dataset
from tests.factories import tiny_recipe

RECIPE = tiny_recipe({"training": {"validate_every": 1}})


@pytest.mark.parametrize(
    ("curves", "expected"),
    [
        (({1: 0.2, 2: 0.5, 3: 0.4}, {1: 0.1, 2: 0.3, 3: 0.5}), 3),
        (({1: 0.2, 2: 0.5, 3: 0.4}, {1: 0.1, 2: 0.5, 3: 0.5}), 2),
        (({1: 0.9, 2: None, 3: 0.4}, {1: None, 2: None, 3: 0.5}), 3),
        (({1: None, 2: 0.5}, {1: None, 2: None, 3: None, 4: 0.5}), 3),
    ],
)
def test_best_epochs(tmp_path: Path, curves: tuple[dict[int, float | None], ...], expected: int) -> None:
    none = np.zeros(0, dtype=np.int64)
    for number, curve in enumerate(curves):
        folder = RunFolder(tmp_path).fold("m", number)
        folder.mkdir(parents=True)
        lines = [f"{epoch},{'' if value is None else value}" for epoch, value in curve.items()]
        (folder / "history.csv").write_text("epoch,valid_accuracy\n" + "\n".join(lines) + "\n")
    assert best_epochs(RunFolder(tmp_path), "m", [Fold(k, none, none) for k in range(len(curves))]) == expected


def test_stages_of_resizing_need_epochs_to_be_spread_over() -> None:
    stages = {"epochs": 9, "resize": [{"until": 0.34, "size": 16}, {"until": 0.67, "size": 24}]}
    recipe = load_recipe({**RECIPE, "training": {**RECIPE["training"], **stages}})
    assert shortened(recipe, 6).training.epochs == 6
    assert shortened(recipe, 2).training.epochs == 3  # three sizes
    assert shortened(recipe, 9).training.checkpoint == "last"


def test_only_test_probabilities_include_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKETCHFIT_CACHE", str(tmp_path / "cache"))
    draw_dataset(tmp_path / "data", classes=4, per_class=8, test_per_class=3, seed=3, copies=0.0)
    plain = run(tmp_path / "data", RECIPE, out=tmp_path / "run")
    with np.load(tmp_path / "run" / "ensemble" / "test.npz") as file:
        folds_alone = file["prob"]
    with_refit = run(tmp_path / "data", RECIPE, {"refit": {"enabled": True, "weight": 3.0}}, out=tmp_path / "run")
    assert with_refit.top1 == plain.top1
    with np.load(RunFolder(tmp_path / "run").fold("test_resnet+refit", 0) / "test.npz") as file:
        whole = file["prob"]
    with np.load(tmp_path / "run" / "ensemble" / "test.npz") as file:
        found = file["prob"]
    np.testing.assert_allclose(found, (2 * folds_alone + 3 * whole) / 5, atol=1e-6)
    frame = predict(tmp_path / "run", tmp_path / "data" / "test.csv")
    np.testing.assert_allclose(frame["probability"].astype(float), found.max(axis=1), atol=2e-6)
