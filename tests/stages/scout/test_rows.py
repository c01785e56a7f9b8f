from __future__ import annotations

from pathlib import Path

import numpy as np

from sketchfit.config.load import load_recipe
from sketchfit.stages.scout import rows as module
from sketchfit.stages.scout.rows import scout_rows
from tests.factories import bars, make_context, make_store, make_table, tiny_recipe

LABEL = np.repeat(np.arange(4), 6)


def context_of(folder: Path, changes: dict):
    table = make_table(train={f"train/{row}.png": int(number) for row, number in enumerate(LABEL)})
    return make_context(folder, load_recipe(tiny_recipe(changes)), table)


def with_copies():
    """Drawings of which row 7 is row 1 again."""
    images = np.random.default_rng(3).integers(0, 2, (24, 36, 36, 1), dtype=np.uint8) * 0 + 255
    for row, image in enumerate(images):
        rng = np.random.default_rng(row)
        for _ in range(4):
            x, y = rng.integers(2, 28, 2)
            image[y : y + 2, x : x + 7] = 0
            image[y : y + 7, x : x + 2] = 0
    images[7] = images[1]
    return make_store(images)


def test_near_duplicates_share_a_fold_and_are_found_once(tmp_path, monkeypatch):
    context = context_of(tmp_path, {"audit": {"enabled": True}})
    found = scout_rows(context, with_copies())
    assert found.group is not None
    assert found.group[7] == found.group[1]
    assert any({1, 7} <= set(fold.valid.tolist()) for fold in found.folds) or not any(
        {1, 7} & set(fold.valid.tolist()) for fold in found.folds
    )
    monkeypatch.setattr(module, "find", None)
    again = scout_rows(context, with_copies())
    assert again.group is not None
    assert again.group.tolist() == found.group.tolist()


def test_without_an_audit_rows_are_independent(tmp_path):
    found = scout_rows(context_of(tmp_path, {}), make_store(bars(LABEL)))
    assert found.group is None
    assert found.group_of(np.arange(3)) is None
    assert sorted(np.concatenate([fold.valid for fold in found.folds]).tolist()) == list(range(24))
    assert found.sample.tolist() == list(range(24))


def test_of_several_repeats_the_first_one(tmp_path):
    found = scout_rows(context_of(tmp_path, {"folds": {"repeats": 3}}), make_store(bars(LABEL)))
    assert len(found.folds) == 2


def test_near_duplicates_of_many_rows_are_searched_among_some(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_COMPARED", 10)
    searched = []
    real = module.find
    monkeypatch.setattr(module, "find", lambda loader, count: searched.append(count) or real(loader, count))
    found = scout_rows(context_of(tmp_path, {"audit": {"enabled": True}}), with_copies())
    assert searched == [10]
    assert found.group is not None
    assert len(found.group) == 24
    assert len(found.sample) == 10
    for fold in found.folds:  # in others, copies could be on both sides
        assert sorted([*fold.train, *fold.valid]) == found.sample.tolist()
