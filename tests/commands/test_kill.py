"""SIGKILL at any moment, the same command again: the same bits in the end.

The default test kills at three chosen stages and the slow one at ten random moments.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from safetensors.numpy import load_file

from tests.factories import Cli
from tests.forked import ForkedCommand

DEADLINE = 240.0
FOLDS = "members/test_resnet"


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Data and a recipe that give each stage a while: more drawings, dropout, EMA, mixing, checkpoints all the time."""
    from sketchfit.synthetic import draw_dataset

    root = tmp_path_factory.mktemp("task")
    data = draw_dataset(root / "data", classes=5, per_class=24, test_per_class=5).out
    recipe: dict[str, Any] = {
        "model": {
            "backbone": "test_resnet",
            "pretrained": False,
            "input_size": 32,
            "mean": 0.5,
            "std": 0.5,
            "drop_rate": 0.2,
        },
        "data": {"channels": 1, "size": 96},
        "folds": {"k": 2},
        "transforms": {"policy": "sketch", "mixing": {"mixup_alpha": 0.3, "cutmix_alpha": 1.0}},
        "training": {"epochs": 3, "batch_size": 6, "accumulation": 2, "checkpoint_minutes": 1e-6},
        "averaging": {"ema": True, "ema_decay": 0.95},
        "report": {"enabled": False},
        "tracking": {"progress": "plain"},
    }
    (root / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    return data, root / "recipe.yaml"


class Runs:
    """Starts the command in processes of its own, into one run folder and one cache."""

    def __init__(self, data: Path, recipe: Path, place: Path) -> None:
        self.out, self.cache = place / "run", place / "cache"
        self.log = place / "log.txt"
        place.mkdir()
        self.arguments = ["run", str(data), "--recipe", str(recipe), "--out", str(self.out)]

    def start(self) -> ForkedCommand:
        return ForkedCommand(self.arguments, self.log, {"SKETCHFIT_CACHE": str(self.cache)})

    def kill_when(self, moment: Callable[[], bool]) -> bool:
        """Start, and SIGKILL as soon as `moment()` holds; whether the process was still at work."""
        process = self.start()
        deadline = time.monotonic() + DEADLINE
        while process.poll() is None and not moment():
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.002)
        alive = process.poll() is None
        if alive:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return alive

    def lines(self) -> int:
        """Lines printed so far, by all starts."""
        return self.log.read_bytes().count(b"\n") if self.log.is_file() else 0

    def finish(self, cli: Cli) -> str:
        """Run the command to its end in this process; return what it printed."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SKETCHFIT_CACHE", str(self.cache))
            status, printed, errors = cli(*self.arguments)
        assert status == 0, errors
        return printed + errors

    def probabilities(self) -> dict[str, bytes]:
        found = {}
        for path in sorted(self.out.rglob("*.npz")):
            if "audit" not in path.parts:
                with np.load(path) as file:
                    found |= {f"{path.relative_to(self.out)}:{name}": file[name].tobytes() for name in file}
        return found | {"submission.csv": (self.out / "submission.csv").read_bytes()}

    def weights(self) -> dict[str, bytes]:
        found = {}
        for path in self.out.rglob("model.safetensors"):  # by tensor: the order of the file's metadata is random
            tensors = load_file(path)
            found |= {f"{path.relative_to(self.out)}:{name}": value.tobytes() for name, value in tensors.items()}
        return found


@pytest.fixture(scope="module")
def undisturbed(task: tuple[Path, Path], cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    runs = Runs(*task, tmp_path_factory.mktemp("undisturbed") / "it")
    runs.finish(cli)
    return runs


def assert_same(runs: Runs, undisturbed: Runs) -> None:
    for expected, found in (
        (undisturbed.weights(), runs.weights()),
        (undisturbed.probabilities(), runs.probabilities()),
    ):
        assert found.keys() == expected.keys()
        assert [name for name in expected if found[name] != expected[name]] == []
    assert not list(runs.out.rglob("*.part"))
    assert not list(runs.out.rglob("last.ckpt"))


def test_three_kills_change_no_bit(task: tuple[Path, Path], undisturbed: Runs, cli: Cli, tmp_path: Path) -> None:
    runs = Runs(*task, tmp_path / "killed")
    fold0, fold1 = (runs.out / FOLDS / f"fold{k}" for k in (0, 1))

    # In the middle of building the store: its folder is there under a temporary name.
    assert runs.kill_when(lambda: any(runs.cache.glob(".store-*.part/*.npy")))
    assert not list(runs.cache.glob("store-*/store.json"))

    # In the middle of the first fold's second epoch: after its first epoch's history, once more batches were saved.
    def second_epoch_begun() -> bool:
        history, checkpoint = fold0 / "history.csv", fold0 / "last.ckpt"
        return history.is_file() and checkpoint.is_file() and _mtime(checkpoint) > _mtime(history) + 5_000_000

    assert runs.kill_when(second_epoch_begun)
    assert not (fold0 / "done.json").exists()
    # Between the folds: the first has its results, the second has begun at most.
    assert runs.kill_when((fold0 / "done.json").is_file)
    assert not (fold1 / "done.json").exists()
    assert "continues at epoch" in runs.log.read_text() + runs.finish(cli)
    assert_same(runs, undisturbed)


def _mtime(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0])
def test_ten_kills_at_random_moments_change_no_bit(
    seed: int, task: tuple[Path, Path], undisturbed: Runs, cli: Cli, tmp_path: Path
) -> None:
    """Moments are counted from a start's first line, after its imports; each start goes on where the last one fell."""
    probe = Runs(*task, tmp_path / "probe")
    process = probe.start()
    while not probe.lines():
        time.sleep(0.01)
    began = time.monotonic()
    assert process.wait(DEADLINE) == 0
    work = time.monotonic() - began
    rng = np.random.default_rng(seed)
    seen: list[str] = []
    for round_ in range(10):
        runs = Runs(*task, tmp_path / f"killed{round_}")
        while len(seen) < 10 and runs.kill_when(_after_first_line(runs, float(rng.uniform(0, 0.25 * work)))):
            seen.append(_stage(runs))
        runs.finish(cli)
        assert_same(runs, undisturbed)
        if len(seen) == 10:
            break
    print(f"{len(seen)} kills in {round_ + 1} runs of {work:.1f} s of work each:", *seen, sep="\n")
    assert len(seen) == 10
    assert len(set(seen)) >= 3


