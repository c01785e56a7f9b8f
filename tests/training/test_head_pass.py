"""A kernel head on a trained network: one pass per picture, and the answers are those of the saved network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from sketchfit.bank.extractor import Extractor
from sketchfit.data.folds import Fold
from sketchfit.inference.predictor import Predictor
from sketchfit.models.saved_network import load_network
from sketchfit.training import fold as fold_module
from sketchfit.training.fold import train_fold
from tests.training.test_bank_member import ROWS, setting, thirds

CPU = torch.device("cpu")


def trained_setting(folder: Path, kernel: dict, unreadable: int | None = None, **inference):
    """As `setting`, with two epochs."""
    training = {"epochs": 2, "kernel": {"use": "blend"} | kernel}
    return setting(folder, {"training": training, "inference": inference}, unreadable)


def check_answers(context, member, fold, result):
    """Compare the probabilities of a network with those that the saved network predicts in torch."""
    network = load_network(context.run.fold("one", fold.number), member.recipe, 4)
    predictor = Predictor.of(network, member.recipe, CPU, backend="eager")
    readable = np.flatnonzero(member.test.readable)
    assert result.oof == pytest.approx(predictor.probabilities(member.train, fold.valid), abs=1e-3)
    assert result.test[readable] == pytest.approx(predictor.probabilities(member.test, readable), abs=1e-3)
    return network


@pytest.mark.parametrize("use", ["replace", "blend"])
@pytest.mark.parametrize("mirrored", ["auto", "always"])
@pytest.mark.parametrize("backend", ["eager", "openvino"])
def test_probabilities_are_those_of_the_saved_network(tmp_path, use, mirrored, backend):
    if backend != "eager":
        pytest.importorskip(backend)
    context, member = trained_setting(tmp_path, {"use": use, "mirrored": mirrored}, backend=backend)
    fold = thirds()[0]
    network = check_answers(context, member, fold, train_fold(context, member, fold))
    assert bool(network.model.mirrored) == (mirrored == "always")
    assert bool(network.model.blend) == (use == "blend")


@pytest.mark.parametrize(("mirrored", "pictures"), [("never", 1), ("always", 2)])
def test_each_picture_is_computed_once(tmp_path, monkeypatch, mirrored, pictures):
    computed, real = [], Extractor.of_pictures
    monkeypatch.setattr(
        Extractor, "of_pictures", lambda self, images: computed.append(len(images)) or real(self, images)
    )
    monkeypatch.setattr(fold_module, "Predictor", None)  # fails where the network is asked again
    context, member = trained_setting(tmp_path, {"mirrored": mirrored}, backend="eager")
    train_fold(context, member, thirds()[0])
    assert sum(computed) == pictures * (ROWS + len(member.test.errors))


def test_the_kernel_head_is_as_certain_of_the_validation_rows_as_the_own_head(tmp_path):
    context, member = trained_setting(tmp_path, {"use": "replace"})
    fold = thirds()[0]
    result = train_fold(context, member, fold)
    network = load_network(context.run.fold("one", fold.number), member.recipe, 4)
    own = type(network)(network.model.model, network.normalisation)
    expected = Predictor.of(own, member.recipe, CPU, backend="eager").probabilities(member.train, fold.valid)
    assert result.oof.max(axis=1).mean() == pytest.approx(expected.max(axis=1).mean(), abs=1e-3)


def test_a_test_image_that_cannot_be_read_gets_the_class_frequencies(tmp_path):
    context, member = trained_setting(tmp_path, {}, unreadable=2)
    fold = thirds()[0]
    result = train_fold(context, member, fold)
    expected = np.bincount(context.table.label[fold.train], minlength=4) / len(fold.train)
    assert result.test[2] == pytest.approx(expected)
    check_answers(context, member, fold, result)


def test_without_validation_rows_there_are_answers_for_test_rows(tmp_path):
    context, member = trained_setting(tmp_path, {})
    fold = Fold(0, np.arange(ROWS), np.arange(0))
    result = train_fold(context, member, fold)
    assert result.oof.shape == (0, 4)
    check_answers(context, member, fold, result)


def test_a_frozen_backbone_of_one_fold_has_the_answers_of_its_saved_network(tmp_path):
    context, member = setting(tmp_path)
    fold = thirds()[0]
    result = train_fold(context, member, fold)
    network = load_network(context.run.fold("one", fold.number), member.recipe, 4)
    predictor = Predictor.of(network, member.recipe, CPU, backend="eager")
    assert result.oof == pytest.approx(predictor.probabilities(member.train, fold.valid), abs=2e-3)
    assert result.test == pytest.approx(predictor.probabilities(member.test, np.arange(5)), abs=2e-3)


@pytest.mark.parametrize(("every", "validations"), [(0, 0), (1, 2)])
def test_without_validations_on_the_way_the_pass_gives_the_accuracy_of_the_trained_head(
    tmp_path, monkeypatch, every, validations
):
    predicted, real = [], Predictor.probabilities
    monkeypatch.setattr(
        Predictor, "probabilities", lambda self, store, rows: predicted.append(rows) or real(self, store, rows)
    )
    training = {"epochs": 2, "validate_every": every, "kernel": {"use": "blend", "mirrored": "always"}}
    context, member = setting(tmp_path, {"training": training})
    fold = thirds()[0]
    train_fold(context, member, fold)
    assert len(predicted) == validations
    network = load_network(context.run.fold("one", 0), member.recipe, 4)
    own = type(network)(network.model.model, network.normalisation)
    prob = real(Predictor.of(own, member.recipe, CPU, backend="eager"), member.train, fold.valid)
    history = context.run.network("one", 0).history()
    right = (prob.argmax(axis=1) == context.table.label[fold.valid]).mean()
    assert history["valid_accuracy"].iloc[-1] == pytest.approx(right, abs=1e-6)
    assert history["valid_accuracy"].notna().tolist() == [every == 1, True]
    assert history["train_accuracy"].notna().all()
