"""The nested estimate never uses a row's own fold, and is honest where the naive one is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from sketchfit.config.ensemble import METHODS, EnsembleSection
from sketchfit.inference import metrics
from sketchfit.inference.ensembling.compare import compare_ensembles, methods_of
from sketchfit.inference.ensembling.methods import ensembling
from sketchfit.inference.ensembling.methods.best_member import fit_best_member
from sketchfit.inference.ensembling.nested import fit_choice, nested
from sketchfit.inference.oof import Rows
from tests.contracts.ensembling import check_method

Draw = Callable[..., Any]


@pytest.mark.parametrize("name", ensembling.names())
def test_contract(draw_members: Draw, name: str) -> None:
    check_method(ensembling.get(name), *draw_members(np.random.default_rng(0), 120, 4, [1.0, 0.5, 0.8, 1.2, 0.3]))


def test_rows_that_do_not_take_part_stay_out(draw_members: Draw) -> None:
    members, label = draw_members(np.random.default_rng(0), 90, 4, [1.0, 0.5])
    fold, rows = np.arange(90) % 3, np.arange(60)
    part = nested(fit_best_member, members, label, fold, rows)
    assert (part[60:] == 0).all()
    assert part[:60].sum(1) == pytest.approx(np.ones(60), abs=1e-5)
    with pytest.raises(ValueError, match="two folds"):
        nested(fit_best_member, members, label, np.zeros(90, dtype=int))


def test_pure_noise_fools_the_naive_estimate_only(draw_members: Draw) -> None:
    naive, honest = [], []
    section = EnsembleSection(greedy_rounds=10, greedy_bags=1, greedy_bag_share=1)
    for seed in range(12):
        members, label = draw_members(np.random.default_rng(seed), 100, 4, [0.0] * 12)
        score = compare_ensembles(
            dict(zip("abcdefghijkl", members, strict=True)),
            Rows(np.arange(100), label, np.arange(100) % 5, None),
            methods_of(section, 0, ["greedy"]),
        )["greedy"]
        naive.append(score.naive.value)
        honest.append(score.nested.value)
    assert np.mean(naive) > 0.33
    assert np.mean(honest) == pytest.approx(0.25, abs=0.04)


def test_choosing_is_estimated_inside_each_fold(draw_members: Draw) -> None:
    members, label = draw_members(np.random.default_rng(2), 150, 4, [0.3, 2.0])
    fold = np.arange(150) % 3
    methods = methods_of(EnsembleSection(), 0, ["mean", "best-member"])
    choice = nested(fit_choice(methods, fold), members, label, fold)
    by_name = {name: nested(fit, members, label, fold) for name, fit in methods.items()}
    for k in range(3):
        held = fold == k
        assert any((choice[held] == prob[held]).all() for prob in by_name.values())


def test_the_comparison_reads_as_a_table(draw_members: Draw) -> None:
    members, label = draw_members(np.random.default_rng(1), 400, 6, [1.5, 1.4, 0.2])
    result = compare_ensembles(
        {"a": members[0], "b": members[1], "c": members[2]},
        Rows(np.arange(400), label, np.arange(400) % 4, np.arange(400) // 2),
        methods_of(EnsembleSection(), 0),
        honest_choice=True,
    )
    assert [score.name for score in result.scores] == list(METHODS)
    best = result["best-member"]
    assert best.weights == {"a": 1, "b": 0, "c": 0} or best.weights == {"a": 0, "b": 1, "c": 0}
    assert best.gain.value == 0
    assert result.best.nested.value == max(score.nested.value for score in result.scores)
    assert result.best.gain.helps
    assert result["simplex"].weights["c"] < 0.2
    assert result.honest_choice is not None
    assert result.honest_choice.value <= result.best.nested.value + 0.02
    for score in result.scores:
        assert score.nested.value == metrics.top_k_accuracy(score.prob, label)
        assert score.nested.value <= score.nested_top5.value
    table = result.table()
    assert table[0]["method"] == result.best.name
    assert "n = 400" in table[0]["nested top-1"]


def test_methods_are_in_one_order_and_unknown_ones_refused() -> None:
    assert list(methods_of(EnsembleSection(compare=("simplex", "mean")), 0)) == ["mean", "simplex"]
    assert set(ensembling.names()) == set(METHODS)
    with pytest.raises(ValidationError, match="'simplex'"):
        EnsembleSection(compare=("simplx",))
    with pytest.raises(ValidationError, match="'best'"):
        EnsembleSection(method="bst")
