"""From trained networks to answers: views, ensemble, calibration, sets, submissions, ensembles of runs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sketchfit.api.predict import predict
from sketchfit.api.run import run
from sketchfit.api.submit import submit
from sketchfit.commands.ensemble import combine, parse_submissions
from sketchfit.commands.submit import check, run_table
from sketchfit.data import memory_store
from sketchfit.errors import UserError
from sketchfit.files import read_json, write_json
from sketchfit.inference.predictor import Predictor
from sketchfit.inference.submission_text import probabilities_text
from sketchfit.runs.folder import RunFolder
from sketchfit.runs.run import Run
from sketchfit.synthetic import draw_dataset
from tests.factories import tiny_recipe

RECIPE = tiny_recipe(
    {
        "folds": {"k": 3},
        "training": {"batch_size": 16, "validate_every": 0},
        "inference": {"views": ["hflip", "five-crop0.8"]},
        "calibration": {"method": "temperature", "sets": 0.8},
        "ensemble": {"compare": ["best-member", "mean", "simplex", "greedy"], "greedy_rounds": 5, "greedy_bags": 2},
        "members": {"one": {}, "two": {"seed": 5}},
    }
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with drawings in `data` and a finished run in `run`. Not to be changed by a test."""
    folder = tmp_path_factory.mktemp("answers")
    draw_dataset(folder / "data", classes=5, per_class=9, test_per_class=3, seed=1, copies=0.0)
    run(folder / "data", RECIPE, out=folder / "run")
    return folder


