"""Views that help are chosen, views that hurt are shown to hurt, and chance gains are not chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sketchfit.inference import votes
from sketchfit.inference.metrics import top_k_correct
from sketchfit.inference.view_selection import Mode, cross_fit, merge_views, select_views

Draw = Callable[..., Any]


def drawn(draw_members: Draw, skills: list[float], names: list[str], seed: int = 0) -> tuple[dict[str, Any], Any]:
    members, label = draw_members(np.random.default_rng(seed), 2500, 6, skills)
    return dict(zip(names, members, strict=True)), label


@pytest.mark.parametrize("mode", ["mean-prob", "mean-logit"])
def test_what_helps_is_kept_and_what_hurts_is_shown(draw_members: Draw, mode: Mode) -> None:
    probs, label = drawn(draw_members, [1.5, 1.5, 1.4, -1.5], ["identity", "scale", "crop", "flip"])
    chosen = select_views(probs, label, mode=mode)
    assert chosen.names[0] == "identity"
    assert set(chosen.names) == {"identity", "scale", "crop"}
    gains = {gain.name: gain for gain in chosen.gains}
    assert gains["flip"].beside_base.high < 0
    assert not gains["flip"].kept
    assert gains["scale"].beside_base.helps
    assert gains["scale"].kept
    assert chosen.accuracy.value > chosen.base.value
    assert (chosen.merge(probs) == merge_views([probs[name] for name in chosen.names], mode)).all()


def test_no_luck(draw_members: Draw) -> None:
    kept = 0
    for seed in range(15):
        rng = np.random.default_rng(seed)
        (base,), label = draw_members(rng, 800, 6, [1.5])
        noise = {f"v{v}": base * np.exp(0.05 * rng.normal(size=base.shape)) for v in range(8)}
        probs = {"identity": base} | {name: p / p.sum(1, keepdims=True) for name, p in noise.items()}
        kept += len(select_views(probs, label).names) - 1
    assert kept <= 2


def test_votes_and_a_chosen_base(draw_members: Draw) -> None:
    probs, label = drawn(draw_members, [0.2, 1.5, 1.5, 1.5], ["a", "b", "c", "d"])
    chosen = select_views(probs, label, np.arange(2500) // 2, mode="vote", base="b")
    assert chosen.names[0] == "b"
    assert (merge_views([probs["b"], probs["c"]], "vote") == votes.hard_vote([probs["b"], probs["c"]])).all()
    assert select_views({"a": probs["a"]}, label).names == ("a",)


def gain_of(probs: dict[str, Any], merged: Any, label: Any) -> float:
    right = top_k_correct(merged, label).mean() - top_k_correct(probs["identity"], label).mean()
    return float(right)


def test_cross_fitted_views_gain_what_chosen_views_gain(draw_members: Draw) -> None:
    probs, label = drawn(draw_members, [1.5, 1.5, -1.0], ["identity", "scale", "flip"])
    merged = cross_fit(probs, label, np.arange(2500) % 5)
    assert merged.dtype == np.float32
    naive = select_views(probs, label)
    assert gain_of(probs, merged, label) == pytest.approx(naive.accuracy.value - naive.base.value, abs=0.01)
    assert gain_of(probs, merged, label) > 0


def test_views_of_a_fold_are_chosen_on_the_other_folds() -> None:
    label, fold = np.zeros(400, dtype=int), np.repeat([0, 1], 200)
    right, wrong = [0.6, 0.4], [0.4, 0.6]
    base = np.tile([right, wrong], (200, 1))
    sure_right, sure_wrong = [0.9, 0.1], [0.1, 0.9]
    flip = np.array([sure_right] * 200 + [right, sure_wrong] * 100)
    flip[200:300] = sure_wrong
    # In fold 0 the flip corrects all 100 errors, in fold 1 it breaks 50 rows.
    probs = {"identity": base, "flip": flip}
    chosen = select_views(probs, label)
    assert chosen.names == ("identity", "flip")
    assert chosen.accuracy.value - chosen.base.value == pytest.approx(50 / 400)
    assert gain_of(probs, cross_fit(probs, label, fold), label) == pytest.approx(-50 / 400)
