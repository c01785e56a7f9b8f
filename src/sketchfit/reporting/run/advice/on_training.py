"""Rules on the curves of the training: too few epochs, too small a network, memorised drawings."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean, stdev

from markupsafe import Markup

from sketchfit.config.recipe import Recipe
from sketchfit.reporting.run.advice.findings import Findings, TrainingCurve
from sketchfit.reporting.run.advice.recommendation import Advice, ExpectedGain, phrase

LEARNT = 0.98
"""Training accuracy from which more epochs have nothing left to learn."""

GAP = 0.15
"""Difference between training and held-out accuracy from which a run overfits."""

AGAIN, AGAIN_AT_MOST = 0.75, 1.5
"""Gain of twice the epochs as a share of the rise in the second half of the training: what is expected, and the most.
Set after `benchmarks/advice_gains.py`: docs/report.md."""

WORTH = 0.005
"""Smallest expected gain of more epochs that is worth their time."""

STRONGER = {"none": "light", "flips": "light", "light": "medium", "medium": "sketch"}
"""A stronger policy than each."""


def too_few_epochs(found: Findings, _: Recipe) -> list[Advice]:
    """Validation accuracy still rises in the second half of the training."""
    second_half = rises(found.curves)
    train, epochs = found.train_accuracy, sorted({2 * one.epochs for one in found.curves})
    gain = gain_of_epochs(second_half, 1 - found.accuracy.value) if second_half else None
    if gain is None or gain.value < WORTH or (train is not None and train >= LEARNT):
        return []
    return [
        Advice(
            "epochs",
            phrase("The training ends while accuracy still rises."),
            phrase(
                "In the second half of the training validation accuracy rose by {rise:.1f} points{training}.",
                rise=100 * mean(second_half),
                training="" if train is None else f", and training accuracy ended at {100 * train:.0f} %",
            ),
            phrase("train for twice as many epochs: {epochs}", epochs=" and ".join(map(str, epochs))),
            phrase(
                "validation accuracy rises in the second half of the training, and training accuracy is below "
                "{learnt:.0f} %",
                learnt=100 * LEARNT,
            ),
            gain=gain,
            settings=(f"training.epochs={epochs[-1]}",),
            factor=2,
            anchor="training",
        )
    ]


def rises(curves: Sequence[TrainingCurve]) -> list[float]:
    """Return the rise of validation accuracy in the second half of the training of each network, where it is known."""
    return [
        end - half
        for one in curves
        if (end := one.at(one.epochs)) is not None and (half := one.at(one.epochs / 2)) is not None
    ]


def gain_of_epochs(second_half: list[float], most: float = 1.0) -> ExpectedGain:
    """Return what twice the epochs gain, from the rise of each network in the second half of the training.

    The curve flattens, but a longer training also lowers the learning rate later. The interval includes the difference
    between networks, and ends at `most`, the share of errors; the gain is at most half of it.
    """
    rise = max(mean(second_half), 0.0)
    spread = 1.96 * stdev(second_half) / len(second_half) ** 0.5 if len(second_half) > 1 else 0.0
    why = (
        "three quarters of the rise in the second half of the training, but not more than half of the errors; "
        "at most one and a half times the rise"
    )
    return ExpectedGain(min(AGAIN * rise, most / 2), 0.0, min(AGAIN_AT_MOST * rise + spread, most), why)


def underfits(found: Findings, recipe: Recipe) -> list[Advice]:
    """Accuracy is low on training drawings too."""
    train = found.train_accuracy
    if (
        train is None
        or train > found.accuracy.value + 0.02
        or max(train, found.accuracy.value) > 0.9
        or recipe.transforms.mixing.on
    ):
        return []
    strong = recipe.transforms.policy not in ("none", "flips", "light")
    return [
        Advice(
            "light",
            phrase("The networks underfit."),
            _both(found.accuracy.value, train, "augmented training drawings"),
            phrase("use a milder augmentation, `light`")
            if strong
            else phrase("compare larger backbones on your drawings (`sketchfit scout`), or set `model.input_size`"),
            phrase("training and held-out accuracy are at most 90 %, the former at most 2 points above the latter"),
            unknown="this run has one backbone and one augmentation",
            settings=("transforms.policy=light",) if strong else (),
            tool="run" if strong else "scout",
            anchor="training",
        )
    ]


def overfits(found: Findings, recipe: Recipe) -> list[Advice]:
    """Accuracy is much higher on training drawings than on others."""
    train, judged = found.train_accuracy, found.judged
    if train is None or judged is None or train - judged.accuracy.value < GAP:
        return []
    settings, action = _stronger(recipe)
    return [
        Advice(
            "regularised",
            phrase("The networks overfit: much of what they learn holds for the training drawings only."),
            _both(judged.accuracy.value, train, "training drawings, although these are augmented")
            + _why_not_longer(found, train),
            action,
            phrase("training accuracy is {gap:.0f} points or more above held-out accuracy", gap=100 * GAP),
            unknown="the gap does not show how much of it another setting closes; more drawings close it most surely",
            settings=settings,
            anchor="training",
        )
    ]


def _why_not_longer(found: Findings, train: float) -> Markup:
    """Return why more epochs are not recommended where validation accuracy rises; empty elsewhere."""
    second_half = rises(found.curves)
    if train < LEARNT or not second_half or AGAIN * mean(second_half) < WORTH:
        return Markup("")
    return phrase(
        " In the second half of the training validation accuracy still rose by {rise:.1f} points. More epochs are not "
        "recommended, as little is left to learn from the training drawings.",
        rise=100 * mean(second_half),
    )


def _stronger(recipe: Recipe) -> tuple[tuple[str, ...], Markup]:
    policy = recipe.transforms.policy
    if isinstance(policy, str) and policy in STRONGER and not recipe.transforms.curriculum:
        stronger = STRONGER[policy]
        return (f"transforms.policy={stronger}",), phrase(
            "use a stronger augmentation, `{stronger}` in the place of `{policy}`", stronger=stronger, policy=policy
        )
    if not recipe.transforms.mixing.on:
        return ("transforms.mixing.cutmix_alpha=1.0",), phrase("mix drawings in training (CutMix)")
    decay = 2 * recipe.optimizer.weight_decay or 0.05
    return (f"optimizer.weight_decay={decay:.3g}",), phrase("use more weight decay, {decay:.3g}", decay=decay)


def _both(held_out: float, train: float, where: str) -> Markup:
    return phrase(
        "Accuracy is {train:.0f} % on {where}, and {held_out:.0f} % on held-out drawings.",
        train=100 * train,
        where=where,
        held_out=100 * held_out,
    )
