"""The options of a scout: each candidate at a few input sizes, with the recipe of its training."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sketchfit.candidates import BackboneCandidate
from sketchfit.candidates.candidate import OF_OTHERS
from sketchfit.config.load import load_recipe
from sketchfit.config.recipe import Recipe
from sketchfit.errors import UserError
from sketchfit.runs.artefacts.scout import OptionFigures
from sketchfit.runs.fingerprint import digest

SHARES = (0.5, 0.71, 1.0)
"""Sizes that are tried by default, as shares of the candidate's own: each costs about twice the one before."""

STEP = 32
"""Sizes below the candidate's own are multiples of this number of pixels."""


@dataclass(frozen=True)
class Option:
    """A candidate at an input size.

    Attributes:
        candidate: backbone and weights.
        size: side of the input in pixels.
        recipe: of a run with it.
    """

    candidate: BackboneCandidate
    size: int
    recipe: Recipe

    @property
    def name(self) -> str:
        """In messages and tables."""
        return f"{self.candidate.name} at {self.size} px"

    @property
    def folder(self) -> str:
        """Name of the folder of its figures."""
        plain = re.sub(r"[^\w.=+-]+", "_", self.candidate.name)
        return f"{plain[:60]}-{digest(self.candidate.backbone, self.candidate.weights)[:6]}-{self.size}"

    @property
    def figures(self) -> OptionFigures:
        """What is known before anything is measured."""
        one = self.candidate
        return OptionFigures(
            name=self.name,
            backbone=one.backbone,
            weights=one.weights,
            size=self.size,
            params=one.params,
            gmacs=one.gmacs_at(self.size),
            licence=one.licence,
            imagenet_top1=one.imagenet_top1,
            sketch_top1=one.sketch_top1,
            sources=one.sources,
        )


def own_sizes(size: int) -> tuple[int, ...]:
    """Return the sizes that are tried of a candidate whose own size this is, in pixels, ascending.

    >>> own_sizes(224), own_sizes(260), own_sizes(48)
    ((128, 160, 224), (128, 192, 260), (32, 48))
    """
    smaller = {max(STEP, STEP * round(share * size / STEP)) for share in SHARES if share < 1}
    return (*sorted(one for one in smaller if one < size), size)


def make_options(
    base: Recipe, candidates: Sequence[BackboneCandidate], sizes: Sequence[int] = ()
) -> list[list[Option]]:
    """Return the options of each candidate, by size.

    Args:
        base: recipe of one member, whose backbone, weights and input size are replaced.
        candidates: backbones.
        sizes: of the input in pixels; by default some of each candidate's own.

    Raises:
        UserError: the recipe has several members, or contradicts a backbone.
    """
    if base.members:
        raise UserError(
            f"scout varies the backbone of one network, and the recipe has the members {', '.join(base.members)}",
            "Choose a recipe without members.",
        )
    return [
        [Option(one, size, _recipe(base, one, size)) for size in sorted(set(sizes)) or own_sizes(one.input_size)]
        for one in candidates
    ]


def _recipe(base: Recipe, candidate: BackboneCandidate, size: int) -> Recipe:
    settings = base.model_dump(mode="json")
    return load_recipe(settings | {"model": settings["model"] | OF_OTHERS | candidate.settings(size)["model"]})
