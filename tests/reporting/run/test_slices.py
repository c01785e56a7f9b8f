from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency

from sketchfit.reporting.evidence import read_evidence
from sketchfit.reporting.run.compare_slices import compare_slices, trait_masks
from sketchfit.reporting.run.slice_tree import tree_slices
from sketchfit.reporting.run.slices import SliceResults, slices_section


def _traits(rows: int, rng: np.random.Generator) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "relative_width": rng.uniform(0.002, 0.03, rows),
            "ink": rng.uniform(0.01, 0.2, rows),
            "contrast": rng.uniform(100, 250, rows),
            "width": rng.integers(200, 900, rows).astype(float),
            "height": rng.integers(200, 900, rows).astype(float),
            "inverted": rng.random(rows) < 0.1,
            "colour": rng.random(rows) < 0.2,
            "drawings": rng.integers(1, 4, rows).astype(float),
        }
    )


def test_planted_weak_slice_is_found_first() -> None:
    """Drawings with thin lines are mislabelled in half of the cases."""
    rng = np.random.default_rng(0)
    traits = _traits(2000, rng)
    thin = traits["relative_width"].to_numpy() < np.quantile(traits["relative_width"], 0.25)
    correct = rng.random(2000) < np.where(thin, 0.45, 0.9)
    slices = compare_slices(trait_masks(traits), correct, None)
    assert slices[0].trait == "line width over size"
    assert slices[0].weak
    assert slices[0].accuracy.value == pytest.approx(0.45, abs=0.06)
    assert [one.trait for one in slices if one.weak] == ["line width over size"]
    found = tree_slices(traits, correct, None)
    assert found
    assert "line width over size ≤" in found[0].name
    assert "_" not in found[0].name


def test_a_combination_that_no_single_trait_shows_best_is_found_by_the_tree() -> None:
    rng = np.random.default_rng(1)
    traits = _traits(3000, rng)
    bad = traits["inverted"].to_numpy() & (traits["ink"].to_numpy() > 0.1)
    correct = rng.random(3000) < np.where(bad, 0.1, 0.85)
    found = tree_slices(traits, correct, None)
    assert any("light on dark" in one.name and "share of ink >" in one.name for one in found)


def test_false_alarms_stay_below_the_level() -> None:
    alarms = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        traits = _traits(400, rng)
        alarms += any(one.weak for one in compare_slices(trait_masks(traits), rng.random(400) < 0.7, None))
    assert alarms <= 8  # 5 % of 60 would be 3; 9 or more happen once in 300 times


def test_copies_count_once() -> None:
    rng = np.random.default_rng(3)
    mask = rng.random(100) < 0.4
    correct = rng.random(100) < np.where(mask, 0.6, 0.75)
    (alone,) = compare_slices([("a", "b", mask)], correct, None)
    (copied,) = compare_slices([("a", "b", np.repeat(mask, 6))], np.repeat(correct, 6), np.repeat(np.arange(100), 6))
    (fooled,) = compare_slices([("a", "b", np.repeat(mask, 6))], np.repeat(correct, 6), None)
    assert copied.p_value == pytest.approx(alone.p_value, rel=1e-6)
    assert fooled.p_value < alone.p_value


def test_p_value_is_close_to_the_chi_squared_test() -> None:
    rng = np.random.default_rng(4)
    mask = rng.random(5000) < 0.3
    correct = rng.random(5000) < np.where(mask, 0.70, 0.73)
    (one,) = compare_slices([("a", "b", mask)], correct, None)
    table = [[(mask & correct).sum(), (mask & ~correct).sum()], [(~mask & correct).sum(), (~mask & ~correct).sum()]]
    assert one.p_value == pytest.approx(chi2_contingency(table, correction=False).pvalue, rel=0.1)


@pytest.mark.parametrize("weak_above", [0, 1, 2, 3, 4])
def test_a_leaf_states_how_many_objects_its_drawings_have(weak_above: int) -> None:
    rng = np.random.default_rng(weak_above)
    drawings = rng.integers(0, 6, 3000)
    correct = rng.random(3000) < np.where(drawings > weak_above, 0.3, 0.9)
    found = tree_slices(pd.DataFrame({"drawings": drawings.astype(float)}), correct, None)
    assert found
    for one in found:
        for condition in one.name.split(" and "):
            words = condition.split()
            kind, number = (words[1], int(words[2])) if len(words) == 4 else (words[0], 1)
            inside = drawings[one.rows] > number if kind in {"several", "than"} else drawings[one.rows] <= number
            assert inside.all(), condition


