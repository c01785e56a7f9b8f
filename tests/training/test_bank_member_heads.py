"""A member without epochs, with each kind of head: from the stored features to the exported network."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from sketchfit.config.kernel import HEADS
from sketchfit.config.load import load_recipe
from sketchfit.errors import UserError
from sketchfit.inference.predictor import Predictor
from sketchfit.models.feature_network import FeatureNetwork
from sketchfit.models.saved_network import load_network, save_network
from sketchfit.tracking.console import Console
from sketchfit.training.bank_member import train_bank_member
from sketchfit.training.engine import make_engine
from sketchfit.training.kernel_head import with_kernel_head
from sketchfit.training.seed_soup import train_network
from tests.factories import tiny_recipe
from tests.training.test_bank_member import ROWS, setting, thirds

CPU = torch.device("cpu")
OTHERS = [name for name in HEADS if name != "rbf"]
GROUP = np.arange(ROWS) // 2
CLOSE = 4e-3
"""Features are stored as float16, and those of the tiny backbone are few."""


def changes(head: str, **others: object) -> dict:
    return {"training": {"epochs": 0, "kernel": {"use": "replace", "head": head, **others}}}


def predicted(path: Path, image: str, label: str) -> dict[str, str]:
    """The class of each image in a table."""
    with path.open(encoding="utf-8") as file:
        return {row[image]: row[label] for row in csv.DictReader(file)}


@pytest.mark.parametrize("mirrored", ["never", "always"])
@pytest.mark.parametrize("head", OTHERS)
def test_probabilities_are_those_of_the_saved_networks(head, mirrored, tmp_path):
    context, member = setting(tmp_path, changes(head, mirrored=mirrored), unreadable=2)
    results = train_bank_member(context, member, thirds(), GROUP)
    readable = np.array([0, 1, 3, 4])
    for fold, result in zip(thirds(), results, strict=True):
        network = load_network(context.run.fold("one", fold.number), member.recipe, 4)
        assert isinstance(network.model, FeatureNetwork)
        predictor = Predictor.of(network, member.recipe, CPU, backend="eager")
        assert result.oof == pytest.approx(predictor.probabilities(member.train, fold.valid), abs=CLOSE)
        assert result.test[readable] == pytest.approx(predictor.probabilities(member.test, readable), abs=CLOSE)
        frequencies = np.bincount(context.table.label[fold.train], minlength=4) / len(fold.train)
        assert result.test[2] == pytest.approx(frequencies)
    right = [result.oof.argmax(axis=1) == context.table.label[result.rows] for result in results]
    assert np.concatenate(right).mean() > 0.4


@pytest.mark.parametrize("head", OTHERS)
def test_a_fold_depends_on_its_training_rows_alone(head, tmp_path):
    context, member = setting(tmp_path / "together", changes(head))
    together = train_bank_member(context, member, thirds(), GROUP)
    context, member = setting(tmp_path / "alone", changes(head))
    label = context.table.label.copy()
    label[thirds()[1].valid] = 0
    context = replace(context, table=replace(context.table, label=label))
    (alone,) = train_bank_member(context, member, thirds()[1:2], GROUP)
    assert alone.oof == pytest.approx(together[1].oof, abs=1e-4)
    assert alone.test == pytest.approx(together[1].test, abs=1e-4)


@pytest.mark.parametrize("head", OTHERS)
def test_settings_can_be_chosen_per_fold(head, tmp_path):
    name = "neighbours" if head == "knn" else "strength"
    context, member = setting(tmp_path, changes(head, **{name: "auto"}))
    first = train_bank_member(context, member, thirds()[:1], GROUP)
    context, member = setting(tmp_path / "again", changes(head, **{name: "auto"}))
    again = train_bank_member(context, member, thirds()[:1], GROUP)
    assert np.array_equal(first[0].oof, again[0].oof)
    assert np.array_equal(first[0].test, again[0].test)


@pytest.mark.parametrize(
    ("kernel", "key"),
    [
        ({"head": "ridge", "width": 0.5}, "width"),
        ({"head": "rbf", "neighbours": 5}, "neighbours"),
        ({"head": "rbff"}, "'rbf'"),
        ({"head": "knn", "neighbours": 0}, "neighbours"),
    ],
)
def test_settings_of_other_heads_are_refused(kernel, key):
    with pytest.raises(UserError, match=key):
        load_recipe(tiny_recipe({"training": {"epochs": 0, "kernel": {"use": "replace", **kernel}}}))


@pytest.mark.parametrize("head", OTHERS)
def test_a_run_is_predicted_with_and_exported(head, cli, drawn, tiny_file, tmp_path):
    settings = ["training.epochs=0", f"training.kernel={{use: replace, head: {head}}}", "inference.views=[hflip]"]
    sets = [part for one in settings for part in ("--set", one)]
    run: Path = tmp_path / "run"
    for command in (
        ("run", drawn, "--recipe", tiny_file, "--out", run, *sets),
        ("predict", run, drawn / "test", "--out", tmp_path / "new.csv"),
        ("export", run, "--out", tmp_path / "network.onnx"),
    ):
        status, text, errors = cli(*command)
        assert status == 0, errors + text
    assert predicted(tmp_path / "new.csv", "image", "label") == predicted(
        run / "submission.csv", "image_path", "target"
    )
    session = onnxruntime.InferenceSession(tmp_path / "network.onnx")
    (entry,) = session.get_inputs()
    size = entry.shape[2]
    pictures = np.random.default_rng(0).integers(0, 256, (3, size, size, entry.shape[3]), dtype=np.uint8)
    (prob,) = session.run(None, {entry.name: pictures})
    assert prob.sum(axis=1) == pytest.approx(np.ones(3), abs=1e-4)


@pytest.mark.parametrize("backend", ["onnxruntime", "openvino"])
@pytest.mark.parametrize("head", HEADS)
def test_converted_networks_predict_the_same(head, backend, tmp_path, caplog):
    context, member = setting(tmp_path, changes(head))
    train_bank_member(context, member, thirds()[:1], GROUP)
    network = load_network(context.run.fold("one", 0), member.recipe, 4)
    converted, eager = (Predictor.of(network, member.recipe, CPU, backend=one) for one in (backend, "eager"))
    expected = eager.probabilities(member.train, np.arange(ROWS))
    assert converted.probabilities(member.train, np.arange(ROWS)) == pytest.approx(expected, abs=1e-3)
    assert "torch is used instead" not in caplog.text


@pytest.mark.parametrize("head", HEADS)
def test_a_trained_network_is_blended_with_each_head(head, tiny_job, tmp_path):
    job = tiny_job({"training": {"epochs": 4, "kernel": {"use": "blend", "head": head}}})
    network = train_network(job, make_engine(job.recipe.compute), Console("none"))
    network, predictor = with_kernel_head(job, network, CPU, Console("none"))
    assert network.model.blend
    save_network(tmp_path, network, job.recipe)
    read = Predictor.of(load_network(tmp_path, job.recipe, job.class_count), job.recipe, CPU, backend="eager")
    expected = read.probabilities(job.store, job.valid_rows)
    assert predictor.probabilities(job.store, job.valid_rows) == pytest.approx(expected, abs=CLOSE)
    assert (expected.argmax(axis=1) == job.label[job.valid_rows]).mean() > 0.35


def test_members_with_different_heads_are_combined(cli, drawn, tiny_file, tmp_path):
    members = ", ".join(f"{name}: {{training: {{kernel: {{head: {name}}}}}}}" for name in HEADS)
    settings = ["training.epochs=0", "training.kernel=replace", f"members={{{members}}}", "report.enabled=true"]
    sets = [part for one in settings for part in ("--set", one)]
    run: Path = tmp_path / "run"
    for command in (
        ("run", drawn, "--recipe", tiny_file, "--out", run, *sets),
        ("predict", run, drawn / "test", "--out", tmp_path / "new.csv"),
    ):
        status, text, errors = cli(*command)
        assert status == 0, errors + text
    assert predicted(tmp_path / "new.csv", "image", "label") == predicted(
        run / "submission.csv", "image_path", "target"
    )
    assert (run / "report" / "index.html").is_file()
    assert set(HEADS) == {path.name for path in (run / "members").iterdir()}
