"""What to try first: a guess of the accuracy from published figures. It only decides the order."""

from __future__ import annotations

import math

from sketchfit.candidates import BackboneCandidate

USUAL_GAP = 45.0
"""Points by which the published ImageNet-Sketch accuracies of most backbones are below those on ImageNet-1k; used where
only the latter is known."""

UNKNOWN = 25.0
"""Guess in percent where nothing is published: that of a small backbone."""

PER_HALVING = 6.0
"""Points that are subtracted for half the input size that the weights were trained with."""


def prior_of(candidate: BackboneCandidate, size: int) -> float:
    """Return the guess in percent of a candidate at an input size.

    Published accuracy on ImageNet-Sketch predicts accuracy on drawings better than that on photos.

    >>> prior_of(BackboneCandidate("a", "resnet18", None, 224, 11.7, 1.8, sketch_top1=30.0), 112)
    24.0
    """
    if candidate.sketch_top1 is not None:
        published = candidate.sketch_top1
    elif candidate.imagenet_top1 is not None:
        published = candidate.imagenet_top1 - USUAL_GAP
    else:
        published = UNKNOWN
    return published - PER_HALVING * max(0.0, math.log2(candidate.input_size / size))
