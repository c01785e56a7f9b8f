from __future__ import annotations

from typing import Any

import pytest

from sketchfit.training.epoch_line import WIDTH, epoch_line


def history(count: int, seconds: float = 35.0, **changes: Any) -> list[dict[str, float | int | None]]:
    row = {"train_loss": 1.2341, "train_accuracy": 0.456, "valid_accuracy": 0.501, "images_per_second": 161.2}
    return [row | {"epoch": epoch + 1, "seconds": seconds} | changes for epoch in range(count)]


@pytest.mark.parametrize("name", ["a/fold0", "resnet18/fold4", "mobilenetv2_100/fold0", "efficientnet_lite0/fold4"])
@pytest.mark.parametrize("seconds", [0.4, 35.0, 400.0, 7000.0])
@pytest.mark.parametrize("count", [1, 19, 20])
def test_a_line_of_usual_names_fits_into_80_columns(name: str, seconds: float, count: int) -> None:
    line = epoch_line(name, history(count, seconds, train_accuracy=1.0), 20)
    assert len(line) <= WIDTH == 80
    for part in (name, f"epoch {count:>2}/20", "loss 1.234", "train 100.0 %", "valid 50.1 %"):
        assert part in line


def test_space_is_used() -> None:
    line = epoch_line("a/fold0", history(1), 2)
    assert line.endswith("35 s left")
    assert epoch_line("a", history(1, valid_accuracy=None), 2).endswith("35 s left  35 s  161 images/s")
    assert "left" not in epoch_line("a/fold0", history(2), 2)


def test_nothing_of_a_long_name_is_cut_off() -> None:
    name = "a" * 60 + "/fold0"
    assert epoch_line(name, history(3), 20) == f"{name}  epoch  3/20  valid 50.1 %"
    assert epoch_line(name, history(3, valid_accuracy=None), 20) == f"{name}  epoch  3/20"


@pytest.mark.parametrize("length", range(10, 53))
@pytest.mark.parametrize("accuracy", [0.05, 1.0])
def test_a_line_does_not_wrap_and_has_the_same_figures_in_each_epoch(length: int, accuracy: float) -> None:
    name = "a" * (length - len("/fold0")) + "/fold0"
    line = epoch_line(name, history(3, train_accuracy=accuracy, valid_accuracy=accuracy), 20)
    assert line.startswith(f"{name}  epoch  3/20  ")
    assert "valid" in line
    assert len(line) <= WIDTH
    assert ("train" in line) == (length <= 25)
    assert ("loss" in line) == (length <= 40)
