"""Further sections of the report: slices, labels, robustness and the embedding map as HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from sketchfit.inference.intervals import Difference, Estimate
from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.kit.charts import interval_bar
from sketchfit.reporting.kit.page import render
from sketchfit.reporting.kit.thumbnails import data_uri, webp
from sketchfit.reporting.run.advice import TRUSTED
from sketchfit.reporting.run.label_issues import LabelIssue
from sketchfit.reporting.run.report import ExtraSection
from sketchfit.reporting.run.slices import Slice

LABELS_SHOWN = 200


def slices_section(slices: Sequence[Slice], found: Sequence[Slice], note: str) -> ExtraSection:
    """Accuracy by trait; `note` says why there is none."""
    html = render("slices", slices=slices, found=found, note=note, weak=sum(one.weak for one in slices), bar=_bar)
    return ExtraSection("slices", "Slices", Markup(html))


def labels_section(
    evidence: Evidence, issues: Sequence[LabelIssue], pictures: Sequence[NDArray[np.uint8]]
) -> ExtraSection:
    """Doubtful labels with their drawings."""
    names = evidence.class_names
    shown: list[Mapping[str, Any]] = [
        {
            "picture": data_uri(webp(pictures[one.place], 45)),
            "path": evidence.paths[one.place],
            "label": names[evidence.label[one.place]],
            "suggested": names[one.suggested],
            "p_label": one.p_label,
            "p_suggested": one.p_suggested,
            "reason": {"network": "networks", "copies": "near-duplicates"}[one.reason],
        }
        for one in issues[:LABELS_SHOWN]
    ]
    html = render(
        "labels",
        issues=shown,
        side=pictures[0].shape[0] if len(pictures) else 0,
        by_network=sum(one.reason == "network" for one in issues),
        by_copies=sum(one.reason == "copies" for one in issues),
        untrusted=float(evidence.correct.mean()) if evidence.correct.mean() < TRUSTED else None,
        more=max(0, len(issues) - LABELS_SHOWN),
    )
    return ExtraSection("labels", "Labels", Markup(html))


def robustness_section(base: Estimate, changes: Mapping[str, tuple[Estimate, Difference]]) -> ExtraSection:
    """Accuracy when the input is changed."""
    html = render("robustness", base=base, changes=list(changes.items()), bar=_bar)
    return ExtraSection("robustness", "Robustness", Markup(html))


def map_section(places: NDArray[np.int64], position: NDArray[np.float64], total: int) -> ExtraSection:
    """The embedding map; `position` float [m, 2] in 0 … 1 of the drawings at `places`."""
    xy = np.round(20 + position * [960, 660], 1)
    html = render("map", count=len(places), total=total)
    points = [[int(place), float(x), float(y)] for place, (x, y) in zip(places, xy, strict=True)]
    return ExtraSection("map-section", "Map", Markup(html), {"map": points})


def _bar(estimate: Estimate) -> Markup:
    return Markup(interval_bar(estimate.low, estimate.value, estimate.high))
