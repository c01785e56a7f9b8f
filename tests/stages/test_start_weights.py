from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from sketchfit.api.check import check
from sketchfit.api.fit import fit
from sketchfit.api.run import run
from sketchfit.commands.ablate import Variation, ablate
from sketchfit.commands.request import DataRequest
from sketchfit.data.content_ids import content_ids
from sketchfit.errors import UserError
from sketchfit.models.learnt_rows import learnt_by
from sketchfit.runs.run import Run
from sketchfit.runs.table import read_training_rows
from tests.factories import tiny_recipe

EACH = "members/test_resnet/fold{fold}/model.safetensors"


def start(weights, **changes):
    return tiny_recipe({"model": {"pretrained": True, "weights": str(weights)}, "training": {"epochs": 1}, **changes})


@pytest.fixture(scope="module")
def first(drawn, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("first") / "run"
    run(drawn, tiny_recipe({"training": {"epochs": 1}}), out=out)
    return out


def test_weights_name_the_images_that_they_have_learnt_from(first, drawn):
    rows = read_training_rows(first / "folds.parquet")
    ids = content_ids(drawn, rows.paths)
    for fold in range(2):
        learnt = learnt_by(first / EACH.format(fold=fold))
        assert set(learnt) == set(ids[rows.fold != fold])


def test_one_file_for_all_folds_is_refused_before_decoding(first, drawn, tmp_path):
    with pytest.raises(UserError, match=r"model\.weights.*has learnt from 16 of the 32") as caught:
        check(drawn, start(first / EACH.format(fold=0)), out=tmp_path / "run")
    assert "{fold}" in caught.value.hint


def test_each_fold_continues_from_its_own_network(first, drawn, tmp_path):
    changes = {"model": {"pretrained": True, "weights": str(first / EACH), "input_size": 48}}
    run(drawn, start(first / EACH, **changes), out=tmp_path / "run")
    before, after = (read_training_rows(folder / "folds.parquet") for folder in (first, tmp_path / "run"))
    assert np.array_equal(before.folds, after.folds)
    assert len(Run.open(tmp_path / "run").oof().row) == len(before.label)
    for fold in range(2):  # what was learnt in both trainings
        one, other = (learnt_by(folder / EACH.format(fold=fold)) for folder in (first, tmp_path / "run"))
        assert set(one) == set(other)


def test_networks_of_other_folds_are_refused(first, drawn, tmp_path):
    with pytest.raises(UserError, match="was trained on") as caught:
        run(drawn, start(first / EACH, folds={"k": 2, "seed": 7}), out=tmp_path / "run")
    assert len(caught.value.problems) == 2
    assert not list((tmp_path / "run").glob("members/*/fold*/done.json"))


def test_a_missing_file_of_one_fold_is_named(first, drawn, tmp_path):
    with pytest.raises(UserError, match=r"fold2/model\.safetensors does not exist"):
        check(drawn, start(first / EACH, folds={"k": 3}), out=tmp_path / "run")


def test_a_copy_of_the_data_in_another_place_is_recognised(first, drawn, tmp_path):
    shutil.copytree(drawn / "train", tmp_path / "copy")
    with pytest.raises(UserError, match="has learnt from 16 of the 32"):
        check(tmp_path / "copy", start(first / EACH.format(fold=0)), out=tmp_path / "run")


def test_weights_of_other_images_are_accepted(drawn, tmp_path):
    for number in range(8):
        image = np.full((64, 64), 255, np.uint8)
        cv2.circle(image, (32, 32), 5 + number, (0.0,), 2 + number % 4)
        (tmp_path / "other" / "ab"[number % 2]).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / "other" / "ab"[number % 2] / f"{number}.png"), image)
    weights = (
        fit(tmp_path / "other", tiny_recipe(), out=tmp_path / "fit").folder.network("test_resnet", 0).path
        / "model.safetensors"
    )
    run(drawn, start(weights), out=tmp_path / "run")
    assert len(learnt_by(tmp_path / "run" / EACH.format(fold=0))) == 16 + 8


def test_near_duplicates_of_learnt_rows_are_refused(drawn, tmp_path):
    """The weights have learnt from drawings of fold 0; fold 1 is validated on the mirror image of one."""
    shutil.copytree(drawn / "train", tmp_path / "data")
    learnt = [image for folder in sorted((tmp_path / "data").iterdir())[:2] for image in sorted(folder.iterdir())[:2]]
    for image in learnt:
        (tmp_path / "only" / image.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy(image, tmp_path / "only" / image.parent.name)
    weights = (
        fit(tmp_path / "only", tiny_recipe(), out=tmp_path / "fit").folder.network("test_resnet", 0).path
        / "model.safetensors"
    )
    mirrored = learnt[0].with_name("mirrored.png")
    cv2.imwrite(str(mirrored), cv2.imread(str(learnt[0]), cv2.IMREAD_GRAYSCALE)[:, ::-1])
    others = [path for path in sorted((tmp_path / "data").glob("*/*")) if path not in [*learnt, mirrored]]
    fold = dict.fromkeys(learnt, 0) | {mirrored: 1} | {path: number % 2 for number, path in enumerate(others)}
    rows = [f"{path.relative_to(tmp_path)},{path.parent.name},{number}" for path, number in fold.items()]
    (tmp_path / "data.csv").write_text("\n".join(["image_path,label,fold", *rows]))
    settings = start(weights, folds={"column": "fold", "train": [1]}, audit={"enabled": True})
    with pytest.raises(UserError, match="near-duplicates"):
        run(tmp_path / "data.csv", settings, out=tmp_path / "run")


def test_variants_of_an_ablation_are_checked_too(first, drawn, tmp_path):
    variation = Variation([f"model.weights={first / EACH.format(fold=0)}"])
    with pytest.raises(UserError, match="was trained on"):
        ablate(DataRequest(drawn, start(first / EACH), out=tmp_path / "ablation"), variation)
