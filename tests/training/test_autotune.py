"""The choice of precision and memory format: a pure function of rates, a measurement, and a memory of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from sketchfit.config.load import load_recipe
from sketchfit.config.overrides import merge
from sketchfit.files import read_json
from sketchfit.training import autotune as autotune_module
from sketchfit.training.autotune import (
    FEWEST,
    ROUNDS,
    Format,
    FormatTimes,
    batch_that_fits,
    candidates,
    choose_format,
    images_per_step,
    largest_batch,
    measure_formats,
    time_rounds,
    too_long,
)
from sketchfit.training.measured_rates import NAME, conditions_of, read_rates, store_rates

CPU = torch.device("cpu")
FP32, FP32_PLAIN = Format("fp32", True), Format("fp32", False)
BF16, BF16_PLAIN = Format("bf16", True), Format("bf16", False)
SETTINGS = {"model": {"backbone": "test_resnet", "pretrained": False, "input_size": 32}}


@pytest.mark.parametrize(
    ("rates", "usual", "expected"),
    [
        ({FP32: 60, FP32_PLAIN: 40, BF16: 62, BF16_PLAIN: 30}, True, FP32),  # as MobileNetV2: bf16 is no faster
        ({FP32: 60, FP32_PLAIN: 40, BF16: 120, BF16_PLAIN: 90}, True, BF16),  # as ResNet-18
        ({FP32: 100, FP32_PLAIN: 90, BF16: 114.9, BF16_PLAIN: 90}, True, FP32),  # 14.9 % is not clearly
        ({FP32: 100, FP32_PLAIN: 90, BF16: 115, BF16_PLAIN: 90}, True, BF16),
        ({FP32: 100, FP32_PLAIN: 104}, True, FP32),  # 4 % is noise
        ({FP32: 100, FP32_PLAIN: 104}, False, FP32_PLAIN),
        ({FP32: 100, FP32_PLAIN: 106}, True, FP32_PLAIN),
        ({FP32: 80, FP32_PLAIN: 100, BF16: 110, BF16_PLAIN: 90}, True, FP32_PLAIN),  # each at its best memory format
        ({BF16: 50, BF16_PLAIN: 70}, True, BF16_PLAIN),  # the precision was set
        ({FP32: 5}, True, FP32),
    ],
)
def test_the_choice(rates: dict[Format, float], usual: bool, expected: Format) -> None:
    assert choose_format(rates, usual) == expected
    assert choose_format(dict(reversed(rates.items())), usual) == expected


def test_what_is_set_is_not_tried_otherwise() -> None:
    assert candidates(CPU, None, None) == [FP32, FP32_PLAIN, BF16, BF16_PLAIN]
    assert candidates(CPU, "bf16", None) == [BF16, BF16_PLAIN]
    assert candidates(CPU, None, False) == [FP32_PLAIN, BF16_PLAIN]
    assert candidates(torch.device("mps"), None, True) == [FP32]


class Clock:
    """Time that only steps spend."""

    def __init__(self) -> None:
        self.now = 0.0

    def step(self, *seconds: float):  # the seconds of its first, second, … call; then the last again
        left = list(seconds)

        def do() -> None:
            self.now += left.pop(0) if len(left) > 1 else left[0]

        return do


def test_the_first_round_only_warms_up() -> None:
    clock = Clock()
    steps = {FP32: clock.step(0.1, 2, 1, 0.4, 0.5, 0.6), BF16: clock.step(5, 0.5, 0.8)}
    found = time_rounds(steps, lambda: clock.now)
    assert found[FP32] == pytest.approx((2, 1, 0.4, 0.5, 0.6))
    assert found[BF16] == pytest.approx((0.5, 0.8, 0.8, 0.8, 0.8))


def test_slow_networks_are_not_measured_for_ever() -> None:
    clock = Clock()
    found = time_rounds({FP32: clock.step(30), BF16: clock.step(15)}, lambda: clock.now)
    assert found == {FP32: (30,), BF16: (15,)}
    assert FormatTimes(found, 8).doubt(1)  # too few to choose by


@pytest.mark.parametrize(
    ("constant", "per_image", "expected"),
    [
        (0.0, 0.01, 32),  # 0.32 s per batch
        (0.03, 0.001, 32),  # of a step of two images, nearly all is constant
        (0.5, 0.01, 32),  # 0.82 s
        (0.6, 0.01, 16),  # 0.76 s; 32 images take 0.92 s, and 20 s / 24 steps are 0.83 s
        (0.0, 0.1, 8),
        (3.0, 0.0, 2),
    ],
)
def test_the_batch_is_found_where_a_part_of_a_step_does_not_depend_on_it(
    constant: float, per_image: float, expected: int
) -> None:
    images, seconds = images_per_step(lambda n: constant + per_image * n, 2, 4, 32)
    assert images == expected
    assert seconds == pytest.approx(constant + per_image * expected)


@pytest.mark.parametrize(("seconds", "expected"), [(1.2, False), (1.3, True)])
def test_steps_that_take_too_long_are_not_repeated(seconds: float, expected: bool) -> None:
    assert too_long(seconds, 4) == expected  # 4 formats, a warm-up and three rounds in 20 s


STEADY = {FP32: (1.0, 1.1, 1.05), BF16: (0.5, 0.52, 0.6)}


def test_the_shortest_step_gives_the_rate_and_the_median_the_spread() -> None:
    times = FormatTimes(STEADY, images=10)
    assert times.rates == pytest.approx({FP32: 10, BF16: 20})
    assert times.spread == pytest.approx(0.05)  # 1.05 over 1; 0.52 over 0.5


@pytest.mark.parametrize(
    ("seconds", "others", "threads", "doubted"),
    [
        (STEADY, None, 2, False),
        (STEADY, 0.2, 2, False),  # an idle machine is never at 0
        (STEADY, 1.0, 2, True),  # one of two cores is taken
        (STEADY, 1.0, 1, False),  # the other one is free
        (STEADY, 1.6, 1, True),
        ({FP32: (1.0, 1.3, 1.25), BF16: (1.0, 1.0, 1.0)}, None, 2, True),  # equal steps differ
        ({FP32: (1.0, 1.0, 9.0), BF16: (1.0, 1.0, 1.0)}, None, 2, False),  # one pause decides nothing
        ({FP32: (1.0,) * (FEWEST - 1), BF16: (1.0,) * FEWEST}, None, 2, True),
    ],
)
def test_what_makes_a_measurement_doubtful(
    seconds: dict[Format, tuple[float, ...]],
    others: float | None,
    threads: int,
    doubted: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sketchfit.processors.own_cores", lambda: (0, 1))
    assert bool(FormatTimes(seconds, 10, others).doubt(threads)) == doubted


def test_measuring_times_each_format_and_changes_no_random_number() -> None:
    recipe = load_recipe(SETTINGS)
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    formats = candidates(CPU, None, None)
    times = measure_formats(recipe, 4, CPU, formats, 4)
    assert torch.equal(torch.rand(3), expected)
    assert list(times.rates) == formats
    assert all(0 < rate < 1e6 for rate in times.rates.values())
    assert {len(found) for found in times.seconds.values()} == {ROUNDS}
    assert times.others is None or times.others >= 0


def test_the_largest_batch_that_fits() -> None:
    tried = []

    def fits_up_to(limit: int):
        def fits(size: int) -> None:
            tried.append(size)
            if size > limit:
                raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")

        return fits

    assert largest_batch(fits_up_to(40)) == 32
    assert tried == [128, 64, 32]
    assert largest_batch(fits_up_to(1000)) == 128
    assert largest_batch(fits_up_to(0)) == 1
    assert largest_batch(fits_up_to(0), smallest=2) == 2

    def broken(_: int) -> None:
        raise RuntimeError("a size mismatch is no lack of memory")

    with pytest.raises(RuntimeError, match="mismatch"):
        largest_batch(broken)


def test_a_step_that_fits_is_found_by_doing_it() -> None:
    """On a CPU, where all sizes fit: that the step itself works, with average and optimizer."""
    recipe = load_recipe(SETTINGS | {"averaging": {"ema": True}, "compute": {"precision": "bf16"}})
    assert batch_that_fits(recipe, 4, CPU) == 128


@pytest.mark.parametrize(
    ("model", "smallest"), [({}, 2), ({"freeze": {"batch_norm": "frozen"}}, 1), ({"backbone": "test_vit"}, 1)]
)
def test_batch_norms_that_learn_get_two_images(
    model: dict[str, Any], smallest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autotune_module, "largest_batch", lambda fits, smallest: smallest)
    recipe = load_recipe(merge(SETTINGS, {"model": {**model}}))
    assert batch_that_fits(recipe, 4, CPU) == smallest


def test_rates_are_remembered_for_what_they_were_measured_on(tmp_path: Path) -> None:
    recipe, formats = load_recipe(SETTINGS), [FP32, BF16]
    what = conditions_of(recipe, CPU, 32)
    assert read_rates(tmp_path, what, formats) is None
    store_rates(tmp_path, what, {FP32: 10.0, BF16: 20.5})
    assert read_rates(tmp_path, what, formats) == {FP32: 10.0, BF16: 20.5}
    assert read_rates(tmp_path, what, [FP32]) == {FP32: 10.0}
    assert read_rates(tmp_path, what, [FP32, FP32_PLAIN]) is None
    other = conditions_of(load_recipe(SETTINGS | {"model": SETTINGS["model"] | {"input_size": 64}}), CPU, 32)
    for changed in (other, what | {"batch_size": 16}, what | {"torch": "3.0"}, what | {"device": "another"}):
        assert read_rates(tmp_path, changed, formats) is None
    store_rates(tmp_path, other, {FP32: 1.0})
    store_rates(tmp_path, what, {FP32_PLAIN: 7.0})
    assert read_rates(tmp_path, what, [FP32, BF16, FP32_PLAIN]) == {FP32: 10.0, BF16: 20.5, FP32_PLAIN: 7.0}
    assert read_rates(tmp_path, other, [FP32]) == {FP32: 1.0}
    same = conditions_of(load_recipe(SETTINGS | {"model": SETTINGS["model"] | {"weights": "x.pth"}}), CPU, 32)
    assert same == what  # weights change no speed


@pytest.mark.parametrize("content", ["", "{", "[1, 2]", "\x00", '{"KEY": 3}', '{"KEY": {"images_per_second": [1]}}'])
def test_a_memory_that_is_broken_is_as_none(content: str, tmp_path: Path) -> None:
    what = conditions_of(load_recipe(SETTINGS), CPU, 32)
    store_rates(tmp_path, what, {FP32: 10.0})
    (key,) = read_json(tmp_path / NAME)
    (tmp_path / NAME).write_text(content.replace("KEY", key))
    assert read_rates(tmp_path, what, [FP32]) is None
    store_rates(tmp_path, what, {FP32: 11.0})
    assert read_rates(tmp_path, what, [FP32]) == {FP32: 11.0}


@pytest.mark.parametrize("rate", ["fast", None, -1, 0, float("inf"), float("nan"), True])
def test_rates_that_can_not_be_are_not_believed(rate: object, tmp_path: Path) -> None:
    what = conditions_of(load_recipe(SETTINGS), CPU, 32)
    store_rates(tmp_path, what, {FP32: 10.0})
    (key,) = held = read_json(tmp_path / NAME)
    held[key]["images_per_second"][str(FP32)] = rate
    (tmp_path / NAME).write_text(json.dumps(held))
    assert read_rates(tmp_path, what, [FP32]) is None


def test_a_cache_that_can_not_be_written_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    what = conditions_of(load_recipe(SETTINGS), CPU, 32)
    store_rates(tmp_path / "file", what, {FP32: 10.0})
    assert read_rates(tmp_path / "file", what, [FP32]) is None
