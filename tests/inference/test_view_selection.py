"""Views that help are chosen, views that hurt are shown to hurt, and chance gains are not chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import pytest
from scipy.special import softmax

from sketchfit.inference import votes
from sketchfit.inference.merged_views import MergedViews, Mode, merge_views
from sketchfit.inference.metrics import top_k_correct
from sketchfit.inference.view_selection import cross_fit, select_views

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
    for seed in range(8):
        rng = np.random.default_rng(seed)
        (base,), label = draw_members(rng, 800, 6, [1.5])
        noise = {f"v{v}": base * np.exp(0.05 * rng.normal(size=base.shape)) for v in range(8)}
        probs = {"identity": base} | {name: p / p.sum(1, keepdims=True) for name, p in noise.items()}
        kept += len(select_views(probs, label).names) - 1
    assert kept <= 1


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


def test_a_lower_log_loss_counts_only_where_accuracy_is_not_lower() -> None:
    rng, label = np.random.default_rng(0), np.zeros(400, dtype=int)
    own = rng.uniform(0.52, 0.6, 400)
    own[:160] = rng.uniform(0.3, 0.45, 160)
    better = own + 0.15 * (1 - own)  # right on more rows
    better[:160] = np.minimum(better[:160], 0.49)  # right on the same rows
    probs = {"identity": np.stack([own, 1 - own], axis=1), "equal": np.stack([better, 1 - better], axis=1)}
    chosen = select_views(probs, label)
    (gain,) = chosen.gains
    assert gain.beside_base.value == 0
    assert gain.loss_beside_base is not None
    assert gain.loss_beside_base.helps
    assert chosen.names == ("identity", "equal")
    worse = better.copy()
    worse[200:202] = 0.3
    probs = {"identity": probs["identity"], "worse": np.stack([worse, 1 - worse], axis=1)}
    chosen = select_views(probs, label)
    (gain,) = chosen.gains
    assert gain.loss_beside_base is not None
    assert gain.loss_beside_base.helps
    assert gain.beside_base.value < 0
    assert chosen.names == ("identity",)
    assert select_views(probs, label, mode="vote").gains[0].loss_beside_base is None


def useless(base: Any, noise: float, rng: np.random.Generator) -> dict[str, Any]:
    """Eight views that differ from the base by noise."""
    logits = {f"v{v}": np.log(base) + noise * rng.normal(size=base.shape) for v in range(8)}
    return {"identity": base} | {name: softmax(z, axis=1) for name, z in logits.items()}


@pytest.mark.parametrize(("sharpness", "noise"), [(1.0, 0.3), (6.0, 0.1), (6.0, 0.3)])
def test_noise_is_not_used_however_confident_the_network_is(draw_members: Draw, sharpness: float, noise: float) -> None:
    kept = 0
    for seed in range(3):
        rng = np.random.default_rng(seed)
        (base,), label = draw_members(rng, 800, 6, [1.5], sharpness)
        probs = useless(base.astype(np.float64), noise, rng)
        kept += len(select_views(probs, label).names) - 1
    assert kept <= 1


@pytest.mark.parametrize("mode", get_args(Mode))
def test_copies_and_softer_copies_are_not_used(draw_members: Draw, mode: Mode) -> None:
    (base,), label = draw_members(np.random.default_rng(0), 800, 6, [1.5], 3.0)
    soft = softmax(0.5 * np.log(base), axis=1)
    flat = softmax(0.2 * np.log(base), axis=1)
    chosen = select_views({"identity": base, "copy": base.copy(), "soft": soft, "flat": flat}, label, mode=mode)
    assert chosen.names == ("identity",)


def test_log_loss_shows_gains_that_few_rows_do_not_show_in_accuracy(draw_members: Draw) -> None:
    used = shown = 0
    for seed in range(8):
        (one, two), label = draw_members(np.random.default_rng(seed), 500, 6, [1.2, 1.2])
        near = 0.88 * one + 0.12 * two
        chosen = select_views({"identity": one, "near": near}, label)
        used += len(chosen.names) > 1
        shown += chosen.gains[0].beside_base.helps
    assert shown <= 5
    assert used >= 7


def test_the_rows_of_a_fold_do_not_influence_their_views(draw_members: Draw) -> None:
    (one, two), label = draw_members(np.random.default_rng(1), 500, 6, [1.2, 1.2])
    probs, fold = {"identity": one, "view": 0.7 * one + 0.3 * two}, np.arange(500) % 4
    merged, held = cross_fit(probs, label, fold), fold == 2
    assert not np.array_equal(merged[held], one[held])
    spoilt = label.copy()
    spoilt[held] = (spoilt[held] + 1) % 6
    assert np.array_equal(cross_fit(probs, spoilt, fold)[held], merged[held])
    assert np.array_equal(
        MergedViews(probs, spoilt, "mean-prob").loss(["view"], np.flatnonzero(~held)),
        MergedViews(probs, label, "mean-prob").loss(["view"], np.flatnonzero(~held)),
    )
