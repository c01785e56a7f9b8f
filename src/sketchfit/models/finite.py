"""Weights that are no numbers: a network with one of them predicts nothing."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sketchfit.errors import UserError

STATISTICS = ("running_mean", "running_var")
"""Ends of the names of batch norm's buffers: once infinite, they stay so, and their channels are lost."""


class NoNumbersError(UserError):
    """A network has a weight that is no number, or predicts none."""


def not_finite(model: nn.Module) -> str | None:
    """Return the name of a weight or statistic that is NaN or infinite, or of another buffer that is NaN; or None.

    Infinity in a buffer can be meant, for instance in a mask.
    """
    tensors = {name: value for name, value in model.state_dict().items() if value.is_floating_point()}
    strict = {name for name, _ in model.named_parameters()}
    strict |= {name for name in tensors if name.endswith(STATISTICS)}
    by_device: dict[torch.device, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        wrong = (~torch.isfinite(value) if name in strict else torch.isnan(value)).any()
        by_device.setdefault(value.device, {})[name] = wrong
    for found in by_device.values():
        first = torch.stack(list(found.values())).nonzero()  # waits for the device once
        if len(first):
            return list(found)[int(first[0])]
    return None