@pytest.fixture
def place(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of `finished` that the test may change."""
    return Path(shutil.copytree(finished, tmp_path_factory.mktemp("copy") / "place"))


def test_everything_is_written_and_every_row_answered(place: Path) -> None:
    folder = RunFolder(place / "run")
    with np.load(folder.ensemble / "oof.npz") as oof, np.load(folder.ensemble / "test.npz") as test:
        assert oof["row"].tolist() == list(range(45))
        for prob, count in ((oof["prob"], 45), (test["prob"], 15)):
            assert prob.shape == (count, 5)
            assert prob.dtype == np.float32
            np.testing.assert_allclose(prob.sum(axis=1), 1, atol=1e-5)
        answer = test["prob"].argmax(axis=1)
    assert pd.read_csv(folder.submission)["target"].tolist() == answer.tolist()
    assert check(place / "run") == []
    assert [tried["name"] for tried in json.loads((folder.ensemble / "views.json").read_text())["one"]["tried"]] == [
        "hflip",
        "five-crop0.8",
    ]
    calibration = json.loads((folder.ensemble / "calibration.json").read_text())
    assert 0 <= calibration["ece_after"] <= 1
    assert calibration["sets"]["checked"]["coverage"]["n"] == 45


def test_predict_repeats_the_test_answers_and_sets_hold_the_first_class(place: Path) -> None:
    with np.load(place / "run" / "ensemble" / "test.npz") as file:
        expected = file["prob"]
    frame = predict(place / "run", place / "data" / "test.csv", sets=0.8)
    np.testing.assert_allclose(frame["probability"].astype(float), expected.max(axis=1), atol=2e-6)
    assert frame["label"].astype(int).tolist() == frame["index"].tolist() == expected.argmax(axis=1).tolist()
    for row in frame.itertuples():
        assert json.loads(row.set)[0] == row.label
    with pytest.raises(UserError, match="between 0 and 1"):
        predict(place / "run", place / "data" / "test.csv", sets=95)


def test_each_image_is_decoded_once_for_all_members(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[object] = []
    real = memory_store.decode_given
    monkeypatch.setattr(memory_store, "decode_given", lambda image, limit: decoded.append(image) or real(image, limit))
    predict(place / "run", place / "data" / "test.csv")
    assert len(decoded) == 15


def test_only_missing_views_are_computed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(place / "run", place / "again")
    asked: list[tuple[str, ...]] = []
    real = Predictor.views

    def spy(self: Predictor, store: Any, rows: Any, views: Any) -> Any:
        if names := tuple(view.name for view in views if view.name != "identity"):
            asked.append(names)
        return real(self, store, rows, views)

    monkeypatch.setattr(Predictor, "views", spy)
    before = (place / "run" / "ensemble" / "oof.npz").read_bytes()
    run(place / "data", RECIPE, out=place / "again")
    assert asked == []
    assert (place / "again" / "ensemble" / "oof.npz").read_bytes() == before
    run(place / "data", RECIPE, {"inference": {"views": ["hflip", "rot180"]}}, out=place / "again")
    assert asked[:6] == [("rot180",)] * 6


def test_a_view_is_what_a_network_says_of_the_turned_picture(place: Path) -> None:
    """The stored hflip probabilities against those of images that were mirrored on disk."""
    from cv2 import imread, imwrite

    shutil.copytree(place / "data", place / "mirrored")
    for path in (place / "mirrored" / "test").iterdir():
        imwrite(str(path.with_suffix(".png")), imread(str(path))[:, ::-1])
    shutil.copytree(place / "run", place / "flipping")
    path = place / "flipping" / "ensemble" / "views.json"
    views = read_json(path)
    if any(member["names"] != ["identity"] for member in views.values()):
        pytest.skip("this run uses further views")
    write_json(path, {name: member | {"names": ["hflip"]} for name, member in views.items()})
    pngs = sorted((place / "mirrored" / "test").glob("*.png"))
    turned = predict(place / "run", [place / "data" / "test" / f"{p.stem}{s}" for p in pngs for s in _suffix(place, p)])
    straight = predict(place / "flipping", pngs)
    np.testing.assert_allclose(turned["probability"].astype(float), straight["probability"].astype(float), atol=0.02)


def _suffix(place: Path, png: Path) -> list[str]:
    return [path.suffix for path in (place / "data" / "test").glob(f"{png.stem}.*")]


def test_submissions_are_checked_and_probabilities_read_back(place: Path) -> None:
    assert submit(place / "run", probabilities=place / "prob.csv") == place / "run" / "submission.csv"
    frame = pd.read_csv(place / "run" / "submission.csv")
    frame.iloc[1:].to_csv(place / "short.csv", index=False)
    assert any("missing" in problem for problem in check(place / "run", place / "short.csv"))
    opened = Run.open(place / "run")
    assert probabilities_text(run_table(opened), opened.test().prob) == (place / "prob.csv").read_text()


def test_an_ensemble_of_runs(place: Path) -> None:
    run(place / "data", RECIPE | {"members": {}, "seed": 9}, out=place / "other")
    steps = combine([place / "run", place / "other"], place / "both")
    assert [step.name for step in steps][:2] == ["run", "other"]
    assert check(place / "both") == []
    weights = json.loads((place / "both" / "ensemble" / "weights.json").read_text())["weights"]
    assert list(weights) == ["run", "other"]
    with np.load(place / "both" / "ensemble" / "test.npz") as file:
        assert file["prob"].shape == (15, 5)
    # An ensemble is a run for the next ensemble; a submission by others joins the test answers alone.
    submit(place / "run", probabilities=place / "prob.csv")
    combine([place / "both", place / "run"], place / "three", parse_submissions([f"{place / 'prob.csv'}=0.9"]))
    with np.load(place / "three" / "ensemble" / "test.npz") as file:
        np.testing.assert_allclose(file["prob"].sum(axis=1), 1, atol=1e-5)
    with pytest.raises(UserError, match="has no networks"):
        predict(place / "both", place / "data" / "test.csv")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [("classes", "another order"), ("table", "different tables"), ("rows", "lacks 1 row"), ("nan", "NaN")],
)
def test_mixed_up_runs_are_refused(place: Path, tmp_path: Path, damage: str, reason: str) -> None:
    shutil.copytree(place / "run", tmp_path / "odd")
    state_path, oof_path = tmp_path / "odd" / "state.json", tmp_path / "odd" / "ensemble" / "oof.npz"
    state = read_json(state_path)
    with np.load(oof_path) as file:
        row, prob = file["row"], file["prob"].copy()
    if damage == "classes":
        state["class_names"] = state["class_names"][::-1]
    elif damage == "table":
        state["table_id"] = "other"
    elif damage == "rows":
        row, prob = row[1:], prob[1:]
    else:
        prob[3, 2] = np.nan
    write_json(state_path, state)
    np.savez(oof_path, row=row, prob=prob)
    with pytest.raises(UserError, match=reason):
        combine([place / "run", tmp_path / "odd"], tmp_path / "out", partial=True)
    assert not (tmp_path / "out").exists()


def test_unknown_views_are_told_before_training(place: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nearest is 'hflip'"):
        run(place / "data", RECIPE, {"inference": {"views": ["hfip"]}}, out=tmp_path / "run")
    assert not (tmp_path / "run" / "members").exists()
