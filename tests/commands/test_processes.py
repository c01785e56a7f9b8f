"""One process and two (gloo): the same samples, close losses, one answer."""

from __future__ import annotations

import csv
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch.distributed
import yaml

from sketchfit.config.overrides import merge
from tests.factories import Cli

DEADLINE = 240.0
FOLD = Path("members/test_vit/fold0")

pytestmark = pytest.mark.skipif(
    not (torch.distributed.is_available() and torch.distributed.is_gloo_available()), reason="torch comes without gloo"
)


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory, tiny_file: Path) -> Path:
    """A network without batch norm, whose statistics would differ by the share of a batch that a process sees."""
    settings: dict[str, Any] = yaml.safe_load(tiny_file.read_text())
    settings["model"] = {"backbone": "test_vit", "pretrained": False, "input_size": 32, "mean": 0.5, "std": 0.5}
    settings["training"] = {"epochs": 3, "batch_size": 6, "accumulation": 2, "checkpoint_minutes": 1e-6}
    settings["folds"] |= {"train": [0]}
    path = tmp_path_factory.mktemp("recipe") / "recipe.yaml"
    path.write_text(yaml.safe_dump(settings))
    return path


def run(processes: int, data: Path, recipe: Path, out: Path) -> str:
    """Run the command line in so many processes, each with its rank as launchers set it; return what they printed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "sketchfit", "run", str(data), "--recipe", str(recipe), "--out", str(out)]
    started = []
    for rank in range(processes):
        environment = {**os.environ, "SKETCHFIT_CACHE": str(out.parent / "cache")}
        environment |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(processes)}
        environment |= {"LOCAL_WORLD_SIZE": str(processes), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        log = (out.parent / f"log{rank}.txt").open("wb")
        started.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
        log.close()
    try:
        statuses = [process.wait(DEADLINE) for process in started]
    finally:
        for process in started:
            process.kill()
    texts = [(out.parent / f"log{rank}.txt").read_text() for rank in range(processes)]
    assert statuses == [0] * processes, "\n".join(texts)
    assert all("out-of-fold" not in text for text in texts[1:])  # only the main process speaks
    return texts[0]


def history(out: Path) -> list[dict[str, str]]:
    with (out / FOLD / "history.csv").open() as file:
        return list(csv.DictReader(file))


def test_one_and_two_processes_see_the_same_and_end_alike(
    drawn: Path, recipe: Path, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outs = {}
    for processes in (1, 2):
        place = tmp_path / str(processes)
        place.mkdir()
        outs[processes] = place / "run"
    monkeypatch.setenv("SKETCHFIT_CACHE", str(tmp_path / "1" / "cache"))
    status, printed, errors = cli("run", drawn, "--recipe", recipe, "--out", outs[1])
    assert (status, errors) == (0, "")
    assert "out-of-fold top-1" in printed
    assert "out-of-fold top-1" in run(2, drawn, recipe, outs[2])
    one, two = history(outs[1]), history(outs[2])
    assert [row["images"] for row in one] == [row["images"] for row in two] == ["12"] * 3
    for a, b in zip(one, two, strict=True):
        assert float(a["lr"]) == float(b["lr"])
        assert float(a["train_loss"]) == pytest.approx(float(b["train_loss"]), abs=2e-3)
        assert float(a["train_accuracy"]) == pytest.approx(float(b["train_accuracy"]), abs=0.1)
    for name in ("oof.npz", "test.npz"):
        with np.load(outs[1] / FOLD / name) as single, np.load(outs[2] / FOLD / name) as double:
            assert single["row"].tolist() == double["row"].tolist()
            np.testing.assert_allclose(double["prob"], single["prob"], atol=5e-3)
    files = [{path.relative_to(out).as_posix() for path in out.rglob("*")} for out in outs.values()]
    assert files[0] == files[1]


ALL_STAGES: dict[str, Any] = {
    "model": {"backbone": "test_resnet", "pretrained": False, "input_size": 64, "mean": 0.5, "std": 0.5},
    "training": {"epochs": 3, "batch_size": 7, "accumulation": 2, "probe": {"enabled": True}},
    "transforms": {"mixing": {"mixup_alpha": 0.2, "cutmix_alpha": 1.0}},
    "averaging": {"swa": True, "soup": "greedy", "soup_size": 2},
    "audit": {"enabled": True},
    "pseudo_label": {"enabled": True},
    "soup": {"folds": True},
    "refit": {"enabled": True},
    "distill": {"enabled": True},
}


@pytest.mark.slow
@pytest.mark.parametrize("synced", [False, True])
def test_all_stages_end_in_two_processes(synced: bool, drawn: Path, tiny_file: Path, tmp_path: Path) -> None:
    """A process that waits for what the other one does not do would wait for ever."""
    settings = merge(yaml.safe_load(tiny_file.read_text()), ALL_STAGES | {"compute": {"sync_batch_norm": synced}})
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(yaml.safe_dump(settings))
    assert "out-of-fold top-1" in run(2, drawn, recipe, tmp_path / "run")
    assert (tmp_path / "run" / "submission.csv").is_file()
