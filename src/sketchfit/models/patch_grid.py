"""Refuses input sizes at which a backbone ignores part of each picture: those off its grid of patches."""

from __future__ import annotations

from typing import Any

from torch import nn

from sketchfit.errors import UserError

LARGEST = 4096
"""Largest side in pixels that is suggested."""


class PatchGridError(UserError):
    """A backbone ignores part of each picture.

    Attributes:
        near: the nearest sizes at which it reads all of it; other parts of the network may not take them.
    """

    near: tuple[int, ...] = ()


def check_patch_grid(model: nn.Module, size: int, key: str = "model.input_size") -> None:
    """Check that the first layer of a network reads the complete picture.

    A vision transformer cuts a picture into patches of, for example, 16 pixels: of 60 pixels it reads three patches,
    and ignores the last 12 rows and columns.

    Args:
        model: a timm model.
        size: side of its input in pixels.
        key: the setting that gives the size.

    Raises:
        PatchGridError: more than one line of pixels is unread; the nearest sizes are named.
    """
    unread = unread_lines(model, size)
    if unread <= 1:
        return
    near = [found for step in (-1, 1) if (found := _next(model, size, step))]
    read, share = size - unread, 1 - (1 - unread / size) ** 2
    error = PatchGridError(
        f"{key}: of {size} × {size} pixels, {type(model).__name__} reads {read} × {read}; {share:.0%} of each picture "
        "would be ignored",
        f"Set {key} to {' or '.join(map(str, near))}.",
    )
    error.near = tuple(near)
    raise error


def unread_lines(model: nn.Module, size: int) -> int:
    """Return how many rows (and columns) of a square picture the first convolution leaves out at its end."""
    pads = any(getattr(module, "dynamic_img_pad", False) for module in model.modules())
    first: Any = next((module for module in model.modules() if isinstance(module, nn.Conv2d)), None)
    if first is None or pads or type(first) is not nn.Conv2d or isinstance(first.padding, str):
        return 0  # timm's own kinds of convolutions pad by themselves
    (kernel, _), (stride, _), (padding, _) = first.kernel_size, first.stride, first.padding
    if size + 2 * padding < kernel:
        return size
    return max(0, (size + 2 * padding - kernel) % stride - padding)


def _next(model: nn.Module, size: int, step: int) -> int | None:
    """Return the nearest size below (step -1) or above (1) at which nothing is left out; None where there is none."""
    sizes = range(size + step, LARGEST if step > 0 else 0, step)
    return next((one for one in sizes if unread_lines(model, one) == 0), None)
