"""Mixup and CutMix: two images of a batch become one, and so do their targets.

Zhang et al., *mixup: beyond empirical risk minimization* (arXiv:1710.09412);
Yun et al., *CutMix: regularization strategy to train strong classifiers with localizable features* (arXiv:1905.04899).
"""

from __future__ import annotations

import numpy as np
import torch

from sketchfit.config.transforms import MixingSection


def mix(
    images: torch.Tensor, targets: torch.Tensor, section: MixingSection, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a batch mixed with itself in another order, or unchanged with probability 1 - p.

    Args:
        images: float [B, C, H, W]; not changed. The memory format is kept.
        targets: float [B, K], rows sum to 1; not changed.
        section: the recipe's `transforms.mixing`.
        rng: the batch's own generator; the result depends on the arguments alone.

    Returns:
        Images and targets of the same shapes, dtypes and device. A target has the share of the pixels that are from its
        image; for CutMix, of the box inside the image.
    """
    mixed, switched = rng.random(2)
    if not section.on or mixed >= section.p:
        return images, targets
    order = torch.from_numpy(rng.permutation(len(images))).to(images.device)
    if section.cutmix_alpha > 0 and (section.mixup_alpha == 0 or switched < section.switch):
        kept = float(rng.beta(section.cutmix_alpha, section.cutmix_alpha))
        return _cutmix(images, targets, order, kept, section.box == "ink", rng)
    kept = float(rng.beta(section.mixup_alpha, section.mixup_alpha))
    return _like(torch.lerp(images[order], images, kept), images), torch.lerp(targets[order], targets, kept)


def will_mix(section: MixingSection, rng: np.random.Generator) -> bool:
    """Return whether `mix` changes a batch, with a generator in the state in which it would receive it."""
    return section.on and bool(rng.random(2)[0] < section.p)


def _cutmix(
    images: torch.Tensor, targets: torch.Tensor, order: torch.Tensor, kept: float, ink: bool, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    count, _, height, width = images.shape
    partner = images[order]
    tall, wide = round(height * (1 - kept) ** 0.5), round(width * (1 - kept) ** 0.5)
    # One box for the batch, as in the paper; one per image with box=ink.
    draws = rng.random(count if ink else 1)
    at = torch.from_numpy(np.minimum((draws * height * width).astype(np.int64), height * width - 1)).to(images.device)
    if ink:
        at = _on_ink(partner, torch.from_numpy(draws).to(images.device), at)
    top, left = at // width - tall // 2, at % width - wide // 2
    rows = torch.arange(height, device=images.device)
    columns = torch.arange(width, device=images.device)
    in_rows = (rows >= top[:, None]) & (rows < top[:, None] + tall)
    in_columns = (columns >= left[:, None]) & (columns < left[:, None] + wide)
    inside = in_rows[:, None, :, None] & in_columns[:, None, None, :]
    share = (in_rows.sum(1) * in_columns.sum(1)).to(targets.dtype)[:, None] / (height * width)
    return _like(torch.where(inside, partner, images), images), targets * (1 - share) + targets[order] * share


def _on_ink(images: torch.Tensor, draws: torch.Tensor, otherwise: torch.Tensor) -> torch.Tensor:
    """Return a random pixel with ink of each image, each with equal probability; `otherwise` where there is none.

    A pixel has ink if its distance from the paper is more than half of the image's largest; the paper is the median of
    the image's border.

    Args:
        images: float [B, C, H, W].
        draws: float64 [B] in [0, 1).
        otherwise: int64 [B].

    Returns:
        int64 [B], y·W + x.
    """
    border = torch.cat((images[:, :, 0], images[:, :, -1], images[:, :, 1:-1, 0], images[:, :, 1:-1, -1]), dim=2)
    # Sorted, because torch's median has no deterministic form on CUDA.
    paper = border.sort(dim=2).values[:, :, border.shape[2] // 2, None, None]
    far = (images - paper).abs().amax(dim=1).flatten(1)
    ink = far > far.amax(dim=1, keepdim=True) / 2
    running = ink.cumsum(dim=1)
    total = running[:, -1]
    chosen = (draws * total).long().clamp(max=total - 1)
    found = (running > chosen[:, None]).to(torch.uint8).argmax(dim=1)
    return torch.where(total > 0, found, otherwise)


def _like(images: torch.Tensor, model: torch.Tensor) -> torch.Tensor:
    """Return the tensor in the memory format of `model`."""
    last = model.is_contiguous(memory_format=torch.channels_last) and not model.is_contiguous()
    return images.contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)
