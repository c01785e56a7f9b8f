"""The contract of operations of augmentation policies."""

from __future__ import annotations

import numpy as np

from sketchfit.config.policies import build
from sketchfit.transforms.augment import Augment
from sketchfit.transforms.ops import Op, Picture

SEEDS = 12


def check_operation(op: Op, image: Picture, paper: Picture, same: bool = False) -> None:
    """Check an operation on one image: shape, dtype, inputs unchanged, probability 0, and magnitude 0.

    Args:
        op: with settings that change this image.
        image: uint8 [S, S, C].
        paper: uint8 [C].
        same: whether the operation does the same at each draw, as a flip does.
    """
    before, ground = image.copy(), paper.copy()
    augment = Augment([op.always()], image.shape[0])
    outs = [augment(image, paper, np.random.default_rng(seed)) for seed in range(SEEDS)]
    for out in outs:
        assert out.shape == image.shape
        assert out.dtype == np.uint8
        assert out.flags.c_contiguous
        assert not np.shares_memory(out, image)
    assert np.array_equal(outs[0], augment(image, paper, np.random.default_rng(0))), "the generator does not decide it"
    assert np.array_equal(image, before), "the image given was changed"
    assert np.array_equal(paper, ground), "the paper colour given was changed"
    assert any(not np.array_equal(out, image) for out in outs), "it does nothing"
    assert all(np.array_equal(out, outs[0]) for out in outs) == same
    never = Augment([op.model_copy(update={"p": 0.0})], image.shape[0])
    assert np.array_equal(never(image, paper, np.random.default_rng(0)), image)
    if op.neutral:
        nothing = Augment([op.always().scaled(0.0)], image.shape[0])(image, paper, np.random.default_rng(3))
        assert np.abs(nothing.astype(int) - image).max() <= 1
    settings = op.model_dump(mode="json")
    assert build([settings])[0].model_dump(mode="json") == settings
