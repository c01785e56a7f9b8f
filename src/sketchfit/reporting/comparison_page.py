"""The page of `sketchfit compare`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchfit.reporting.comparison import AlignedRuns, RunComparison, top1
from sketchfit.reporting.kit.page import render
from sketchfit.reporting.kit.thumbnails import data_uri, thumbnails, webp
from sketchfit.runs.artefacts import ClaimRecord
from sketchfit.runs.inside import first_outside

SIDE = 72
"""Of the drawings, in pixels."""

SHOWN = 48
"""Flipped drawings of each kind on the page."""


def comparison_page(
    aligned: AlignedRuns,
    comparisons: Sequence[RunComparison],
    settings: Sequence[tuple[str, Sequence[str]]],
    claims: Sequence[ClaimRecord | None],
) -> str:
    """Render the page.

    Args:
        aligned: the runs.
        comparisons: each run but the first, compared with the first.
        settings: those that differ: (key, value in each run).
        claims: of each run; None where it claims nothing.
    """
    flipped = []
    for number, one in enumerate(comparisons, start=1):
        for gained, places in ((True, one.gained), (False, one.lost)):
            if len(places):
                drawings = _drawings(aligned, places[:SHOWN], number)
                flipped.append({"name": one.name, "gained": gained, "total": len(places), "drawings": drawings})
    return render(
        "compare",
        title=" / ".join(aligned.names),
        names=aligned.names,
        count=len(aligned.label),
        top1=top1(aligned),
        claims=claims,
        against=comparisons,
        settings=settings,
        class_names=aligned.class_names,
        flipped=flipped,
        side=SIDE,
        grouped=aligned.group is not None,
    )


def _drawings(aligned: AlignedRuns, places: NDArray[np.int64], number: int) -> list[dict[str, Any]]:
    shown = [aligned.paths[place] for place in places]
    # The folder is no image, and gives an empty picture: links out of it are not followed.
    files = [aligned.root / ("" if first_outside(aligned.root, [path]) else path) for path in shown]
    pictures = thumbnails(files, SIDE)
    return [
        {
            "picture": data_uri(webp(picture, 50)),
            "path": aligned.paths[place],
            "label": aligned.class_names[aligned.label[place]],
            "before": _answer(aligned, 0, place),
            "after": _answer(aligned, number, place),
        }
        for place, picture in zip(places.tolist(), pictures, strict=True)
    ]


def _answer(aligned: AlignedRuns, number: int, place: int) -> str:
    """The most probable class and its probability."""
    prob = aligned.prob[number][place]
    answer = int(prob.argmax())
    return f"{aligned.class_names[answer]}, {100 * prob[answer]:.0f} %"
