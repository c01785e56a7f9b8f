from __future__ import annotations

import random

import numpy as np
import pytest

from sketchfit._timm import timm
from sketchfit.config.policies import build
from sketchfit.transforms.augment import Augment
from sketchfit.transforms.operations.automatic import argument

TIMM = timm.data.auto_augment
TABLES = ("original", "originalr", "v0", "v0r")
USED = sorted(
    {op.name for table in TABLES for pair in TIMM.auto_augment_policy(table) for op in pair}
    | set(TIMM.rand_augment_choices("", increasing=True))
)


@pytest.mark.parametrize("name", USED)
@pytest.mark.parametrize("level", [0.0, 1.0, 3.7, 5.0, 9.0, 10.0])
def test_arguments_are_timms(name, level):
    """timm draws the sign itself: both signs must be what it gives, over enough draws."""
    level_of = TIMM.LEVEL_TO_ARG[name]
    state = random.getstate()
    theirs = {tuple(level_of(level, {})) if level_of else () for _ in range(40)}
    random.setstate(state)
    if name in ("Posterize", "PosterizeIncreasing"):
        theirs = {(max(bits, 1),) for (bits,) in theirs}
    ours = {argument(name, level, sign) for sign in (0.1, 0.9)}
    assert {tuple(np.round(a, 9) + 0.0) for a in ours} == {tuple(np.round(a, 9) + 0.0) for a in theirs}


@pytest.mark.parametrize("name", TIMM.rand_augment_choices("", increasing=True))
def test_each_operation_runs_at_either_end_of_its_range(name, drawing):
    image, paper = drawing
    rest = tuple(set(TIMM.rand_augment_choices("", increasing=True)) - {name})
    for magnitude in (0, 10):
        spec = {"op": "randaugment", "layers": 1, "each": 1, "sd": 0, "magnitude": magnitude, "skip": rest}
        augment = Augment(build([spec]), 96)
        outs = [augment(image, paper, np.random.default_rng(seed)) for seed in range(6)]
        assert all(out.shape == image.shape and out.dtype == np.uint8 for out in outs)
        if magnitude == 10 and name != "ColorIncreasing":  # the drawing is grey
            assert any(not np.array_equal(out, image) for out in outs)


@pytest.mark.parametrize("name", ["randaugment", "trivialaugment", "autoaugment", "augmix"])
def test_no_global_generator_is_used_or_touched(name, drawn):
    image, paper = drawn(3)
    augment = Augment(build([{"op": name}]), 96)
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    first = [augment(image, paper, np.random.default_rng(seed)) for seed in range(8)]
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002
    random.seed(2)
    assert all(
        np.array_equal(out, augment(image, paper, np.random.default_rng(seed))) for seed, out in enumerate(first)
    )


def test_skipped_operations_are_not_drawn(drawn):
    """Only the inversion is left: a picture is either as it was or inverted."""
    image, paper = drawn(1)
    rest = tuple(set(TIMM.rand_augment_choices("", increasing=True)) - {"Invert"})
    augment = Augment(build([{"op": "randaugment", "layers": 1, "each": 0.5, "skip": rest}]), 96)
    kinds = {augment(image, paper, np.random.default_rng(seed)).tobytes() for seed in range(20)}
    assert kinds == {image.tobytes(), (255 - image).tobytes()}


def test_skipped_operations_leave_their_pairs(drawn):
    image, paper = drawn(1)
    names = {name for pair in TIMM.auto_augment_policy("original") for name in (op.name for op in pair)}
    augment = Augment(build([{"op": "autoaugment", "skip": sorted(names - {"Invert"})}]), 96)
    kinds = {augment(image, paper, np.random.default_rng(seed)).tobytes() for seed in range(60)}
    assert kinds == {image.tobytes(), (255 - image).tobytes()}


def test_no_operation_blots_a_faint_drawing_out():
    """Pencil on grey paper: half as much light again would make both white."""
    image, paper = np.full((64, 64, 1), 235, np.uint8), np.full(1, 235, np.uint8)
    image[20:40, 30:33] = 190
    augment = Augment(build([{"op": "randaugment", "layers": 2, "magnitude": 10, "each": 1}]), 64)
    for seed in range(200):
        assert np.ptp(augment(image, paper, np.random.default_rng(seed))) >= 2


def test_uncovered_is_paper_also_after_an_inversion(drawn):
    image, paper = drawn(1)
    rest = tuple(set(TIMM.rand_augment_choices("", increasing=True)) - {"Invert", "TranslateXRel"})
    augment = Augment(build([{"op": "randaugment", "layers": 4, "each": 1, "skip": rest}]), 96)
    for seed in range(20):
        frame = augment(image, paper, np.random.default_rng(seed))[0]
        assert len(np.unique(frame)) == 1


def test_augmix_of_magnitude_0_without_tone_is_the_picture(drawn):
    image, paper = drawn(1)
    tone = ("AutoContrast", "Equalize", "PosterizeIncreasing", "SolarizeIncreasing")
    augment = Augment(build([{"op": "augmix", "magnitude": 0, "skip": tone}]), 96)
    for seed in range(5):
        assert np.abs(augment(image, paper, np.random.default_rng(seed)).astype(int) - image).max() <= 1


def test_pick_draws_each_operation_as_often_and_no_more_than_asked():
    image, paper = np.full((8, 8, 1), 100, np.uint8), np.full(1, 200, np.uint8)
    of = [
        {"op": "brightness_contrast", "brightness": [b, b], "contrast": [0, 0], "p": 0}
        for b in (1 / 255, 2 / 255, 4 / 255, 8 / 255)
    ]
    augment = Augment(build([{"op": "pick", "of": of, "count": 2, "magnitude": [1, 1]}]), 8)
    added = [int(augment(image, paper, np.random.default_rng(seed))[0, 0, 0]) - 100 for seed in range(1200)]
    values, counts = np.unique(added, return_counts=True)
    assert values.tolist() == [3, 5, 6, 9, 10, 12]
    assert counts.min() > 150


def test_picks_magnitude_narrows_the_range():
    image, paper = np.full((8, 8, 1), 100, np.uint8), np.full(1, 200, np.uint8)
    of = [{"op": "brightness_contrast", "brightness": [0.2, 0.2], "contrast": [0, 0]}]
    for magnitude, expected in ((0.0, 100), (0.5, 126), (1.0, 151)):
        augment = Augment(build([{"op": "pick", "of": of, "count": 1, "magnitude": [magnitude, magnitude]}]), 8)
        assert augment(image, paper, np.random.default_rng(0))[0, 0, 0] == pytest.approx(expected, abs=1)
