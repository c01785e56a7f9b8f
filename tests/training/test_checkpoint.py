"""Two checkpoints: a damaged one is replaced by the one before it, without another result."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from sketchfit.training import fit as fit_module
from sketchfit.training.checkpoint import LAST, PREVIOUS, Checkpoints, delete_checkpoints, read_checkpoint
from sketchfit.training.job import FitJob


def state(epoch: int, batch: int = 0, fingerprint: str = "f") -> dict[str, Any]:
    return {"fingerprint": fingerprint, "epoch": epoch, "batch": batch, "w": torch.full((300,), float(epoch))}


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 0x04
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.fixture
def two(tmp_path: Path) -> Path:
    checkpoints = Checkpoints(tmp_path, "f")
    for epoch in (1, 2):
        checkpoints.save(state(epoch))
    return tmp_path


def loaded(folder: Path) -> tuple[int, int] | None:
    found = Checkpoints(folder, "f").load()
    return None if found is None else (found["epoch"], found["batch"])


def test_the_last_two_are_kept(two: Path) -> None:
    assert sorted(path.name for path in two.iterdir()) == [LAST, PREVIOUS]
    assert [read_checkpoint(two / name)["epoch"] for name in (LAST, PREVIOUS)] == [2, 1]
    delete_checkpoints(two)
    assert list(two.iterdir()) == []


def test_the_one_at_the_start_of_the_epoch_stays_while_an_epoch_is_saved(two: Path) -> None:
    checkpoints = Checkpoints(two, "f")
    assert checkpoints.load() is not None
    for batch in (3, 6, 9):
        checkpoints.save(state(2, batch))
        assert (read_checkpoint(two / PREVIOUS)["epoch"], read_checkpoint(two / PREVIOUS)["batch"]) == (2, 0)
        assert loaded(two) == (2, batch)
    found = checkpoints.of_epoch(2)
    assert found is not None
    assert found["batch"] == 0
    assert checkpoints.of_epoch(1) is None
    checkpoints.save(state(3))
    assert [read_checkpoint(two / name)["epoch"] for name in (LAST, PREVIOUS)] == [3, 2]


def test_every_changed_byte_is_seen_or_harmless(two: Path, caplog: pytest.LogCaptureFixture) -> None:
    kept, size = two / "kept", (two / LAST).stat().st_size
    shutil.copy(two / LAST, kept)
    seen = 0
    for place in range(0, size, 23):
        shutil.copy(kept, two / LAST)
        flip(two / LAST, place)
        caplog.clear()
        found = Checkpoints(two, "f").load()
        assert found is not None
        assert torch.equal(found["w"], torch.full((300,), float(found["epoch"])))
        if found["epoch"] == 1:
            seen += 1
            assert str(two / LAST) in caplog.text
    assert seen > 0.3 * size / 23


@pytest.mark.parametrize("damage", [cut, empty, lambda path: flip(path, path.stat().st_size // 2)])
def test_without_a_complete_one_the_training_starts_again(
    two: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    damage(two / LAST)
    assert loaded(two) == (1, 0)
    damage(two / PREVIOUS)
    assert loaded(two) is None
    assert "starts again" in caplog.text
    assert PREVIOUS in caplog.text


def test_those_of_another_training_are_not_read_and_go(two: Path) -> None:
    other = Checkpoints(two, "other")
    assert other.load() is None
    other.save(state(1, fingerprint="other"))
    assert [path.name for path in two.iterdir()] == [LAST]


class Killed(Exception):
    pass


@pytest.mark.parametrize("minutes", [0, 1e-9])
@pytest.mark.parametrize("damaged", [(LAST,), (LAST, PREVIOUS)])
def test_a_training_that_continues_behind_damage_is_the_same(
    tiny_job: Callable[..., FitJob],
    train: Callable[[FitJob], dict[str, torch.Tensor]],
    monkeypatch: pytest.MonkeyPatch,
    minutes: float,
    damaged: tuple[str, ...],
) -> None:
    expected = train(tiny_job())
    stopped = tiny_job({"training": {"checkpoint_minutes": minutes}})
    real, done = fit_module.update, 0

    def mortal(*args: Any) -> Any:
        nonlocal done
        done += 1
        if done == 11:
            raise Killed
        return real(*args)

    with monkeypatch.context() as patch:
        patch.setattr(fit_module, "update", mortal)
        with pytest.raises(Killed):
            train(stopped)
    for name in damaged:
        flip(stopped.folder / name, (stopped.folder / name).stat().st_size // 2)
    found = train(stopped)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], value) for name, value in expected.items())
