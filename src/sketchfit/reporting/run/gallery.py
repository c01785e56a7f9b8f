"""Section "Errors": a gallery of the errors that cost most, the most confident ones, and those members disagree on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.recipe import Recipe
from sketchfit.inference.network_input import network_input
from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.heat.picture import HeatPicture
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


@dataclass(frozen=True)
class AnswerBar:
    """A class and its probability for a drawing; `place` counts from 1, the most probable class."""

    name: str
    probability: float
    place: int
    true: bool


@dataclass(frozen=True)
class GalleryCard:
    """What the gallery shows of a drawing.

    Attributes:
        item: its place, and the reasons for which it was chosen.
        label: index of the true class.
        names: of the true class and of the answer.
        path: of the image, as in the table.
        right: whether the two are the same.
        bars: the most probable classes; the true class is always one of them.
        own: probability of the true class.
        loss, confidence, disagreement: as in `Evidence`.
        original, input, heat: addresses of the pictures of the drawing, of the network's input, and of that input
            under its heat map, where there is one.
        heat_note: the method of the heat map.
    """

    item: GalleryItem
    label: int
    names: tuple[str, str]
    path: str
    right: bool
    bars: tuple[AnswerBar, ...]
    own: float
    loss: float
    confidence: float
    disagreement: float
    original: str
    input: str
    heat: str | None
    heat_note: str


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
    evidence: Evidence, items: Sequence[GalleryItem], member: Recipe, heat_maps: Mapping[int, HeatPicture]
) -> PageSection:
    """Render the gallery, the largest loss first.

    Args:
        evidence: the run.
        items: the drawings to show.
        member: recipe whose network input is shown.
        heat_maps: place to its heat map; not all places need one.
    """
    cards = [_card(evidence, one, member, heat_maps.get(one.place)) for one in items]
    return page_section(
        "errors",
        "Errors",
        cards=sorted(cards, key=lambda one: -one.loss),
        wrong=int((~evidence.correct).sum()),
        total=len(evidence.rows),
        many_members=len(evidence.members) > 1,
    )


def answer_bars(prob: NDArray[np.float32], label: int, names: Sequence[str], count: int = 5) -> list[AnswerBar]:
    """List the most probable classes, and the true class after them where it is not one of them.

    Args:
        prob: float [C], of one drawing.
        label: index of the true class.
        names: of the C classes.
        count: of the most probable classes.
    """
    order = np.argsort(-prob, kind="stable").tolist()
    places = [*range(min(count, len(order)))]
    if (own := order.index(label)) >= count:
        places.append(own)
    return [
        AnswerBar(names[order[place]], float(prob[order[place]]), place + 1, order[place] == label) for place in places
    ]


def _card(evidence: Evidence, item: GalleryItem, member: Recipe, heat: HeatPicture | None) -> GalleryCard:
    place = item.place
    path, label = evidence.root / evidence.paths[place], int(evidence.label[place])
    return GalleryCard(
        item=item,
        label=label,
        names=(evidence.class_names[label], evidence.class_names[int(evidence.answer[place])]),
        path=evidence.paths[place],
        right=bool(evidence.correct[place]),
        bars=tuple(answer_bars(evidence.prob[place], label, evidence.class_names)),
        own=float(evidence.prob[place, label]),
        loss=float(evidence.loss[place]),
        confidence=float(evidence.confidence[place]),
        disagreement=float(evidence.disagreement[place]),
        original=data_uri(webp(thumbnail(path, ORIGINAL_SIDE))),
        input=_reduced(network_input(path, member)),
        heat=None if heat is None else _reduced(heat.pixels),
        heat_note="" if heat is None else heat.note,
    )


def _reduced(pixels: Pixels) -> str:
    return data_uri(webp(square(pixels, min(INPUT_SIDE, pixels.shape[0]))))
