"""Traits, one card each: distribution, drift between training and test, and examples from both ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.auditing.audit import Audit
from sketchfit.auditing.traits import FLAGS
from sketchfit.reporting.audit.captions import CaptionedThumbnail, captioned
from sketchfit.reporting.audit.trait_titles import TRAIT_TITLES, unit_of
from sketchfit.reporting.kit.chart_shapes import Chart
from sketchfit.reporting.kit.formats import compact
from sketchfit.reporting.kit.histograms import trait_histogram

_ENDS = 10
"""Examples from each end."""


@dataclass(frozen=True)
class Drifted:
    """Difference of a trait between training and test: Kolmogorov-Smirnov statistic and corrected p-value."""

    statistic: float
    p_value: float


@dataclass(frozen=True)
class TraitCard:
    """A trait.

    Attributes:
        name, title, text: column in `traits.parquet`, name and unit.
        chart: its distribution; None for a flag.
        drift: None where there are too few values.
        flagged: number of images that have the flag; None for a trait with values.
        low, high: examples from both ends; of a flag, `high` holds images that have it.
    """

    name: str
    title: str
    text: str
    chart: Chart | None
    drift: Drifted | None
    flagged: int | None
    low: tuple[CaptionedThumbnail, ...]
    high: tuple[CaptionedThumbnail, ...]


def trait_cards(audit: Audit) -> list[TraitCard]:
    """Return a card per trait."""
    return [_flag_card(audit, name) if name in FLAGS else _value_card(audit, name) for name in TRAIT_TITLES]


def _value_card(audit: Audit, name: str) -> TraitCard:
    title, text = TRAIT_TITLES[name]
    values = audit.traits[name].to_numpy(np.float64)
    test = audit.traits["split"].to_numpy() == "test"
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    low = order[:_ENDS]
    high = order[len(low) :][::-1][:_ENDS]
    chart = trait_histogram(values[known[~test[known]]], values[known[test[known]]], title, unit_of(name))

    def examples(rows: NDArray[np.int64]) -> tuple[CaptionedThumbnail, ...]:
        return tuple(captioned(audit, row, compact(float(values[row]))) for row in rows.tolist())

    return TraitCard(name, title, text, chart, _drift(audit, name), None, examples(low), examples(high))


def _flag_card(audit: Audit, name: str) -> TraitCard:
    title, text = TRAIT_TITLES[name]
    flagged: Sequence[int] = np.flatnonzero(audit.traits[name].to_numpy(np.float64) == 1).tolist()
    examples = tuple(captioned(audit, row) for row in flagged[:_ENDS])
    return TraitCard(name, title, text, None, _drift(audit, name), len(flagged), (), examples)


def _drift(audit: Audit, name: str) -> Drifted | None:
    found = audit.drift.traits.get(name)
    return None if found is None else Drifted(found.statistic, found.p_corrected)
