"""A training that lost its numbers: where it went back, and whether it stopped."""

from __future__ import annotations

from sketchfit.runs.artefact import Artefact, ArtefactPart


class Rewind(ArtefactPart):
    """A return to the start of an epoch.

    Attributes:
        epoch: in which the loss or a weight was not finite, from 1.
        lr_scale: factor of the learning rate from then on.
    """

    epoch: int
    lr_scale: float


class Divergence(Artefact):
    """In the folder of a network: what happened where its loss or its weights were not finite.

    Attributes:
        rewinds: in their order.
        stopped: why the training has ended early; empty where it did not.
    """

    PLACE = "divergence.json"
    rewinds: tuple[Rewind, ...]
    stopped: str
