"""Which drawings to show: errors that cost most, that the network was surest of, that members disagree about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.reporting.evidence import Evidence


@dataclass(frozen=True)
class Shown:
    """A drawing of the gallery: `place` in the evidence's rows, and why it is shown (`loss`, `confidence`,
    `disagreement`)."""

    place: int
    reasons: tuple[str, ...]


def choose_errors(evidence: Evidence, count: int) -> list[Shown]:
    """At most `count` drawings, the most telling of each reason in turn; those by loss and confidence are errors.

    Members may disagree about a drawing that their mean gets right; it is shown too.
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
    return [Shown(place, tuple(why)) for place, why in reasons.items()]