def _after_first_line(runs: Runs, seconds: float) -> Callable[[], bool]:
    """Whether so many seconds have passed since the next start printed its first line."""
    before, first = runs.lines(), list[float]()

    def moment() -> bool:
        if not first and runs.lines() > before:
            first.append(time.monotonic())
        return bool(first) and time.monotonic() > first[0] + seconds

    return moment


def _stage(runs: Runs) -> str:
    """What a kill left behind, in words."""
    if any(runs.cache.glob(".store-*.part")):
        return "in the store"
    folds = runs.out / FOLDS
    done = len(list(folds.glob("fold*/done.json")))
    if list(folds.glob("fold*/last.ckpt")):
        epochs = [len(path.read_text().splitlines()) - 1 for path in folds.glob("fold*/history.csv")]
        return f"in training, {done} folds done, epochs {epochs}"
    return f"between stages, {done} folds done"


def test_the_kill_test_would_notice(undisturbed: Runs) -> None:
    """The comparison covers every fold's probabilities and the ensemble's, and the run did train."""
    names = {name.partition(":")[0] for name in undisturbed.probabilities()}
    assert {f"{FOLDS}/fold{k}/{part}.npz" for k in (0, 1) for part in ("oof", "test")} <= names
    assert {"ensemble/oof.npz", "ensemble/test.npz", "submission.csv"} <= names
    weights = undisturbed.weights()
    assert (
        weights[f"{FOLDS}/fold0/model.safetensors:fc.weight"] != weights[f"{FOLDS}/fold1/model.safetensors:fc.weight"]
    )
    state = json.loads((undisturbed.out / "state.json").read_text())
    assert state["rows"] == {"train": 120, "test": 25}


def test_what_a_kill_left_beside_a_finished_training_is_deleted(undisturbed: Runs, cli: Cli) -> None:
    left = undisturbed.out / "members" / "test_resnet" / "fold0" / "last.ckpt"
    left.write_bytes(b"killed after done.json was written")
    undisturbed.finish(cli)
    assert not left.exists()
