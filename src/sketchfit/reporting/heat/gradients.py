"""Heat maps by gradients, computed by captum.

- Maps of a late layer: Grad-CAM (Selvaraju et al., 1610.02391).
- Tokens of the first block: integrated gradients (Sundararajan et al., 1703.01365) from blank paper to the drawing,
  summed over channels. On a small ViT whose answer depends on one corner, nearly all of this map is in that corner
  (tests); of Grad-CAM at the last block, and of attention weighted by gradients and followed back (2103.15679), about
  as much as by chance.
- The input: integrated gradients, summed in squares.
"""

from __future__ import annotations

from typing import Any

import torch
from captum.attr import IntegratedGradients, LayerActivation, LayerGradientXActivation, LayerIntegratedGradients
from torch import Tensor, nn

from sketchfit.reporting.heat.targets import Target

STEPS = 16
"""From blank paper to the drawing."""

PIXELS = 8
"""Side of the squares in which gradients of pixels are summed: those of single pixels are noise."""

SMALLEST_BATCH = 16
"""Images that are evaluated together at least."""


def of_layer(model: nn.Module, target: Target, images: Tensor, classes: Tensor) -> Tensor:
    """Compute the evidence for a class at the places of a layer, float [B, h, w]; negative where it is against.

    Args:
        model: on the images' device, in evaluation mode.
        target: from `find_target`.
        images: float [B, 3, H, W], normalised.
        classes: int64 [B], the class of interest per image.
    """
    return (_tokens if target.layout.tokens else _grad_cam)(model, target, images, classes)


def of_input(model: nn.Module, images: Tensor, classes: Tensor) -> Tensor:
    """Compute the evidence for a class in squares of the input, float [B, h, w]; see `of_layer`."""
    found = _integrated(IntegratedGradients(model), images, classes).sum(dim=1, keepdim=True)
    return nn.functional.avg_pool2d(found, min(PIXELS, *found.shape[2:]))[:, 0]


def _grad_cam(model: nn.Module, target: Target, images: Tensor, classes: Tensor) -> Tensor:
    """Sum the channels, weighted by their mean gradient."""
    method = LayerGradientXActivation(model, target.layer, multiply_by_inputs=False)
    gradient = target.layout.maps(_single(method.attribute(images, target=classes)))
    activation = target.layout.maps(_single(LayerActivation(model, target.layer).attribute(images)))
    return (gradient.mean(dim=(2, 3), keepdim=True) * activation).sum(dim=1)


def _tokens(model: nn.Module, target: Target, images: Tensor, classes: Tensor) -> Tensor:
    """Integrate the gradients of the tokens."""
    return target.layout.maps(_integrated(LayerIntegratedGradients(model, target.layer), images, classes)).sum(dim=1)


def _integrated(method: Any, images: Tensor, classes: Tensor) -> Tensor:
    """Integrate gradients from blank paper on; the median of a drawing is the colour of its paper."""
    paper = images.flatten(2).median(dim=2).values[:, :, None, None].expand_as(images)
    size = max(len(images), SMALLEST_BATCH)
    return _single(method.attribute(images, paper, target=classes, n_steps=STEPS, internal_batch_size=size))


def _single(value: Any) -> Tensor:
    found = value[0] if isinstance(value, tuple) else value
    if not isinstance(found, torch.Tensor):
        raise ValueError("the layer's output is not a tensor")
    return found
