"""Section "Next": rules on the findings of the report, each with the setting that it recommends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sketchfit.config.recipe import Recipe
from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.run.advice_on_figures import FIGURE_RULES
from sketchfit.reporting.run.findings import Advice, Findings
from sketchfit.reporting.run.label_issues import TRUSTED
from sketchfit.reporting.run.page_section import PageSection, page_section


def advice_section(advice: Sequence[Advice]) -> PageSection:
    """Render the advice."""
    return page_section("next", "Next", advice=advice)


def last_accuracies(evidence: Evidence) -> tuple[float | None, float | None, float | None]:
    """Average over networks: (last training accuracy, last but one validation accuracy, last one).

    Each is None where no history holds it.
    """
    train, before, last = [], [], []
    for frame in evidence.run.histories.values():
        if "train_accuracy" in frame and len(known := frame["train_accuracy"].dropna().tolist()):
            train.append(known[-1])
        if "valid_accuracy" in frame and len(known := frame["valid_accuracy"].dropna().tolist()) > 1:
            before.append(known[-2])
            last.append(known[-1])
    return _mean(train), _mean(before), _mean(last)


def give_advice(found: Findings, recipe: Recipe) -> list[Advice]:
    """Apply all rules, those with the largest expected gain first.

    Args:
        found: the findings.
        recipe: of the run.
    """
    own = (_more_epochs, _underfit, _overfit, _weak_slices, _sensitive, _labels, _calibration, _imbalance)
    rules = (*FIGURE_RULES, *own)
    return [one for rule in rules for one in rule(found, recipe)]


def _more_epochs(found: Findings, recipe: Recipe) -> list[Advice]:
    if found.before_last_valid is None or found.last_valid is None or found.last_valid - found.before_last_valid < 0.01:
        return []
    return [
        Advice(
            "Training stops while accuracy still rises.",
            f"Validation accuracy rose by {100 * (found.last_valid - found.before_last_valid):.1f} points between the "
            "last two validations.",
            f"training.epochs={2 * recipe.training.epochs}",
            "twice as many epochs",
            "validation accuracy rises by 1 point or more at the last validation",
        )
    ]


def _underfit(found: Findings, _: Recipe) -> list[Advice]:
    if found.train_accuracy is None or found.train_accuracy > found.accuracy + 0.02 or found.train_accuracy > 0.9:
        return []
    return [
        Advice(
            "The networks underfit.",
            f"Accuracy is {100 * found.train_accuracy:.0f} % on augmented training drawings and "
            f"{100 * found.accuracy:.0f} % on held-out drawings.",
            "model.backbone",
            "a larger backbone, pretrained weights, a larger model.input_size, or a milder transforms.policy",
            "training accuracy is at most 90 %, and at most 2 points above held-out accuracy",
        )
    ]


def _overfit(found: Findings, recipe: Recipe) -> list[Advice]:
    if found.train_accuracy is None or found.train_accuracy - found.accuracy < 0.15:
        return []
    return [
        Advice(
            "The networks overfit.",
            f"Accuracy is {100 * found.train_accuracy:.0f} % on training drawings, although they are augmented, and "
            f"{100 * found.accuracy:.0f} % on held-out drawings.",
            "transforms.policy=sketch",
            f"a stronger policy than {recipe.transforms.policy!r}, transforms.mixing.cutmix_alpha=1.0, or more "
            "optimizer.weight_decay",
            "training accuracy is 15 points or more above held-out accuracy",
        )
    ]


_SLICE_SETTINGS: Mapping[str, tuple[str, str]] = {
    "inverted": ("transforms.add", "an operation that inverts some training drawings"),
    "line width over size": ("transforms.policy=strokes", "thicker and thinner strokes in training"),
    "colour": ("data.channels=1", "grey drawings for all"),
    "longer side in pixels": ("model.input_size", "a larger input, where large drawings are weak"),
    "share of the page that is drawn on": ("data.resize=ink", "cropping to the ink"),
    "objects": ("data.resize=ink", "cropping to the ink; review these drawings first"),
    "orientation": ("data.resize", "`pad` keeps proportions, `stretch` fills the input"),
    "contrast": ("transforms.add", "operations that fade strokes"),
    "share of ink": ("transforms.policy=strokes", "thickened, thinned and broken strokes in training"),
}


def _weak_slices(found: Findings, _: Recipe) -> list[Advice]:
    advice: list[Advice] = []
    traits = set[str]()
    for one in found.slices:
        if not one.weak or one.trait in traits or len(advice) == 3:
            continue
        traits.add(one.trait)
        setting, text = _SLICE_SETTINGS.get(one.trait, ("transforms.policy", "augmentation that varies this trait"))
        advice.append(
            Advice(
                f"Weak slice: {one.trait}, {one.name}.",
                f"{100 * one.accuracy.value:.1f} % of {one.accuracy.n} drawings are right, "
                f"{-100 * one.difference:.1f} points fewer than of the rest.",
                setting,
                text,
                "a slice is worse than the rest with p < 0.05 after Holm's correction",
            )
        )
    return advice


def _sensitive(found: Findings, _: Recipe) -> list[Advice]:
    settings = {"flipped left to right": "transforms.policy=flips", "inverted": "transforms.add"}
    return [
        Advice(
            f"Sensitive to change: {name}.",
            f"Accuracy changes by {100 * change.value:+.1f} points when the input is {name}.",
            settings.get(name, "transforms.policy=medium"),
            "if test drawings may be changed like this",
            "accuracy falls by 10 points or more when the input is changed, and the interval is below 0",
        )
        for name, change in found.changes.items()
        if not (name == "flipped left to right" and found.directed)
        and change.value <= -0.10
        and change.high < 0
        and name not in {"turned by 180°", "flipped top to bottom"}
    ][:2]


def _labels(found: Findings, _: Recipe) -> list[Advice]:
    if found.accuracy < TRUSTED or found.doubtful < max(3, 0.01 * found.labels):
        return []
    return [
        Advice(
            "Review the doubtful labels.",
            f"{found.doubtful} of {found.labels:,} labels are doubtful ({100 * found.doubtful / found.labels:.1f} %).",
            "data.relabel",
            "complete label_issues.csv and pass it as --relabel and --exclude; a robust loss (loss.name=sce) helps "
            "where many labels are wrong",
            "1 % of the labels or more (at least 3) are doubtful, and accuracy is 60 % or more",
        )
    ]


def _calibration(found: Findings, _: Recipe) -> list[Advice]:
    if found.ece < 0.05 or 0.9 < found.temperature < 1.1:
        return []
    kind = "low" if found.temperature < 1 else "high"
    return [
        Advice(
            f"Confidence is too {kind}.",
            f"The calibration error is {100 * found.ece:.1f} %; a temperature of {found.temperature:.2f} corrects most "
            "of it.",
            "calibration.method=temperature",
            "accuracy does not change; confidence then matches accuracy",
            "ECE is 5 % or more, and the best temperature is outside 0.9 … 1.1",
        )
    ]


def _imbalance(found: Findings, _: Recipe) -> list[Advice]:
    if found.largest_class < 5 * max(found.smallest_class, 1):
        return []
    return [
        Advice(
            "Class sizes differ widely.",
            f"The smallest class has {found.smallest_class} drawings, the largest {found.largest_class}.",
            "loss.class_weights=effective",
            "weights by effective number of drawings",
            "the largest class is at least 5 times as large as the smallest",
        )
    ]


def _mean(values: Sequence[float]) -> float | None:
    return float(sum(values) / len(values)) if values else None
