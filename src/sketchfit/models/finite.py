"""Weights that are no numbers: a network with one of them predicts nothing."""

from __future__ import annotations

import torch
from torch import nn

from sketchfit.errors import UserError


class NoNumbersError(UserError):
    """A network has a weight that is no number, or predicts none."""


def not_finite(model: nn.Module) -> str | None:
    """Return the name of a weight that is NaN or infinite, or of a buffer that is NaN; None where there is none.

    Infinity in a buffer can be meant, for instance in a mask. All tensors must be on one device.
    """
    tensors = {name: value for name, value in model.state_dict().items() if value.is_floating_point()}
    if not tensors:
        return None
    trained = {name for name, _ in model.named_parameters()}
    wrong = [
        (~torch.isfinite(value) if name in trained else torch.isnan(value)).any() for name, value in tensors.items()
    ]
    first = torch.stack(wrong).nonzero()  # waits for the device once
    return list(tensors)[int(first[0])] if len(first) else None
