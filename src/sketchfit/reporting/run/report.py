"""The report on a run: sections from evidence, put together into one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from sketchfit.inference import metrics
from sketchfit.inference.calibration import Temperature, reliability
from sketchfit.inference.diversity import diversity
from sketchfit.inference.expected_accuracy import calibrated_confidence, estimate_test_accuracy
from sketchfit.inference.intervals import Estimate
from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.kit.charts import histogram, interval_bar, reliability_chart
from sketchfit.reporting.kit.page import embedded_json, flat_settings, render
from sketchfit.reporting.kit.thumbnails import COLUMNS, data_uri, sprite
from sketchfit.reporting.run.classes import ClassResult, class_results, confusion_matrix
from sketchfit.reporting.run.confusions import clustered_order, costly_pairs
from sketchfit.reporting.run.curves import trained_networks, training_charts
from sketchfit.reporting.run.figures import Figures, figures
from sketchfit.reporting.run.gallery import Shown

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class GalleryPicture:
    """Pictures of one drawing of the gallery, as addresses that an `img` takes: the original, what the network gets,
    and where it looked (None: not asked)."""

    original: str
    network_input: str
    heat: str | None = None


@dataclass(frozen=True)
class ExtraSection:
    """A section made elsewhere: its anchor, its name in the navigation, its HTML, and what its script needs."""

    anchor: str
    name: str
    html: Markup
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Statistics:
    """What is computed of a run before anything is drawn.

    Attributes:
        total: figures of the ensemble's probabilities.
        by_name: figures of each set of probabilities, the ensemble's first.
        classes: results class by class.
        matrix: int64 [C, C], rows are true classes.
        calibrated: float32 [n, C], cross-fitted.
        temperature: fitted on all rows.
        test_accuracy: expected, or None without test rows.
    """

    total: Figures
    by_name: Mapping[str, Figures]
    classes: list[ClassResult]
    matrix: NDArray[np.int64]
    calibrated: NDArray[np.float32]
    temperature: float
    test_accuracy: Estimate | None


def compute_statistics(evidence: Evidence, resamples: int = 1000) -> Statistics:
    """All figures that the page's first sections show."""
    group = _group(evidence)
    total = figures(evidence.prob, evidence.label, group, resamples)
    by_name = {"ensemble" if len(evidence.members) > 1 else "run": total}
    if len(evidence.members) > 1:
        for name, prob in evidence.members.items():
            by_name[name] = figures(prob, evidence.label, group, resamples)
    calibrated, calibrator = calibrated_confidence(evidence.prob, evidence.label, evidence.fold, group)
    test_accuracy = None
    if evidence.test is not None and len(evidence.test):
        test = np.asarray(calibrator.apply(evidence.test), dtype=np.float32)
        test_accuracy = estimate_test_accuracy(calibrated, evidence.label, group, test)
    return Statistics(
        total,
        by_name,
        class_results(evidence.label, evidence.answer, evidence.class_count, group),
        confusion_matrix(evidence.label, evidence.answer, evidence.class_count),
        calibrated,
        calibrator.value if isinstance(calibrator, Temperature) else 1.0,
        test_accuracy,
    )


def build_report(
    evidence: Evidence,
    statistics: Statistics,
    pictures: Sequence[Pixels],
    shown: Sequence[Shown],
    gallery: Sequence[GalleryPicture],
    extra: Sequence[ExtraSection] = (),
    next_steps: Sequence[Any] | None = None,
    stages: Mapping[str, float] | None = None,
    inline_bytes: float = 8e6,
) -> tuple[str, dict[str, bytes]]:
    """The page, and the files that lie beside it.

    Args:
        evidence: the run.
        statistics: of it.
        pictures: n thumbnails of one size, uint8 [S, S, C].
        shown, gallery: drawings of the gallery and their pictures.
        extra: further sections, in order.
        next_steps: advice; None leaves the section out.
        stages: seconds by stage.
        inline_bytes: sprites of all classes are put into the page up to that size together.

    Returns:
        HTML, and a file name to its content.
    """
    sprites, files = _sprites(evidence, pictures, inline_bytes)
    data = {
        "names": evidence.class_names,
        "side": pictures[0].shape[0] if len(pictures) else 0,
        "columns": COLUMNS,
        "sprites": sprites,
        "members": len(evidence.members),
        "rows": {
            "label": evidence.label,
            "answer": evidence.answer,
            "confidence": np.round(1000 * evidence.confidence).astype(np.int64),
            "own": np.round(1000 * evidence.prob[np.arange(len(evidence.label)), evidence.label]).astype(np.int64),
            "path": evidence.paths,
        },
        "matrix": _matrix_data(evidence, statistics.matrix),
        "gallery": [_gallery_item(evidence, one, picture) for one, picture in zip(shown, gallery, strict=True)],
    }
    for section in extra:
        data.update(section.data)
    html = render(
        "report", **_context(evidence, statistics, shown, extra, next_steps, stages), data=embedded_json(data)
    )
    return html, files


