"""Rules for runs, and for single networks, that have learnt little or nothing."""

from __future__ import annotations

from sketchfit.config.recipe import Recipe
from sketchfit.inference.intervals import Estimate
from sketchfit.reporting.run.advice.findings import Findings, NetworkAccuracy
from sketchfit.reporting.run.advice.recommendation import Advice, ExpectedGain, phrase
from sketchfit.wording import listed

SKILL = 0.05
"""Share of the distance between guessing and 100 % below which a network has learnt next to nothing."""

MANY_CLASSES = 5.0
"""With many classes guessing is rare; this many times as often right is more than next to nothing."""

MEMORISED = 0.2
"""Training accuracy above guessing at which a network has memorised its training drawings."""


def near_chance(accuracy: Estimate, guessing: float) -> bool:
    """Return whether an accuracy is not shown to be better than guessing, or better by next to nothing."""
    if accuracy.low <= guessing:
        return True
    skill = (accuracy.value - guessing) / max(1 - guessing, 1e-9)
    return skill < SKILL and accuracy.value < MANY_CLASSES * guessing


def does_not_learn(found: Findings, recipe: Recipe) -> list[Advice]:
    """The accuracy of the run is near chance."""
    if not near_chance(found.accuracy, found.guessing):
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
    return [
        Advice(
            "pretrained" if settings else "learning",
            phrase("The networks do not learn."),
            phrase(
                "Accuracy is {accuracy:.1f} % ({low:.1f}–{high:.1f}); always predicting the largest class gives "
                "{guessing:.1f} %.{training}",
                accuracy=100 * found.accuracy.value,
                low=100 * found.accuracy.low,
                high=100 * found.accuracy.high,
                guessing=100 * found.guessing,
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
    failed = [one for one in found.networks if near_chance(one.accuracy, found.guessing)]
    learnt = [one for one in found.networks if one not in failed]
    if not failed or not learnt or near_chance(found.accuracy, found.guessing):
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
            phrase("the accuracy of a network on its fold is near chance, and that of another one is not"),
            gain=_gain_of_repair(found, failed, learnt),
            settings=(f"optimizer.lr={recipe.optimizer.lr / 2:.3g}",) if epochs else (),
            tool="run" if epochs else "",
            urgent=True,
            anchor="training",
        )
    ]


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
