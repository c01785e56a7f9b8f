"""Data of the static page: facts of the bundle, the rules that turn probabilities into answers, training drawings."""

from __future__ import annotations

import math
from typing import Literal

import cv2
import numpy as np

from sketchfit.bundle.manifest import BundleManifest, UnknownRule
from sketchfit.bundle.neighbours import THUMBNAIL, Neighbours
from sketchfit.bundle.page_facts import PageFacts, page_facts
from sketchfit.bundle.predictions import usual_rule
from sketchfit.runs.artefact import ArtefactPart


class StaticSets(ArtefactPart):
    """The rule of prediction sets that the page uses."""

    score: Literal["lac", "aps", "raps"]
    threshold: float
    coverage: float


class StaticNeighbours(ArtefactPart):
    """Training drawings: the class of each, and how many are in a row of the sheet of thumbnails."""

    labels: tuple[int, ...]
    columns: int


class StaticRules(ArtefactPart):
    """What the page computes itself."""

    sets: StaticSets | None = None
    unknown: UnknownRule | None = None
    neighbours: StaticNeighbours | None = None


class StaticFacts(PageFacts):
    """Facts of the bundle, with the rules."""

    rules: StaticRules


def static_facts(manifest: BundleManifest, neighbours: Neighbours | None = None) -> StaticFacts:
    """Return the facts and rules of a bundle, and of its training drawings where they are shown."""
    rule = usual_rule(manifest.sets)
    sets = StaticSets(score=rule.score, threshold=rule.threshold, coverage=rule.coverage) if rule else None
    drawings = None
    if neighbours is not None:
        drawings = StaticNeighbours(labels=tuple(neighbours.label.tolist()), columns=_columns(neighbours))
    facts = page_facts(manifest, neighbours is not None)
    rules = StaticRules(sets=sets, unknown=manifest.unknown, neighbours=drawings)
    return StaticFacts(**{name: getattr(facts, name) for name in PageFacts.model_fields}, rules=rules)


def sheet_of(neighbours: Neighbours) -> bytes:
    """Return all thumbnails as one PNG, row by row."""
    columns = _columns(neighbours)
    rows = -(-len(neighbours) // columns)
    cells = np.full((rows * columns, THUMBNAIL, THUMBNAIL, 3), 255, np.uint8)
    cells[: len(neighbours)] = neighbours.thumbnail
    grid = cells.reshape(rows, columns, THUMBNAIL, THUMBNAIL, 3).swapaxes(1, 2)
    sheet = grid.reshape(rows * THUMBNAIL, columns * THUMBNAIL, 3)
    _, content = cv2.imencode(".png", np.ascontiguousarray(sheet[:, :, ::-1]))
    return content.tobytes()


def _columns(neighbours: Neighbours) -> int:
    return max(1, math.isqrt(len(neighbours)))
