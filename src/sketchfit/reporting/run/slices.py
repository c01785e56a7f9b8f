"""Section "Slices": accuracy per measured trait, and weak slices found by a shallow tree."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sketchfit.auditing.traits import Traits, measure, traits_frame
from sketchfit.data.images import ImageError, decode, read_image_file
from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.run.compare_slices import Slice, compare_slices, trait_masks
from sketchfit.reporting.run.page_section import PageSection, page_section
from sketchfit.reporting.run.slice_tree import tree_slices

SHOWN = 60
"""Drawings of a slice on the page."""

MEASURED_WITHOUT_AUDIT = 3000
"""Number of drawings up to which traits are measured here where there was no audit."""


@dataclass(frozen=True)
class SliceResults:
    """All slices of a run.

    Attributes:
        by_trait: slices by one trait, the worst first.
        by_tree: weak leaves of the tree, the worst first.
        measured: whether the traits of the drawings are known.
    """

    by_trait: Sequence[Slice] = ()
    by_tree: Sequence[Slice] = ()
    measured: bool = True

    @property
    def weak(self) -> list[Slice]:
        """Slices that are significantly worse than the rest."""
        return [one for one in (*self.by_trait, *self.by_tree) if one.weak]


def find_slices(evidence: Evidence, group: NDArray[np.int64] | None, threads: int) -> SliceResults:
    """Compare all slices of a run; without an audit, the traits of up to 3,000 drawings are measured here.

    Args:
        evidence: the run.
        group: int64 [n], related rows share a number; None: rows are independent.
        threads: for measuring.
    """
    traits = evidence.traits
    if traits is None:
        if len(evidence.rows) > MEASURED_WITHOUT_AUDIT:
            return SliceResults(measured=False)
        traits = _measured(evidence, threads)
    correct = evidence.correct
    return SliceResults(compare_slices(trait_masks(traits), correct, group), tree_slices(traits, correct, group))


def slices_section(evidence: Evidence, slices: SliceResults) -> PageSection:
    """Render accuracy per trait; of each slice, the drawings with the highest loss can be opened."""
    weak = sum(one.weak for one in slices.by_trait)
    return page_section("slices", "Slices", {"slices": shown_places(evidence, slices)}, slices=slices, weak=weak)


def shown_places(evidence: Evidence, slices: SliceResults) -> list[list[int]]:
    """Return the drawings of each slice that can be opened, those with the highest loss first."""
    return [
        [int(place) for place in one.rows[np.argsort(-evidence.loss[one.rows], kind="stable")][:SHOWN]]
        for one in (*slices.by_trait, *slices.by_tree)
    ]


def _measured(evidence: Evidence, threads: int) -> pd.DataFrame:
    def one(path: str) -> Traits | None:
        try:
            data = read_image_file(evidence.root / path)
            return measure(decode(data), len(data))
        except ImageError:
            return None

    with ThreadPoolExecutor(threads) as pool:
        traits = list(pool.map(one, evidence.paths))
    return traits_frame(traits, evidence.rows.tolist(), ["train"] * len(traits), evidence.paths)
