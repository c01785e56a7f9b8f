"""Traits that separate test from training images, one card each, with typical images of both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from sketchfit.auditing.audit import Audit
from sketchfit.auditing.drift import TraitDrift
from sketchfit.auditing.drift_sentences import drift_sentence
from sketchfit.auditing.traits import FLAGS
from sketchfit.reporting.audit.captions import CaptionedThumbnail, captioned
from sketchfit.reporting.audit.trait_titles import TRAIT_TITLES, unit_of
from sketchfit.reporting.kit.chart_shapes import Chart
from sketchfit.reporting.kit.formats import compact
from sketchfit.reporting.kit.histograms import trait_histogram

MOST = 8
"""Cards; the table lists all traits."""


@dataclass(frozen=True)
class DriftCard:
    """A trait that separates test from training images.

    Attributes:
        name, title: of the trait.
        text: one sentence on the difference.
        drift: its figures.
        chart: distributions of both; None for a flag.
        train, test: images that are typical for one and not for the other, with their values.
    """

    name: str
    title: str
    text: str
    drift: TraitDrift
    chart: Chart | None
    train: tuple[CaptionedThumbnail, ...]
    test: tuple[CaptionedThumbnail, ...]


def drift_cards(audit: Audit) -> list[DriftCard]:
    """Return the cards, the largest difference first, at most `MOST`."""
    return [_card(audit, name) for name in list(audit.drift.typical)[:MOST]]


def _card(audit: Audit, name: str) -> DriftCard:
    values = audit.traits[name].to_numpy(np.float64)
    test = audit.traits["split"].to_numpy() == "test"
    known = ~np.isnan(values)
    title, drift, rows = TRAIT_TITLES[name][0], audit.drift.traits[name], audit.drift.typical[name]

    def pictures(chosen: Iterable[int]) -> tuple[CaptionedThumbnail, ...]:
        return tuple(captioned(audit, row, "" if name in FLAGS else compact(float(values[row]))) for row in chosen)

    chart = (
        None if name in FLAGS else trait_histogram(values[known & ~test], values[known & test], title, unit_of(name))
    )
    return DriftCard(name, title, drift_sentence(name, drift), drift, chart, pictures(rows.train), pictures(rows.test))
