"""Outputs above a frozen lower part: the answers of the saved network, and the lower part is computed once."""

from __future__ import annotations

import numpy as np
import pytest

from sketchfit.bank.extractor import Extractor
from sketchfit.training import stored_outputs
from sketchfit.training.fold import train_fold
from sketchfit.training.stored_outputs import StoredOutputs
from tests.training.test_bank_member import setting, thirds
from tests.training.test_head_pass import check_answers

FREEZE = {"train": "from", "first": 3, "copies": 2}


def frozen_setting(folder, mirrored="auto", unreadable=None, backend="openvino", **model):
    pytest.importorskip("openvino")
    changes = {
        "model": {"freeze": FREEZE} | model,
        "training": {"epochs": 2, "kernel": {"use": "blend", "mirrored": mirrored}},
        "inference": {"backend": backend},
    }
    return setting(folder, changes, unreadable)


@pytest.fixture
def passes(monkeypatch):
    """Names of the stores and pictures whose lower part was computed."""
    found, real = [], StoredOutputs._pass

    def count(self, store, picture):
        found.append((store.folder.name, picture.name))
        return real(self, store, picture)

    monkeypatch.setattr(StoredOutputs, "_pass", count)
    return found


@pytest.mark.parametrize("mirrored", ["auto", "always"])
def test_answers_are_those_of_the_saved_networks_and_folds_share_the_lower_part(
    tmp_path, passes, monkeypatch, mirrored
):
    monkeypatch.setattr(Extractor, "of_rows", None)  # fails where pictures are computed by the entire network
    context, member = frozen_setting(tmp_path, mirrored)
    for fold in thirds()[:2]:
        check_answers(context, member, fold, train_fold(context, member, fold))
    pictures = [""] if mirrored == "auto" else ["", "hflip"]
    assert sorted(passes) == [(store, picture) for store in ("test", "train") for picture in pictures]


def test_a_test_image_that_cannot_be_read_gets_the_class_frequencies(tmp_path):
    context, member = frozen_setting(tmp_path, unreadable=2)
    fold = thirds()[0]
    result = train_fold(context, member, fold)
    expected = np.bincount(context.table.label[fold.train], minlength=4) / len(fold.train)
    assert result.test[2] == pytest.approx(expected)
    check_answers(context, member, fold, result)


def test_without_space_all_is_computed_from_pictures(tmp_path, monkeypatch):
    def full(*_):
        raise OSError("no space left")

    monkeypatch.setattr(stored_outputs, "open_maps", full)
    context, member = frozen_setting(tmp_path)
    fold = thirds()[0]
    check_answers(context, member, fold, train_fold(context, member, fold))


@pytest.mark.parametrize(
    "changes",
    [
        {"backend": "eager"},
        {"freeze": {"train": "all"}},
        {"freeze": FREEZE | {"copies": 0}},
        {"freeze": FREEZE | {"epochs": 1}},
    ],
)
def test_nothing_is_stored_otherwise(tmp_path, passes, changes):
    context, member = frozen_setting(tmp_path, **changes)
    fold = thirds()[0]
    check_answers(context, member, fold, train_fold(context, member, fold))
    assert passes == []
