"""Rules of the section "Next" that concern all figures of a run, so that they come before the others."""

from __future__ import annotations

from sketchfit.config.recipe import Recipe
from sketchfit.reporting.run.findings import Advice, Findings
from sketchfit.wording import listed


def _chance(found: Findings, recipe: Recipe) -> list[Advice]:
    if found.lowest > found.guessing:
        return []
    learns = found.train_accuracy is not None and found.train_accuracy > found.guessing + 0.2
    setting, text = "optimizer.lr", "another learning rate (`sketchfit lr-find DATA`), and more training.epochs"
    if learns:
        setting, text = "data.label_column", "check that labels and images belong together; the networks only memorise"
    elif not recipe.model.pretrained:
        setting, text = "model.pretrained=true", "pretrained weights (model.weights for a local file), or more epochs"
    return [
        Advice(
            "The model is not shown to be better than guessing.",
            f"Accuracy is {100 * found.accuracy:.1f} % (its interval begins at {100 * found.lowest:.1f} %); always "
            f"predicting the largest class gives {100 * found.guessing:.1f} %.",
            setting,
            text,
            "the interval of the accuracy reaches down to that of always predicting the largest class",
        )
    ]


def _directed(found: Findings, recipe: Recipe) -> list[Advice]:
    if not found.directed or recipe.transforms.mirror != "keep":
        return []
    return [
        Advice(
            "Flips give drawings the label of another class.",
            f"Flipped from left to right, these classes become another one: {listed(found.directed, 5)}.",
            "transforms.mirror=auto",
            "such classes are then not flipped in training",
            "flipped drawings of a class are predicted as another class, and transforms.mirror is keep",
        )
    ]


def _contradiction(found: Findings, _: Recipe) -> list[Advice]:
    if found.contradiction is None:
        return []
    setting, text = "folds.group", "a column or a part of the file names that names what related drawings share"
    if found.drifted:
        setting, text = "transforms.add", "operations that make training drawings like the test drawings; see Drift"
    return [
        Advice(
            "The test drawings contradict the claim.",
            found.contradiction,
            setting,
            f"{text}; until the cause is known, trust the lower figure",
            "claim and estimate without labels differ by more than splits without a shift show",
        )
    ]


def _separated(found: Findings, recipe: Recipe) -> list[Advice]:
    if not found.separated or recipe.folds.group == "auto":
        return []
    return [
        Advice(
            "Folds separate related drawings.",
            f"Drawings are related by {' and '.join(found.separated)}, and folds.group={recipe.folds.group} does not "
            "keep them together. Out-of-fold figures may be too high.",
            "folds.group=auto",
            "keeps related drawings together where the test set shows new groups",
            "a related key is not kept together, and folds.group is set by hand",
        )
    ]


FIGURE_RULES = (_chance, _contradiction, _separated, _directed)
