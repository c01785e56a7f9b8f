"""Section "Are the test drawings different?": traits and class frequencies in which they differ from training rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sketchfit.auditing.drift import FEWEST
from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.kit.thumbnails import data_uri, thumbnail, webp
from sketchfit.reporting.run.page_section import PageSection, page_section
from sketchfit.runs.artefacts import EstimatedFrequencies, TraitDifference
from sketchfit.runs.inside import check_relative

MOST_TRAITS = 5
MOST_CLASSES = 8
"""Classes that are more frequent, and classes that are less frequent, at most so many of each."""
SIDE = 96


@dataclass(frozen=True)
class Picture:
    """A drawing: path below the data root, the address of its thumbnail, and its class, empty for a test drawing."""

    path: str
    uri: str
    label: str = ""


@dataclass(frozen=True)
class DriftedTrait:
    """A trait that separates test from training rows.

    Attributes:
        text: one sentence.
        auc, auc_low, auc_high: of the trait alone.
        train, test: drawings that are typical for one set and not for the other.
    """

    text: str
    auc: float | None
    auc_low: float | None
    auc_high: float | None
    train: tuple[Picture, ...]
    test: tuple[Picture, ...]


@dataclass(frozen=True)
class DriftedClass:
    """A class with another frequency on test than in training.

    Attributes:
        name: of the class.
        training, test: its frequencies, 0 … 1.
        low, high: 95 % interval of the frequency on test.
        rows, expected: number of test rows as estimated, and at the training frequency.
    """

    name: str
    training: float
    test: float
    low: float
    high: float
    rows: float
    expected: float


def drift_section(evidence: Evidence) -> PageSection | None:
    """Render the section; None where there is no test set."""
    if evidence.test is None or not len(evidence.test):
        return None
    findings = evidence.run.findings
    drift = None if findings is None else findings.drift
    frequencies = evidence.run.class_frequencies
    more, less = ([], []) if frequencies is None else drifted_classes(frequencies, evidence.class_names)
    return page_section(
        "drift",
        "Drift",
        audited=drift is not None,
        compared=drift is not None and bool(drift.traits),
        fewest=FEWEST,
        traits=drifted_traits(evidence),
        more_traits=max(0, len(drift.separating) - MOST_TRAITS) if drift is not None else 0,
        auc=None if drift is None else drift.auc,
        alike=None if drift is None else alike(drift.auc, drift.auc_interval),
        auc_interval=None if drift is None else drift.auc_interval,
        frequencies=frequencies,
        classes=[("more frequent on test", more), ("less frequent on test", less)],
    )


def alike(auc: float | None, interval: tuple[float, float] | None) -> str:
    """Return in words how different training and test drawings are by all traits together, as the audit's page does.

    Args:
        auc: area under the ROC curve of a classifier.
        interval: 95 % interval of it.
    """
    if auc is None or interval is None:
        return ""
    if interval[0] <= 0.5:
        return "look alike" if interval[1] < 0.6 else "are not shown to differ, nor to be alike"
    return f"differ {'slightly' if auc < 0.6 else 'clearly' if auc < 0.8 else 'strongly'}"


def drifted_traits(evidence: Evidence) -> list[DriftedTrait]:
    """Return the traits that separate test from training rows, the largest difference first, at most `MOST_TRAITS`.

    Raises:
        UserError: an image of the findings is not inside the data folder.
    """
    check_relative(typical_images(evidence), evidence.run.folder.findings)
    found = _separating(evidence)
    typical = {path for one in found if one.typical for path in one.typical.train}
    rows, names = evidence.run.rows, evidence.class_names
    labels = {path: names[row] for path, row in zip(rows.paths, rows.label, strict=True) if path in typical}
    return [_trait(evidence.root, one, labels) for one in found]


def typical_images(evidence: Evidence) -> list[str]:
    """Return the images that are shown for these traits, relative to the data root."""
    return [path for one in _separating(evidence) if one.typical for path in (*one.typical.train, *one.typical.test)]


def _separating(evidence: Evidence) -> list[TraitDifference]:
    findings = evidence.run.findings
    if findings is None or findings.drift is None:
        return []
    return list(findings.drift.separating.values())[:MOST_TRAITS]


def _trait(root: Path, found: TraitDifference, labels: Mapping[str, str]) -> DriftedTrait:
    paths = (found.typical.train, found.typical.test) if found.typical else ((), ())
    train, test = (_pictures(root, one, known) for one, known in zip(paths, (labels, {}), strict=True))
    return DriftedTrait(found.text or "", found.auc, found.auc_low, found.auc_high, train, test)


def drifted_classes(found: EstimatedFrequencies, names: Sequence[str]) -> tuple[list[DriftedClass], list[DriftedClass]]:
    """Return classes whose interval on test excludes the training frequency: more frequent ones and less frequent ones.

    Each list begins with the largest difference and has at most `MOST_CLASSES`. Both are empty where the frequencies
    do not differ significantly all together: of many intervals, some exclude the truth by chance.
    """
    if not found.differs:
        return [], []
    rows = [
        DriftedClass(name, training, test, low, high, test * found.rows, training * found.rows)
        for name, training, test, low, high in zip(
            names, found.training, found.test, found.low, found.high, strict=True
        )
    ]
    order = [rows[place] for place in np.argsort([-abs(one.test - one.training) for one in rows], kind="stable")]
    more = [one for one in order if one.low > one.training]
    less = [one for one in order if one.high < one.training]
    return more[:MOST_CLASSES], less[:MOST_CLASSES]


def _pictures(root: Path, paths: Sequence[str], labels: Mapping[str, str]) -> tuple[Picture, ...]:
    return tuple(Picture(path, data_uri(webp(thumbnail(root / path, SIDE))), labels.get(path, "")) for path in paths)
