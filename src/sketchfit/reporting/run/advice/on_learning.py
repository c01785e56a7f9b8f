"""Rules for runs, and for single networks, that have learnt little or nothing."""

from __future__ import annotations

from collections.abc import Sequence

from sketchfit.config.recipe import Recipe
from sketchfit.inference.intervals import Estimate
from sketchfit.multiple_tests import holm
from sketchfit.reporting.run.advice.findings import Findings, NetworkAccuracy
from sketchfit.reporting.run.advice.recommendation import Advice, ExpectedGain, phrase
from sketchfit.reporting.run.compare_shares import CountedRows, exact_p_value
from sketchfit.wording import listed

SKILL = 0.05
"""Share of the distance between guessing and 100 % below which a network has learnt next to nothing."""

MANY_CLASSES = 5.0
"""With many classes guessing is rare; this many times as often right is more than next to nothing."""

MEMORISED = 0.2
"""Training accuracy above guessing at which a network has memorised its training drawings."""

ALPHA = 0.05
"""Corrected p-value below which a network is worse than the others."""


def near_chance(accuracy: Estimate, guessing: float) -> bool:
    """Return whether an accuracy is not shown to be better than guessing, or better by next to nothing."""
    if accuracy.low <= guessing:
        return True
    skill = (accuracy.value - guessing) / max(1 - guessing, 1e-9)
    return skill < SKILL and accuracy.value < MANY_CLASSES * guessing


def learns_nothing(found: Findings) -> bool:
    """Return whether a run is near chance on the drawings that show it: not those of classes its networks lacked."""
    judged = found.judged
    return judged is not None and near_chance(judged.accuracy, judged.guessing)


def does_not_learn(found: Findings, recipe: Recipe) -> list[Advice]:
    """The accuracy of the run is near chance."""
    judged = found.judged
    if judged is None or not learns_nothing(found):
        return []
    train = found.train_accuracy
    tool, settings = "lr-find", tuple[str, ...]()
    action = phrase("find a learning rate that lowers the loss, and set it as `optimizer.lr` of the next run")
    if train is not None and train > found.guessing + MEMORISED:
        tool = ""
        action = phrase(
            "check that labels and images belong together (`data.label_column`, the first rows of the table): the "
            "networks learn their training drawings by heart, and nothing that holds for other drawings"
        )
    elif not recipe.model.pretrained:
        tool, settings = "run", ("model.pretrained=true",)
        action = phrase("start from pretrained weights (`model.weights` for a local file)")
    elif not recipe.training.epochs:
        tool = "scout"
        action = phrase(
            "compare other backbones on your drawings (`sketchfit scout`), or train the networks (`training.epochs`)"
        )
    return [
        Advice(
            "pretrained" if settings else "learning",
            phrase("The networks do not learn." if recipe.training.epochs else "Frozen features do not suffice."),
            phrase(
                "Accuracy is {accuracy:.1f} % ({low:.1f}–{high:.1f}); always predicting the largest class gives "
                "{guessing:.1f} %.{training}",
                accuracy=100 * judged.accuracy.value,
                low=100 * judged.accuracy.low,
                high=100 * judged.accuracy.high,
                guessing=100 * judged.guessing,
                training="" if train is None else f" On training drawings it is {100 * train:.1f} %.",
            ),
            action,
            phrase("the interval of the accuracy reaches down to guessing, or the accuracy is hardly above it"),
            unknown="nothing in this run shows what a network that learns would reach",
            settings=settings,
            tool=tool,
            urgent=True,
            anchor="training",
        )
    ]


def failed_networks(found: Findings, recipe: Recipe) -> list[Advice]:
    """Some networks are near chance, and others are not."""
    failed = _failed(found)
    learnt = [one for one in found.networks if one not in failed]
    if not failed or not learnt or learns_nothing(found):
        return []
    epochs = recipe.training.epochs > 0
    return [
        Advice(
            "lower-lr",
            phrase("{count} of {all} networks did not learn.", count=len(failed), all=len(found.networks)),
            phrase(
                "{names}: near the {guessing:.1f} % of always predicting the largest class. The others reach "
                "{others:.1f} % on average.",
                names=listed((f"{one.name} {100 * one.accuracy.value:.1f} %" for one in failed), 4),
                guessing=100 * found.guessing,
                others=100 * _mean(learnt),
            ),
            phrase("train with half the learning rate, which is more stable")
            if epochs
            else phrase("look at the drawings of these folds"),
            phrase(
                "the accuracy of a network on its fold is near chance and lower than that of the others (p < 0.05 "
                "with Holm's correction), and low on its training drawings too"
            ),
            gain=_gain_of_repair(found, failed, learnt),
            settings=(f"optimizer.lr={recipe.optimizer.lr / 2:.3g}",) if epochs else (),
            factor=0.5,
            tool="run" if epochs else "",
            urgent=True,
            anchor="training",
        )
    ]


def _failed(found: Findings) -> list[NetworkAccuracy]:
    """Return the networks that are near chance, on training drawings too, and worse than the others together."""
    networks = found.networks
    adjusted = holm([_worse_than_others(one, networks) for one in networks])
    return [
        one
        for one, p_value in zip(networks, adjusted, strict=True)
        if p_value < ALPHA and near_chance(one.accuracy, found.guessing)
        if one.train is None or one.train <= found.guessing + MEMORISED
    ]


def _worse_than_others(one: NetworkAccuracy, networks: Sequence[NetworkAccuracy]) -> float:
    """Return the p-value of an exact test on related drawings counted once; 1 for a network without others."""
    others = [other for other in networks if other is not one]
    rows = sum(_units(other) for other in others)
    if not rows:
        return 1.0
    share = sum(other.accuracy.value * _units(other) for other in others) / rows
    return exact_p_value(CountedRows(one.accuracy.value, _units(one)), CountedRows(share, rows), "less")


def _units(one: NetworkAccuracy) -> float:
    return one.accuracy.n if one.units is None else one.units


def _gain_of_repair(
    found: Findings, failed: list[NetworkAccuracy], learnt: list[NetworkAccuracy]
) -> ExpectedGain | None:
    """Return the gain out of fold if the failed networks were like the others; None where several members answer."""
    if len({one.name.rpartition("/")[0] for one in found.networks}) > 1:
        return None
    rows = sum(one.accuracy.n for one in found.networks)
    share = sum(one.accuracy.n for one in failed) / rows
    low, high = (min(one.accuracy.low for one in learnt), max(one.accuracy.high for one in learnt))
    now = _mean(failed)
    return ExpectedGain(
        share * (_mean(learnt) - now),
        max(share * (low - now), 0.0),
        share * (high - now),
        f"these folds hold {100 * share:.0f} % of the drawings, and would be as accurate as the others",
    )


def _mean(networks: list[NetworkAccuracy]) -> float:
    return sum(one.accuracy.value * one.accuracy.n for one in networks) / sum(one.accuracy.n for one in networks)
