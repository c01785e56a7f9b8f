"""ArcFace: "Additive Angular Margin Loss for Deep Face Recognition", Deng et al., arXiv 1801.07698."""

from __future__ import annotations

import math

from torch import Tensor


def with_margin(logits: Tensor, target: Tensor, margin: float, scale: float) -> Tensor:
    """The cosine head's logits with the target's angle made larger by the margin, [B, C] and [B, C] to [B, C].

    A class that is a share t of a mixed target gets the share t of the change. Where angle + margin would pass π, the
    cosine goes on falling linearly, so that the loss never rewards a worse angle (the authors' code does the same).

    Args:
        logits: scale × cosine, in [-scale, scale].
        target: rows summing to 1, before label smoothing.
        margin: radians, in [0, π/2).
        scale: the cosine head's.
    """
    cosine = logits / scale
    # Kept clear of ±1, where the sine's slope is infinite.
    sine = (1 - cosine.clamp(-1, 1) ** 2).clamp(min=1e-6).sqrt()
    moved = cosine * math.cos(margin) - sine * math.sin(margin)
    beyond = cosine - math.sin(margin) * margin
    harder = moved.where(cosine > math.cos(math.pi - margin), beyond)
    return scale * (cosine + target * (harder - cosine))