@pytest.mark.parametrize("weak", ["low", "high"])
def test_a_leaf_with_drawings_of_unknown_value_states_it(weak: str) -> None:
    rng = np.random.default_rng(7)
    quality = rng.uniform(0, 100, 3000)
    quality[:600] = np.nan
    bad = np.isnan(quality) | (quality < 40 if weak == "low" else quality > 60)
    correct = rng.random(3000) < np.where(bad, 0.3, 0.9)
    found = tree_slices(pd.DataFrame({"jpeg_quality": quality, "ink": rng.random(3000)}), correct, None)
    assert any("JPEG quality" in one.name for one in found)
    for one in found:
        if np.isnan(quality[one.rows]).any():
            assert "(or unknown)" in one.name
        if "share of ink" in one.name and "JPEG" not in one.name:
            assert "unknown" not in one.name


def test_bounds_are_written_without_exponents() -> None:
    """The page, the summary and the advice name the parts of a trait."""
    rng = np.random.default_rng(8)
    width, height = rng.integers(1000, 4200, 800), rng.integers(900, 3000, 800)
    traits = pd.DataFrame({"width": width.astype(float), "height": height.astype(float)})
    size = np.maximum(width, height)
    parts = [(name, mask) for trait, name, mask in trait_masks(traits) if trait == "longer side in pixels"]
    assert len(parts) == 4
    for name, mask in parts:
        low, high = (float(end.replace(",", "")) for end in name.partition(" (")[0].split(" to "))
        assert size[mask].min() >= low - 1
        assert size[mask].max() <= high + 1
    correct = rng.random(800) < np.where(width > 2500, 0.3, 0.9)
    leaves = tree_slices(traits, correct, None)
    assert any("width in pixels > 2," in one.name for one in leaves)
    assert not any("e+" in one.name for one in leaves)


def test_unknown_traits_have_both_possible_causes(make_run: Callable[..., Path]) -> None:
    section = slices_section(read_evidence(make_run()), SliceResults(measured=False))
    assert "audit.enabled" in section.html
    assert "audit.detail" in section.html


def test_a_slice_knows_its_rows() -> None:
    rng = np.random.default_rng(5)
    traits = _traits(1200, rng)
    thin = traits["relative_width"].to_numpy() < 0.01
    correct = rng.random(1200) < np.where(thin, 0.3, 0.95)
    for one in (*compare_slices([("a", "b", thin)], correct, None), *tree_slices(traits, correct, None)):
        assert len(one.rows) == one.accuracy.n
        assert correct[one.rows].mean() == pytest.approx(one.accuracy.value)
        assert one.trait != "a" or one.rows.tolist() == np.flatnonzero(thin).tolist()


def test_small_slices_are_left_out() -> None:
    mask = np.zeros(100, dtype=bool)
    mask[:5] = True
    assert compare_slices([("a", "b", mask)], np.ones(100, dtype=bool), None) == []


def _alarms(accuracy: float, group: np.ndarray | None, runs: int = 200) -> int:
    """Runs in which one of ten slices without an effect differs beyond chance; rows of a group are related."""
    alarms = 0
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        if group is None:
            share, masks = np.full(400, accuracy), [rng.random(400) < size for size in np.linspace(0.07, 0.5, 10)]
        else:
            groups = int(group.max()) + 1
            share = rng.beta(5 * accuracy, 5 - 5 * accuracy, groups)[group]
            masks = [np.isin(group, rng.permutation(groups)[: rng.integers(2, groups // 2 + 1)]) for _ in range(10)]
        correct = rng.random(len(share)) < share
        found = compare_slices([("a", str(k), mask) for k, mask in enumerate(masks)], correct, group)
        alarms += any(one.beyond_chance for one in found)
    return alarms


@pytest.mark.parametrize("accuracy", [0.05, 0.12, 0.95])
def test_false_alarms_near_0_and_100_percent(accuracy: float) -> None:
    assert _alarms(accuracy, None) <= 18  # 5 % of 200 would be 10; 19 or more happen once in 200 times


@pytest.mark.parametrize("accuracy", [0.05, 0.5, 0.95])
@pytest.mark.parametrize("drawers", [6, 12])
def test_false_alarms_with_few_groups(accuracy: float, drawers: int) -> None:
    assert _alarms(accuracy, np.arange(480) % drawers) <= 18


@pytest.mark.parametrize(("rows", "right", "accuracy"), [(20, 20, 0.95), (20, 0, 0.12)])
def test_a_small_slice_that_chance_explains_is_not_weak(rows: int, right: int, accuracy: float) -> None:
    mask = np.arange(400) < rows
    correct = np.concatenate([np.arange(rows) < right, np.arange(400 - rows) < accuracy * (400 - rows)])
    (one,) = compare_slices([("a", "b", mask)], correct, None)
    assert not one.beyond_chance


def test_a_small_slice_that_is_weak_is_found() -> None:
    mask = np.arange(400) < 20
    correct = np.concatenate([np.arange(20) < 10, np.arange(380) < 361])
    (one,) = compare_slices([("a", "b", mask)], correct, None)
    assert one.weak
    assert one.error == pytest.approx(np.sqrt(0.25 / 20 + 0.95 * 0.05 / 380), rel=0.01)
