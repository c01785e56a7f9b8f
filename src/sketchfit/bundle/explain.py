"""Why an answer: the heat map of its class, and the training drawings nearest to the image."""

from __future__ import annotations

import base64

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.bundle.manifest import BundleManifest
from sketchfit.bundle.model import BundleModel
from sketchfit.bundle.neighbours import Neighbours
from sketchfit.bundle.occlusion import occlusion_heat
from sketchfit.runs.artefact import ArtefactPart, Numbers

NEAREST = 8
"""Training drawings in an explanation."""


class NearDrawing(ArtefactPart):
    """A training drawing: its label, the label's name, the cosine of the features, and a picture as a data URL."""

    label: str
    name: str
    similarity: float
    thumbnail: str


class Explanation(ArtefactPart):
    """Why an image has its answer.

    Attributes:
        label, name, probability: of the class that is explained.
        heat: rows of cells: what covering the cell costs the class's probability, -1 … 1.
        picture: the prepared picture to which the heat belongs, as a data URL.
        neighbours: nearest training drawings, nearest first; empty where the bundle holds none.
    """

    label: str
    name: str
    probability: float
    heat: tuple[Numbers, ...]
    picture: str
    neighbours: tuple[NearDrawing, ...] = ()


def explain(
    model: BundleModel,
    picture: NDArray[np.uint8],
    neighbours: Neighbours | None = None,
    label: int | None = None,
) -> Explanation:
    """Explain the answer to one prepared picture.

    Args:
        model: an open bundle.
        picture: uint8 [S, S, C], prepared.
        neighbours: of the bundle, where it has them.
        label: index of the class to explain; the most probable one by default.
    """
    manifest = model.manifest
    answers = model.predict_prepared(picture[None])
    chosen = int(answers.probabilities[0].argmax()) if label is None else label
    heat = occlusion_heat(lambda covered: model.predict_prepared(covered).probabilities, picture, chosen)
    near: list[NearDrawing] = []
    if neighbours is not None and answers.features is not None:
        near = _near(manifest, neighbours, answers.features[0])
    return Explanation(
        label=manifest.labels[chosen],
        name=manifest.names[chosen],
        probability=float(answers.probabilities[0, chosen]),
        heat=tuple(tuple(round(float(value), 5) for value in row) for row in heat),
        picture=data_url(picture),
        neighbours=tuple(near),
    )


def data_url(picture: NDArray[np.uint8]) -> str:
    """Return a picture, uint8 [H, W, 1 or 3] RGB, as a PNG in a data URL."""
    _, content = cv2.imencode(".png", picture if picture.shape[2] == 1 else picture[:, :, ::-1])
    return "data:image/png;base64," + base64.b64encode(content.tobytes()).decode("ascii")


def _near(manifest: BundleManifest, neighbours: Neighbours, features: NDArray[np.float32]) -> list[NearDrawing]:
    found = []
    for near in neighbours.nearest(features, NEAREST):
        label = int(neighbours.label[near.row])
        found.append(
            NearDrawing(
                label=manifest.labels[label],
                name=manifest.names[label],
                similarity=round(near.similarity, 4),
                thumbnail=data_url(neighbours.thumbnail[near.row]),
            )
        )
    return found