def _context(
    evidence: Evidence,
    statistics: Statistics,
    shown: Sequence[Shown],
    extra: Sequence[ExtraSection],
    next_steps: Sequence[Any] | None,
    stages: Mapping[str, float] | None,
) -> dict[str, Any]:
    group = _group(evidence)
    pairs = costly_pairs(statistics.matrix)
    wrong = int((~evidence.correct).sum())
    confidences = {"out of fold": evidence.confidence}
    if evidence.test is not None and len(evidence.test):
        confidences["test set"] = evidence.test.max(axis=1)
    diagrams = {
        "as it is": reliability(evidence.prob, evidence.label),
        "with temperature": reliability(statistics.calibrated, evidence.label),
    }
    many = len(evidence.members) > 1
    spread = diversity(evidence.members, evidence.label, group) if many else None
    families = len(np.unique(evidence.group))
    folds = len(np.unique(evidence.fold))
    environment, findings = evidence.run.environment, evidence.run.findings
    return {
        "title": f"{evidence.name}: sketchfit report",
        "subtitle": f"{len(evidence.rows):,} drawings of {evidence.class_count} classes, each answered by networks "
        f"that did not learn from it ({folds} fold{'s' if folds > 1 else ''}, "
        f"{len(evidence.members)} member{'s' if many else ''}).",
        "sections": [
            ("headline", "Figures"),
            *([("next", "Next")] if next_steps is not None else []),
            ("training", "Training"),
            ("classes", "Classes"),
            ("confusions", "Confusions"),
            ("errors", "Errors"),
            *[(section.anchor, section.name) for section in extra],
            ("settings", "Settings"),
        ],
        "total": statistics.total,
        "table": list(statistics.by_name.items()),
        "test_accuracy": statistics.test_accuracy,
        "interval_note": (
            f"Intervals count the {families:,} families of near-duplicates, not single drawings, as independent."
            if families < len(evidence.rows)
            else "Intervals take drawings as independent: no near-duplicate groups are known."
        ),
        "worth": list(zip(spread.names, spread.worth, strict=True)) if spread else [],
        "steps": evidence.run.steps,
        "confidence_chart": histogram(confidences, "distribution of confidence", "confidence"),
        "has_test": len(confidences) > 1,
        "reliability_chart": reliability_chart(diagrams, "reliability diagram"),
        "temperature": statistics.temperature,
        "ece_after": metrics.ece(statistics.calibrated, evidence.label),
        "next_steps": next_steps,
        "training_charts": training_charts(evidence),
        "member_colours": list(zip(evidence.members, range(len(evidence.members)), strict=True)) if many else [],
        "training_table": trained_networks(evidence),
        "stages": [(name, seconds) for name, seconds in (stages or {}).items() if seconds >= 0.5],
        "classes": [_class_row(evidence, result) for result in _worst_first(statistics.classes)],
        "pairs": [
            {
                "first": pair.first,
                "second": pair.second,
                "first_name": evidence.class_names[pair.first],
                "second_name": evidence.class_names[pair.second],
                "there": pair.there,
                "back": pair.back,
                "cost": pair.cost,
            }
            for pair in pairs
        ],
        "pairs_share": sum(pair.cost for pair in pairs) / max(wrong, 1),
        "gallery_count": len(shown),
        "gallery_note": f"{wrong:,} of {len(evidence.rows):,} drawings are wrong; "
        f"the {len(shown)} most telling are here.",
        "many_members": many,
        "extra": [section.html for section in extra],
        "settings": flat_settings(evidence.run.recipe.model_dump(mode="json")),
        "environment": flat_settings(environment.model_dump(exclude={"version"})) if environment else [],
        "notes": list(findings.notes) if findings else [],
    }


def _group(evidence: Evidence) -> NDArray[np.int64] | None:
    return evidence.group if len(np.unique(evidence.group)) < len(evidence.group) else None


def _worst_first(results: Sequence[ClassResult]) -> list[ClassResult]:
    return sorted(results, key=lambda one: (one.recall.value if one.recall else 2.0, -one.support))


def _class_row(evidence: Evidence, result: ClassResult) -> dict[str, Any]:
    names, recall = evidence.class_names, result.recall
    return {
        "index": result.index,
        "name": names[result.index],
        "recall": recall,
        "bar": interval_bar(recall.low, recall.value, recall.high) if recall else "",
        "support": result.support,
        "precision": result.precision,
        "f1": result.f1,
        "taken_for": ", ".join(f"{names[other]} ({count})" for other, count in result.taken_for),
    }


def _sprites(evidence: Evidence, pictures: Sequence[Pixels], inline_bytes: float) -> tuple[list[str], dict[str, bytes]]:
    """An address a class; within the page if all of them fit, else of files beside it."""
    contents: list[bytes] = []
    for index in range(evidence.class_count):
        places = np.flatnonzero(evidence.label == index)
        contents.append(sprite([pictures[int(place)] for place in places]) if len(places) else b"")
    if sum(map(len, contents)) * 4 / 3 <= inline_bytes:
        return [data_uri(content) if content else "" for content in contents], {}
    files = {f"drawings/{index}.webp": content for index, content in enumerate(contents) if content}
    return [f"drawings/{index}.webp" if content else "" for index, content in enumerate(contents)], files


def _matrix_data(evidence: Evidence, matrix: NDArray[np.int64]) -> dict[str, Any]:
    rows, columns = np.nonzero(matrix)
    return {
        "order": clustered_order(evidence.prob, evidence.label),
        "cells": np.stack([rows, columns, matrix[rows, columns]], axis=1),
    }


def _gallery_item(evidence: Evidence, shown: Shown, picture: GalleryPicture) -> dict[str, Any]:
    place = shown.place
    top = np.argsort(-evidence.prob[place], kind="stable")[:5]
    return {
        "place": place,
        "reasons": shown.reasons,
        "original": picture.original,
        "input": picture.network_input,
        "heat": picture.heat,
        "top": [[int(index), round(float(evidence.prob[place, index]), 4)] for index in top],
        "loss": round(float(evidence.loss[place]), 4),
        "rank": int(evidence.rank[place]),
        "disagreement": round(float(evidence.disagreement[place]), 4),
    }
