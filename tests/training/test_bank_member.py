"""A member without epochs: all folds at once, and the same as its saved networks predict."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from sketchfit.bank import nystrom
from sketchfit.bank.closed_forms import rbf
from sketchfit.bank.head_choice import HeadChoice
from sketchfit.bank.kernel import KernelSettings
from sketchfit.bank.kernel_fold import KernelFold
from sketchfit.config.load import load_recipe
from sketchfit.data.folds import Fold, folds_of
from sketchfit.errors import UserError
from sketchfit.inference.predictor import Predictor
from sketchfit.models.saved_network import load_network
from sketchfit.stages.context import RunContext
from sketchfit.tracking.callback import Callback
from sketchfit.training import bank_member
from sketchfit.training.bank_member import is_bank_member, train_bank_member, train_members
from sketchfit.training.context import Member
from tests.factories import bars, make_context, make_store, make_table, tiny_recipe

CPU = torch.device("cpu")
CLOSED_FORM = {"training": {"epochs": 0, "kernel": "replace"}}
ROWS = 48


def setting(folder: Path, changes: dict | None = None, unreadable: int | None = None) -> tuple[RunContext, Member]:
    """A run of four classes of bars, and its only member; the images are in memory."""
    recipe = load_recipe(tiny_recipe(CLOSED_FORM | (changes or {}) | {"data": {"cache": str(folder / "cache")}}))
    label = np.random.default_rng(1).permutation(np.repeat(np.arange(4), ROWS // 4))
    train = {f"train/{row}.png": int(one) for row, one in enumerate(label)}
    table = make_table(folder, train, tuple(f"test/{row}.png" for row in range(5)))
    for path in (*table.train.paths, *table.test.paths):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(path.encode())
    context = make_context(folder / "run", recipe, table)
    test = make_store(bars(np.arange(5) % 4), Path("test"))
    if unreadable is not None:
        errors = tuple("damaged" if row == unreadable else "" for row in range(5))
        test = replace(test, errors=errors)
    return context, Member("one", recipe, make_store(bars(label), Path("train")), test)


def thirds() -> list[Fold]:
    return folds_of((np.arange(ROWS) % 3)[None], np.arange(ROWS))


@pytest.mark.parametrize("mirrored", ["never", "always"])
def test_probabilities_are_those_of_the_saved_networks(tmp_path, mirrored):
    context, member = setting(tmp_path, {"training": {"epochs": 0, "kernel": {"use": "replace", "mirrored": mirrored}}})
    (results,) = train_members(context, [member], thirds())
    for fold, result in zip(thirds(), results, strict=True):
        network = load_network(context.run.fold("one", fold.number), member.recipe, 4)
        predictor = Predictor.of(network, member.recipe, CPU, backend="eager")
        assert np.array_equal(result.rows, fold.valid)
        assert result.oof == pytest.approx(predictor.probabilities(member.train, fold.valid), abs=2e-3)
        assert result.test == pytest.approx(predictor.probabilities(member.test, np.arange(5)), abs=2e-3)
    oof = np.concatenate([result.oof for result in results])
    rows = np.concatenate([result.rows for result in results])
    assert (oof.argmax(axis=1) == context.table.label[rows]).mean() > 0.6


@pytest.mark.parametrize("backend", ["onnxruntime", "openvino"])
def test_grey_training_images_and_coloured_test_images(tmp_path, backend):
    pytest.importorskip(backend)
    context, member = setting(tmp_path, {"inference": {"backend": backend}})
    coloured = make_store(np.repeat(member.test.images, 3, axis=3), Path("coloured"))
    (expected,) = train_members(context, [member], thirds())
    again = make_context(tmp_path / "again", member.recipe, context.table)
    (found,) = train_members(again, [replace(member, test=coloured)], thirds())
    for one, other in zip(found, expected, strict=True):
        assert one.test == pytest.approx(other.test, abs=1e-5)


def test_what_is_written_does_not_depend_on_the_folds_that_are_fitted_together(tmp_path):
    context, member = setting(tmp_path / "together")
    together = train_bank_member(context, member, thirds())
    context, member = setting(tmp_path / "alone")
    alone = [train_bank_member(context, member, [fold])[0] for fold in thirds()]
    for one, other in zip(together, alone, strict=True):
        assert np.array_equal(one.oof, other.oof)
        assert np.array_equal(one.test, other.test)


def test_labels_of_validation_rows_change_nothing(tmp_path):
    context, member = setting(tmp_path / "before")
    before = train_bank_member(context, member, thirds()[:1])[0]
    other, member = setting(tmp_path / "after")
    label = context.table.label.copy()
    label[thirds()[0].valid] = 0
    other = replace(other, table=replace(other.table, label=label))
    after = train_bank_member(other, member, thirds()[:1])[0]
    assert before.oof == pytest.approx(after.oof, abs=1e-4)
    assert before.test == pytest.approx(after.test, abs=1e-4)


def test_near_duplicates_are_left_out_together_for_the_temperature(tmp_path, monkeypatch):
    groups = []
    real = KernelFold.left_out
    monkeypatch.setattr(KernelFold, "left_out", lambda self, group: groups.append(group) or real(self, group))
    context, member = setting(tmp_path)
    group = np.arange(ROWS) // 2
    train_bank_member(context, member, [Fold(0, np.arange(10), np.arange(10, 14))], group)
    assert np.array_equal(groups[0], group[:14])


def test_finished_folds_are_read_and_reported_once(tmp_path, monkeypatch):
    finished = []

    class Watch(Callback):
        def fold_finished(self, member, fold, row):
            finished.append((member, fold, row["rows"]))

    context, member = setting(tmp_path)
    first = train_bank_member(context, member, thirds()[:2], callback=Watch())
    monkeypatch.setattr(bank_member, "train_network", None)  # fails where something is fitted
    again = train_bank_member(context, member, thirds()[:2], callback=Watch())
    assert finished == [("one", 0, 16), ("one", 1, 16)]
    assert np.array_equal(first[1].test, again[1].test)


def test_a_test_image_that_cannot_be_read_gets_the_class_frequencies(tmp_path):
    context, member = setting(tmp_path, unreadable=2)
    fold = thirds()[0]
    result = train_bank_member(context, member, [fold])[0]
    expected = np.bincount(context.table.label[fold.train], minlength=4) / len(fold.train)
    assert result.test[2] == pytest.approx(expected)


def test_many_rows_are_compared_with_landmarks(tmp_path, monkeypatch):
    monkeypatch.setattr(rbf, "MOST_ROWS", ROWS - 1)
    monkeypatch.setattr(nystrom, "MOST_BYTES", 4 * ROWS * 20)
    context, member = setting(tmp_path)
    ((result,),) = train_members(context, [member], thirds()[:1])
    network = load_network(context.run.fold("one", 0), member.recipe, 4)
    assert len(network.model.support) == 20
    predictor = Predictor.of(network, member.recipe, CPU, backend="eager")
    assert result.oof == pytest.approx(predictor.probabilities(member.train, thirds()[0].valid), abs=5e-3)
    assert (result.oof.argmax(axis=1) == context.table.label[result.rows]).mean() > 0.6


def test_a_penalty_that_is_too_small_is_a_clear_error(tmp_path, monkeypatch):
    def singular(*_):
        raise ValueError("the penalty 1e-300 is too small for these features")

    monkeypatch.setattr(rbf.KernelRidge, "of", singular)
    with pytest.raises(UserError, match="too small"):
        train_bank_member(*setting(tmp_path), thirds())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"training": {"epochs": 1, "kernel": "replace"}}, False),
        ({"model": {"pretrained": True, "weights": "{fold}.safetensors"}}, False),
    ],
)
def test_a_bank_member_has_no_epochs_and_one_backbone(changes, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for fold in range(2):
        (tmp_path / f"{fold}.safetensors").touch()
    assert is_bank_member(load_recipe(tiny_recipe(CLOSED_FORM | changes))) == expected


def test_auto_settings_are_chosen_per_fold_without_its_validation_rows(tmp_path, monkeypatch):
    seen, real = [], HeadChoice.without

    def without(self, removed):
        seen.append(removed.tolist())
        assert real(self, removed) in self.candidates
        return KernelSettings(0.125 * 2 ** (len(seen) // 3), 0.03)  # another one for the third fold

    monkeypatch.setattr(HeadChoice, "without", without)
    kernel = {"use": "replace", "width": "auto", "strength": "auto"}
    context, member = setting(tmp_path, {"training": {"epochs": 0, "kernel": kernel}})
    results = train_bank_member(context, member, thirds(), np.arange(ROWS) // 2)
    assert seen == [fold.valid.tolist() for fold in thirds()]
    gammas = [float(load_network(context.run.fold("one", number), member.recipe, 4).model.gamma) for number in range(3)]
    assert gammas == pytest.approx([gammas[0], gammas[0], 2 * gammas[0]])
    for fold, result in zip(thirds(), results, strict=True):
        assert (result.oof.argmax(axis=1) == context.table.label[fold.valid]).mean() > 0.6
