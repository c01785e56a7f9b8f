"""Rules on what the figures rest on: the folds and the claim."""

from __future__ import annotations

from markupsafe import Markup

from sketchfit.config.recipe import Recipe
from sketchfit.reporting.run.advice.findings import Findings
from sketchfit.reporting.run.advice.recommendation import Advice, ExpectedGain, phrase, shown_name
from sketchfit.wording import counted, listed


def contradicted(found: Findings, _: Recipe) -> list[Advice]:
    """The test drawings do not look like what is claimed."""
    if found.contradiction is None:
        return []
    action = phrase(
        "name what related drawings share with `folds.group`: a column of the table, or a part of the file names. "
        "Trust the lower figure until the cause is known"
    )
    if found.drifted:
        action = phrase(
            "make training drawings like the test drawings, with operations in `transforms.add` (see Drift). "
            "Trust the lower figure until then"
        )
    return [
        Advice(
            "claim",
            phrase("The test drawings contradict the claim."),
            phrase("{text}", text=found.contradiction),
            action,
            phrase("claim and estimate without labels differ by more than splits without a shift show"),
            unknown="the cause is not known",
            tool="",
            urgent=True,
            anchor="drift" if found.drifted else "claimed",
        )
    ]


def separated(found: Findings, recipe: Recipe) -> list[Advice]:
    """The folds separate related drawings, since their grouping was set by hand."""
    if not found.separated or recipe.folds.group == "auto":
        return []
    return [
        Advice(
            "grouped",
            phrase("Folds separate related drawings."),
            phrase(
                "Drawings are related by {keys}, and `folds.group={group}` does not keep them together. Out-of-fold "
                "figures may be too high.",
                keys=" and ".join(found.separated),
                group=recipe.folds.group,
            ),
            phrase("keep related drawings together where the test set shows new groups"),
            phrase("a related key is not kept together, and `folds.group` is set by hand"),
            unknown="the figures become honest, not higher",
            settings=("folds.group=auto",),
            urgent=True,
        )
    ]


def lacking_classes(found: Findings, recipe: Recipe) -> list[Advice]:
    """The network of a fold had no drawing of a class that the fold validates."""
    lacking = found.lacking
    if not lacking.rows:
        return []
    every = lacking.rows >= found.labels
    share, rest = lacking.rows / found.labels, found.accuracy
    scale = share * found.labels / max(found.labels - lacking.rows, 1)  # accuracy of the other rows, times the share
    more = lacking.single < len(lacking.names) and found.averaged.count > 1 and recipe.folds.column is None
    return [
        Advice(
            "folds",
            phrase("Some folds have classes without training drawings."),
            phrase(
                "{rows} of {classes}: no drawing of the class was left to train on, so no prediction for them can be "
                "correct ({names}).",
                rows=counted(lacking.rows, "drawing"),
                classes=f"{len(lacking.names)} {'class' if len(lacking.names) == 1 else 'classes'}",
                names=listed(map(shown_name, lacking.names), 4),
            ),
            _what_to_do(found, recipe, more),
            phrase("all drawings of a class are in one fold"),
            gain=None
            if every
            else ExpectedGain(
                scale * rest.value,
                scale * rest.low,
                min(scale * rest.high, share),
                f"these drawings are {100 * share:.1f} % of all, and would be right as often as the others",
            ),
            unknown="no drawing shows what networks would reach that have learnt its class",
            settings=(f"folds.k={2 * recipe.folds.k}",) if more and recipe.folds.holdout is None else (),
            tool="run" if more and recipe.folds.holdout is None else "",
            urgent=every,
            anchor="classes",
        )
    ]


def _what_to_do(found: Findings, recipe: Recipe, more: bool) -> Markup:
    if more:
        return phrase("use more folds, which leave more drawings of each class for training")
    if recipe.folds.column is not None and found.lacking.single < len(found.lacking.names):
        return phrase("put the drawings of each class into several folds (`folds.column`)")
    return phrase("collect drawings of these classes that are not related to those in the table")


def uneven_folds(found: Findings, _: Recipe) -> list[Advice]:
    """The drawings of one fold are more difficult than those of the others."""
    weak = [one for one in found.folds if one.weak]
    if not weak:
        return []
    return [
        Advice(
            "uneven",
            phrase("Folds differ by more than chance."),
            phrase(
                "{text}.",
                text="; ".join(
                    f"{one.name}: {100 * one.accuracy.value:.1f} % of {one.accuracy.n:,} drawings are right, "
                    f"{-100 * one.difference:.1f} points fewer than in the other folds"
                    for one in weak[:3]
                ),
            ),
            phrase(
                "look at the drawings of this fold for what they have in common, such as one drawer or one scanner: "
                "new drawings of other origins can be as difficult"
            ),
            phrase("a fold is worse than the others with p < 0.05 after Holm's correction"),
            unknown="it shows how much accuracy depends on the origin of the drawings",
            tool="",
            anchor="training",
        )
    ]
