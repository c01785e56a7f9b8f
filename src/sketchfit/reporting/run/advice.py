"""What to try next: rules on the findings, each stated, each naming the setting that it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sketchfit.inference.intervals import Difference
from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.run.slices import Slice

TRUSTED = 0.6
"""Accuracy below which a network that doubts a label is mostly wrong itself."""


@dataclass(frozen=True)
class Step:
    """One piece of advice: what was seen, what to set, and the rule that says so."""

    title: str
    evidence: str
    setting: str
    advice: str
    rule: str


@dataclass(frozen=True)
class Findings:
    """What the rules look at.

    Attributes:
        accuracy: out-of-fold top-1.
        train_accuracy, before_last_valid, last_valid: means over networks: last training accuracy, last validation but
            one, last validation; None where unknown.
        ece, temperature: of the probabilities as they are.
        slices: all that were compared.
        changes: what changing the input did to accuracy, by name.
        doubtful: labels that the network doubts, and all labels.
        smallest_class, largest_class: drawings.
    """

    accuracy: float
    train_accuracy: float | None
    before_last_valid: float | None
    last_valid: float | None
    ece: float
    temperature: float
    slices: Sequence[Slice]
    changes: Mapping[str, Difference]
    doubtful: int
    labels: int
    smallest_class: int
    largest_class: int


def training_findings(evidence: Evidence) -> tuple[float | None, float | None, float | None]:
    """(last training accuracy, last validation but one, last validation), means over networks; None where unknown."""
    train, before, last = [], [], []
    for frame in evidence.run.histories.values():
        if "train_accuracy" in frame and len(known := frame["train_accuracy"].dropna().tolist()):
            train.append(known[-1])
        if "valid_accuracy" in frame and len(known := frame["valid_accuracy"].dropna().tolist()) > 1:
            before.append(known[-2])
            last.append(known[-1])
    return _mean(train), _mean(before), _mean(last)


def next_steps(found: Findings, recipe: Mapping[str, Any]) -> list[Step]:
    """Advice in the order in which it is likely to pay."""
    rules = (_more_epochs, _underfit, _overfit, _weak_slices, _brittle, _labels, _calibration, _imbalance)
    return [step for rule in rules for step in rule(found, recipe)]


def _more_epochs(found: Findings, recipe: Mapping[str, Any]) -> list[Step]:
    if found.before_last_valid is None or found.last_valid is None or found.last_valid - found.before_last_valid < 0.01:
        return []
    epochs = int(recipe.get("training", {}).get("epochs", 10))
    return [
        Step(
            "Training stops while it still improves.",
            f"Validation accuracy rose by {100 * (found.last_valid - found.before_last_valid):.1f} points between the "
            "last two validations.",
            f"training.epochs={2 * epochs}",
            "twice as many epochs",
            "validation accuracy rises by a point or more at the last validation",
        )
    ]


def _underfit(found: Findings, _: Mapping[str, Any]) -> list[Step]:
    if found.train_accuracy is None or found.train_accuracy > found.accuracy + 0.02 or found.train_accuracy > 0.9:
        return []
    return [
        Step(
            "The networks underfit.",
            f"They get {100 * found.train_accuracy:.0f} % of augmented training pictures right, and "
            f"{100 * found.accuracy:.0f} % of held-out drawings.",
            "model.backbone",
            "a larger backbone, pretrained weights, a larger model.input_size, or a milder transforms.policy",
            "training accuracy is below 90 % and not above held-out accuracy by 2 points",
        )
    ]


def _overfit(found: Findings, recipe: Mapping[str, Any]) -> list[Step]:
    if found.train_accuracy is None or found.train_accuracy - found.accuracy < 0.15:
        return []
    policy = recipe.get("transforms", {}).get("policy", "light")
    return [
        Step(
            "The networks overfit.",
            f"They get {100 * found.train_accuracy:.0f} % of training pictures right, although augmented, and "
            f"{100 * found.accuracy:.0f} % of held-out drawings.",
            "transforms.policy=sketch",
            f"a stronger policy than {policy!r}, transforms.mixing.cutmix_alpha=1.0, or more optimizer.weight_decay",
            "training accuracy is above held-out accuracy by 15 points or more",
        )
    ]


_SLICE_SETTINGS: Mapping[str, tuple[str, str]] = {
    "inverted": ("transforms.add", "an operation that inverts some training pictures"),
    "line width over size": ("transforms.policy=strokes", "strokes drawn thicker and thinner in training"),
    "colour": ("data.channels=1", "grey pictures for all"),
    "longer side in pixels": ("model.input_size", "a larger input, where large drawings are weak"),
    "share of the page that is drawn on": ("data.resize=ink", "cropping to the ink"),
    "objects": ("data.resize=ink", "cropping to the ink; look at these drawings first"),
    "orientation": ("data.resize", "`pad` keeps proportions, `stretch` uses the whole input"),
    "contrast": ("transforms.add", "operations that fade strokes"),
    "share of ink": ("transforms.policy=strokes", "strokes thickened, thinned and broken in training"),
}


def _weak_slices(found: Findings, _: Mapping[str, Any]) -> list[Step]:
    steps: list[Step] = []
    seen = set[str]()
    for one in found.slices:
        if not one.weak or one.trait in seen or len(steps) == 3:
            continue
        seen.add(one.trait)
        setting, advice = _SLICE_SETTINGS.get(one.trait, ("transforms.policy", "augmentation that covers this trait"))
        steps.append(
            Step(
                f"Weak slice: {one.trait}, {one.name}.",
                f"{100 * one.accuracy.value:.1f} % of {one.accuracy.n} drawings are right, "
                f"{-100 * one.difference:.1f} points less than of the rest.",
                setting,
                advice,
                "a slice is worse than the rest with p < 0.05 after Holm's correction",
            )
        )
    return steps


def _brittle(found: Findings, _: Mapping[str, Any]) -> list[Step]:
    named = {"flipped left to right": "transforms.policy=flips", "inverted": "transforms.add"}
    return [
        Step(
            f"Brittle: {name}.",
            f"Accuracy changes by {100 * change.value:+.1f} points when the input is {name}.",
            named.get(name, "transforms.policy=medium"),
            "if test drawings may look so",
            "accuracy falls by 10 points or more when the input is changed, its interval below 0",
        )
        for name, change in found.changes.items()
        if change.value <= -0.10 and change.high < 0 and name not in {"turned by 180°", "flipped top to bottom"}
    ][:2]


def _labels(found: Findings, _: Mapping[str, Any]) -> list[Step]:
    if found.accuracy < TRUSTED or found.doubtful < max(3, 0.01 * found.labels):
        return []
    return [
        Step(
            "Look at doubtful labels.",
            f"{found.doubtful} of {found.labels:,} labels are doubtful ({found.doubtful / found.labels:.1%}).",
            "data.relabel",
            "fill in label_issues.csv and give it as --relabel and --exclude; a robust loss (loss.name=sce) helps "
            "where many are wrong",
            "1 % of the labels or more (at least 3) are doubtful, and 60 % of the drawings or more are right",
        )
    ]


def _calibration(found: Findings, _: Mapping[str, Any]) -> list[Step]:
    if found.ece < 0.05 or 0.9 < found.temperature < 1.1:
        return []
    kind = "too modest" if found.temperature < 1 else "too sure"
    return [
        Step(
            f"Confidences are {kind}.",
            f"The calibration error is {100 * found.ece:.1f} %; a temperature of {found.temperature:.2f} mends most.",
            "calibration.method=temperature",
            "accuracy does not change; confidences come to mean what they say",
            "ECE is 5 % or more and the best temperature lies outside 0.9 … 1.1",
        )
    ]


def _imbalance(found: Findings, _: Mapping[str, Any]) -> list[Step]:
    if found.largest_class < 5 * max(found.smallest_class, 1):
        return []
    return [
        Step(
            "Classes differ much in size.",
            f"The smallest has {found.smallest_class} drawings, the largest {found.largest_class}.",
            "loss.class_weights=effective",
            "weights by effective number of drawings",
            "the largest class is 5 times the smallest or more",
        )
    ]


def _mean(values: Sequence[float]) -> float | None:
    return float(sum(values) / len(values)) if values else None
