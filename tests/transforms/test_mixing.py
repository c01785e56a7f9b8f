from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from sketchfit.config.transforms import MixingSection
from sketchfit.transforms.mixing import mix, will_mix

MIXUP = MixingSection(mixup_alpha=0.4)
CUTMIX = MixingSection(cutmix_alpha=1.0)
INK = MixingSection(cutmix_alpha=1.0, box="ink")


def rng_of(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=seed))


def numbered(count: int, height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Picture k holds the value k everywhere, and its label is k: what comes from whom can be counted."""
    images = torch.arange(count, dtype=torch.float32)[:, None, None, None].expand(count, 3, height, width).contiguous()
    return images, torch.eye(count)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    count=st.integers(1, 6),
    height=st.integers(1, 19),
    width=st.integers(1, 19),
    alpha=st.sampled_from([0.2, 1.0, 3.0]),
    box=st.sampled_from(["uniform", "ink"]),
)
def test_cutmix_weights_labels_with_the_pixels_they_have(seed, count, height, width, alpha, box):
    images, targets = numbered(count, height, width)
    mixed, soft = mix(images, targets, MixingSection(cutmix_alpha=alpha, box=box), rng_of(seed))
    counted = torch.stack([(mixed[:, 0] == k).float().mean(dim=(1, 2)) for k in range(count)], dim=1)
    assert_allclose(soft.numpy(), counted.numpy(), atol=1e-6)
    assert_allclose(soft.sum(dim=1).numpy(), 1, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 6), alpha=st.sampled_from([0.1, 1.0, 5.0]))
def test_mixup_weights_labels_as_it_weights_pixels(seed, count, alpha):
    images = torch.eye(count)[:, :, None, None].expand(count, count, 4, 5).contiguous()
    mixed, soft = mix(images, torch.eye(count), MixingSection(mixup_alpha=alpha), rng_of(seed))
    assert_allclose(mixed[:, :, 2, 3].numpy(), soft.numpy(), atol=1e-6)
    assert_allclose(soft.sum(dim=1).numpy(), 1, atol=1e-6)


def test_ratio_follows_its_distribution():
    images, targets = numbered(2, 4, 4)
    kept = []
    for seed in range(600):
        soft = mix(images, targets, MixingSection(mixup_alpha=2.0), rng_of(seed))[1]
        if soft[0, 1] > 0:  # the other order leaves the pictures where they are
            kept.append(float(soft[0, 0]))
    assert np.mean(kept) == pytest.approx(0.5, abs=0.05)
    assert np.var(kept) == pytest.approx(0.05, abs=0.012)  # Beta(2, 2)


def test_box_of_ink_holds_ink_of_the_pasted_drawing():
    """One dot a drawing, somewhere else in each: a box on ink always shows the dot, whatever its size."""
    count, side = 8, 24
    for paper, ink in ((1.0, -1.0), (-1.0, 1.0)):
        images = torch.full((count, 3, side, side), paper)
        for k in range(count):
            images[k, :, 2 + 2 * k, 20 - 2 * k] = ink
        for seed in range(30):
            mixed, soft = mix(images, torch.eye(count), INK, rng_of(seed))
            for k in range(count):
                other = int((soft[k] - torch.eye(count)[k]).argmax())
                if other != k and soft[k, other] > 0:
                    assert mixed[k, 0, 2 + 2 * other, 20 - 2 * other] == ink


def test_blank_drawings_still_get_a_box():
    images = torch.ones(4, 3, 16, 16)
    shares = [float(mix(images, torch.eye(4), INK, rng_of(seed))[1].max(dim=1).values.min()) for seed in range(20)]
    assert min(shares) < 1


@pytest.mark.parametrize("section", [MIXUP, CUTMIX, INK])
@pytest.mark.parametrize("last", [False, True])
def test_pure_and_in_the_same_memory_format(section, last):
    layout = torch.channels_last if last else torch.contiguous_format
    images = torch.randn(6, 3, 8, 8, generator=torch.Generator().manual_seed(1)).contiguous(memory_format=layout)
    before, targets = images.clone(), torch.eye(6)
    first = mix(images, targets, section, rng_of(3))
    again = mix(images, targets, section, rng_of(3))
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert torch.equal(images, before)
    assert torch.equal(targets, torch.eye(6))
    assert first[0].is_contiguous(memory_format=layout)
    assert first[0].dtype == images.dtype
    assert not torch.equal(first[0], images)


def test_probability_and_switch():
    images, targets = numbered(8, 8, 8)
    both = {"mixup_alpha": 1.0, "cutmix_alpha": 1.0}

    def kind(seed: int, section: MixingSection) -> str:
        mixed = mix(images, targets, section, rng_of(seed))[0]
        if torch.equal(mixed, images):
            return "none"
        return "cutmix" if torch.equal(mixed, mixed.round()) else "mixup"

    drawn = [kind(seed, MixingSection(p=0.5, switch=0.25, **both)) for seed in range(400)]
    assert drawn.count("none") == pytest.approx(200, abs=40)
    assert drawn.count("cutmix") == pytest.approx(50, abs=25)
    assert {kind(seed, MixingSection(switch=0.0, **both)) for seed in range(20)} == {"mixup"}
    assert "mixup" not in {kind(seed, MixingSection(switch=1.0, **both)) for seed in range(20)}
    assert {kind(seed, MixingSection(p=0.0, **both)) for seed in range(20)} == {"none"}
    assert {kind(seed, MixingSection()) for seed in range(5)} == {"none"}


@pytest.mark.parametrize("p", [0.0, 0.5, 1.0])
def test_it_is_known_before_whether_a_batch_is_mixed(p):
    images, targets = numbered(6, 8, 8)
    section = MixingSection(mixup_alpha=0.4, p=p)
    known = [will_mix(section, rng_of(seed)) for seed in range(40)]
    assert known == [mix(images, targets, section, rng_of(seed))[0] is not images for seed in range(40)]
    assert not will_mix(MixingSection(), rng_of(0))
