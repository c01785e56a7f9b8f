"""Probabilities as what people read: labels with names, prediction sets, and images of unknown classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from sketchfit.bundle.manifest import BundleManifest, SetThresholds
from sketchfit.bundle.unknown_rule import unknown_test
from sketchfit.errors import RunError
from sketchfit.inference.set_rule import ConformalSets
from sketchfit.inference.unknown import Rejection

Floats = NDArray[np.float32]

TOP = 5
USUAL_COVERAGE = 0.95
DIGITS = 6
"""Decimals of probabilities."""


class ClassProbability(BaseModel):
    """A class with its probability."""

    model_config = ConfigDict(frozen=True)
    label: str = Field(description="As the training table has it.")
    name: str = Field(description="For display.")
    probability: float


class LabelledImage(ClassProbability):
    """The most probable class of an image, and what else is known of it."""

    top: tuple[ClassProbability, ...] = Field(description="The most probable classes, in order.")
    set: tuple[str, ...] | None = Field(
        default=None, description="Labels that together include the right class with the probability `coverage`."
    )
    coverage: float | None = Field(default=None, description="Of the set.")
    p_value: float | None = Field(
        default=None, description="Share of images of known classes that look at least as unfamiliar."
    )
    unknown: bool = Field(default=False, description="Whether the p-value is at most the requested rate of rejection.")
    damage: str | None = Field(default=None, description="What is wrong with an image of which a part was read.")


class Labeller:
    """Makes predictions of the probabilities of a bundle's network.

    Args:
        manifest: of the bundle.
    """

    def __init__(self, manifest: BundleManifest) -> None:
        self._manifest = manifest
        self._unknown = None if manifest.unknown is None else unknown_test(manifest.unknown)

    def check(self, coverage: float | None = None, reject: float | None = None) -> None:
        """Refuse what this bundle cannot state; see `predictions`.

        Raises:
            UserError: it has no sets of this coverage, or no rule for unknown classes at this rate.
        """
        self._set_rule(coverage)
        if reject is None:
            return
        if self._unknown is None:
            raise RunError("this bundle has no rule for images of unknown classes", "Export it from a run with folds.")
        smallest = self._unknown.smallest
        if not Rejection.at(np.array(smallest), reject).rejected:
            raise RunError(f"the smallest rate at which this bundle rejects images is {smallest:.2g}")

    def predictions(
        self, probabilities: Floats, *, top: int = TOP, coverage: float | None = None, reject: float | None = None
    ) -> list[LabelledImage]:
        """Return what is known of each image.

        Args:
            probabilities: float32 [N, C].
            top: number of classes per image.
            coverage: of the prediction sets; None: 95 %, else the highest that the bundle has, if it has sets.
            reject: share of images of known classes that may be called unknown; None: no image is.

        Raises:
            UserError: see `check`.
        """
        self.check(coverage, reject)
        rule = self._set_rule(coverage)
        inside = None if rule is None else rule.sets(probabilities)
        known = None if self._unknown is None else self._unknown.p_values(probabilities)
        refused = None if known is None or reject is None else Rejection.at(known, reject).rejected
        order = np.argsort(-probabilities, axis=1, kind="stable")
        found = []
        for row, classes in enumerate(order):
            ranked = [self._class(probabilities[row], int(one)) for one in classes[: max(1, top)]]
            found.append(
                LabelledImage(
                    **ranked[0].__dict__,
                    top=tuple(ranked),
                    set=None if inside is None else self._labels(classes[inside[row, classes]]),
                    coverage=None if rule is None else rule.coverage,
                    p_value=None if known is None else float(known[row]),
                    unknown=refused is not None and bool(refused[row]),
                )
            )
        return found

    def _set_rule(self, coverage: float | None) -> ConformalSets | None:
        sets = self._manifest.sets
        return usual_rule(sets) if coverage is None else set_rule(sets, coverage)

    def _labels(self, classes: NDArray[np.int64]) -> tuple[str, ...]:
        return tuple(self._manifest.labels[one] for one in classes)

    def _class(self, prob: Floats, index: int) -> ClassProbability:
        names = self._manifest.labels[index], self._manifest.names[index]
        return ClassProbability(label=names[0], name=names[1], probability=round(float(prob[index]), DIGITS))


def set_rule(sets: SetThresholds | None, coverage: float) -> ConformalSets:
    """Return the rule of prediction sets of a coverage.

    Raises:
        UserError: there are no sets of this coverage.
    """
    known = _thresholds(sets)
    if sets is None or coverage not in known:
        listed = ", ".join(f"{one:g}" for one in sorted(known)) or "none"
        raise RunError(f"this network has no prediction sets of the coverage {coverage:g}", f"It has: {listed}.")
    return ConformalSets(sets.score, known[coverage], coverage, sets.n)


def usual_rule(sets: SetThresholds | None) -> ConformalSets | None:
    """Return the rule of the usual coverage, else of the highest one; None where there are no sets."""
    known = _thresholds(sets)
    return set_rule(sets, USUAL_COVERAGE if USUAL_COVERAGE in known else max(known)) if known else None


def _thresholds(sets: SetThresholds | None) -> dict[float, float]:
    return {} if sets is None else {float(text): value for text, value in sets.thresholds.items()}
