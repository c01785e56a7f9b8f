"""Section "Errors": a gallery of the errors that cost most, the most confident ones, and those members disagree on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.recipe import Recipe
from sketchfit.inference.network_input import network_input
from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.kit.thumbnails import Pixels, data_uri, square, thumbnail, webp
from sketchfit.reporting.run.page_section import PageSection, page_section

ORIGINAL_SIDE = 160
INPUT_SIDE = 128
"""Largest side in pixels of the pictures of a drawing and of the network's input."""


@dataclass(frozen=True)
class GalleryItem:
    """A drawing of the gallery: `place` in the evidence's rows, and the reasons (`loss`, `confidence`,
    `disagreement`) for which it was chosen."""

    place: int
    reasons: tuple[str, ...]


def choose_errors(evidence: Evidence, count: int) -> list[GalleryItem]:
    """Choose at most `count` drawings: for each reason in turn, the next in order.

    Those chosen for loss and confidence are errors. Those chosen for disagreement may be right.
    """
    wrong = np.flatnonzero(~evidence.correct)
    queues: dict[str, NDArray[np.int64]] = {
        "loss": wrong[np.argsort(-evidence.loss[wrong], kind="stable")],
        "confidence": wrong[np.argsort(-evidence.confidence[wrong], kind="stable")],
    }
    apart = np.flatnonzero(evidence.disagreement > 0)
    if len(apart):
        queues["disagreement"] = apart[np.argsort(-evidence.disagreement[apart], kind="stable")]
    reasons: dict[int, list[str]] = {}
    for step in range(max((len(queue) for queue in queues.values()), default=0)):
        for reason, queue in queues.items():
            if step >= len(queue):
                continue
            place = int(queue[step])
            if place in reasons or len(reasons) < count:
                reasons.setdefault(place, []).append(reason)
        if len(reasons) >= count:
            break
    return [GalleryItem(place, tuple(why)) for place, why in reasons.items()]


def gallery_section(
    evidence: Evidence, items: Sequence[GalleryItem], member: Recipe, heat_maps: Mapping[int, Pixels]
) -> PageSection:
    """Render the gallery.

    Args:
        evidence: the run.
        items: the drawings to show.
        member: recipe whose network input is shown.
        heat_maps: place to the network's input under its heat map; not all places need one.
    """
    data = [_item_data(evidence, one) | _pictures(evidence, one.place, member, heat_maps) for one in items]
    return page_section(
        "errors",
        "Errors",
        {"gallery": data},
        shown=len(items),
        wrong=int((~evidence.correct).sum()),
        total=len(evidence.rows),
        many_members=len(evidence.members) > 1,
    )


def _item_data(evidence: Evidence, item: GalleryItem) -> dict[str, Any]:
    place = item.place
    top = np.argsort(-evidence.prob[place], kind="stable")[:5]
    return {
        "place": place,
        "reasons": item.reasons,
        "top": [[int(index), round(float(evidence.prob[place, index]), 4)] for index in top],
        "loss": round(float(evidence.loss[place]), 4),
        "rank": int(evidence.rank[place]),
        "disagreement": round(float(evidence.disagreement[place]), 4),
    }


def _pictures(evidence: Evidence, place: int, member: Recipe, heat_maps: Mapping[int, Pixels]) -> dict[str, Any]:
    """Addresses of the original, of the network's input, and of the heat map (None where there is none)."""
    path = evidence.root / evidence.paths[place]
    heat = heat_maps.get(place)
    return {
        "original": data_uri(webp(thumbnail(path, ORIGINAL_SIDE))),
        "input": _reduced(network_input(path, member)),
        "heat": None if heat is None else _reduced(heat),
    }


def _reduced(pixels: Pixels) -> str:
    return data_uri(webp(square(pixels, min(INPUT_SIDE, pixels.shape[0]))))
