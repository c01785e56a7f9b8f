"""What is chosen and printed where test rows are of new groups that nothing names."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sketchfit.config.load import load_recipe
from sketchfit.relations.key import NO_VALUE, Key
from sketchfit.runs.artefacts import Relations
from sketchfit.stages import relation_choice
from sketchfit.stages.frozen_rows import FrozenRows
from sketchfit.stages.relation_choice import KeyedRows, choose_grouping
from sketchfit.stages.relation_figures import relation_figures
from tests.factories import tiny_recipe

CLASSES, SESSIONS, ROWS, WIDTH = 10, 8, 5, 32


def figures(new: bool, drifts: bool) -> Relations:
    """Return what is found where test rows are of new sessions, or of those of the training rows."""
    rng = np.random.default_rng(0)
    centre = rng.normal(0, 0.5, (CLASSES, 1, WIDTH)) + rng.normal(0, 0.8, (CLASSES, 2 * SESSIONS, WIDTH))
    label, session = (
        np.repeat(np.arange(CLASSES), SESSIONS * ROWS),
        np.tile(np.repeat(np.arange(SESSIONS), ROWS), CLASSES),
    )
    of_test = session + SESSIONS if new else session
    values, tests = (
        (centre[label, one] + rng.normal(0, 0.4, (len(label), WIDTH))).astype(np.float32) for one in (session, of_test)
    )
    frozen = FrozenRows(np.arange(len(label)), values, label, CLASSES, tests)
    copies = Key("near_duplicate", "near_duplicate", np.arange(len(label)), np.full(len(label), NO_VALUE))
    origins: Any = SimpleNamespace(test=np.zeros(len(label)))
    recipe = load_recipe(tiny_recipe({"folds": {"k": 4, "group": "auto"}}))
    context: Any = SimpleNamespace(table=SimpleNamespace(label=label), recipe=recipe)
    rows = KeyedRows(origins, copies, frozen)
    return relation_figures(context, choose_grouping(context, rows, (), drifts), (), rows)


def test_new_sessions_that_nothing_names_are_warned_of_where_traits_differ_too() -> None:
    found = figures(new=True, drifts=True)
    assert found.chosen == "near_duplicate"
    assert found.groupings[0].higher is not None
    assert found.groupings[0].higher > 0.6
    assert "no relation that was found explains it" in found.warning
    assert f"WARNING: {found.warning}" in list(found.lines())


def test_clusters_that_explain_it_need_no_warning() -> None:
    found = figures(new=True, drifts=False)
    assert found.chosen.startswith("clusters")
    assert found.warning == ""


@pytest.mark.parametrize("drifts", [True, False])
def test_known_sessions_need_no_warning(drifts: bool) -> None:
    found = figures(new=False, drifts=drifts)
    assert found.chosen == "near_duplicate"
    assert found.groupings[0].higher is not None
    assert found.groupings[0].higher < 0.52
    assert found.warning == ""
    assert not [line for line in found.lines() if "WARNING" in line]


def test_classes_that_are_too_large_for_clusters_are_noted(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    figures(new=True, drifts=False)
    assert "not searched" not in caplog.text
    monkeypatch.setattr(relation_choice, "MOST_OF_CLASS", ROWS)
    figures(new=True, drifts=False)
    assert "note: clusters of similar rows are not searched in 10 classes" in caplog.text
