"""Training on a Ray cluster of this machine: the same bits, lost workers, signals. Each test starts a cluster."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest
import yaml

from sketchfit.training.context import RunContext
from sketchfit.workers.resources import NodeSize, UnitShare
from tests.contracts.executor import check_executor, expected_files, files_of, units_of
from tests.factories import tiny_recipe

pytest.importorskip("ray", reason="ray is not installed: pip install 'sketchfit[cluster]'")
pytestmark = pytest.mark.slow

import ray  # noqa: E402

from sketchfit.workers.ray_cluster import check_nodes, connected, local_cluster  # noqa: E402
from sketchfit.workers.ray_executor import RayExecutor  # noqa: E402

TWO = NodeSize(2, memory=4 << 30)
EPOCHS = 80
PATIENCE = 180.0


@pytest.fixture
def executors() -> Iterator[list[RayExecutor]]:
    made: list[RayExecutor] = []
    yield made
    for one in made:
        one.close()


def _executor(context: RunContext, made: list[RayExecutor]) -> RayExecutor:
    made.append(RayExecutor(context, UnitShare(1, 0.0, 2), partial(local_cluster, TWO), remote=True))
    return made[-1]


def test_ray_keeps_the_contract_of_executors(drawn: Path, tmp_path: Path, executors: list[RayExecutor]):
    def make(context: RunContext) -> RayExecutor:
        while executors:
            executors.pop().close()
        return _executor(context, executors)

    check_executor(make, tmp_path, drawn)


def test_the_mailbox_may_be_lost(drawn: Path, tmp_path: Path, executors: list[RayExecutor]):
    context, units = units_of(tmp_path / "run", drawn, epochs=EPOCHS)
    executor, killed = _executor(context, executors), list[float]()

    def kill_mailbox() -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and not any(one.progress for one in executor.states):
            time.sleep(0.05)
        ray.kill(executor._inbox.mailbox, no_restart=False)
        killed.append(time.monotonic())

    threading.Thread(target=kill_mailbox, daemon=True).start()
    executor.train(units)
    assert killed
    assert files_of(context.run.path) == expected_files(tmp_path, drawn, EPOCHS)


def test_another_worker_continues_what_a_killed_one_did(
    drawn: Path, tmp_path: Path, executors: list[RayExecutor], caplog: pytest.LogCaptureFixture
):
    context, units = units_of(tmp_path / "run", drawn, epochs=EPOCHS)
    executor = _executor(context, executors)
    killed: list[int] = []
    threading.Thread(target=_kill_one, args=(executor, killed), daemon=True).start()
    logging.getLogger("sketchfit").propagate = True
    try:
        executor.train(units)
    finally:
        logging.getLogger("sketchfit").propagate = False
    assert len(killed) == 1
    assert "was lost" in caplog.text
    assert "continues at epoch" in caplog.text
    assert files_of(context.run.path) == expected_files(tmp_path, drawn, EPOCHS)


def _kill_one(executor: RayExecutor, killed: list[int]) -> None:
    """Kill the first worker whose checkpoint the run has."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and not killed:
        for state in executor.states:
            if state.advanced and state.progress is not None and state.progress.share > 0.2:
                killed.append(state.progress.process)
                os.kill(killed[0], signal.SIGKILL)
                break
        time.sleep(0.05)


@pytest.fixture
def command(drawn: Path, tmp_path: Path) -> list[str]:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(yaml.safe_dump(tiny_recipe({"training": {"epochs": EPOCHS}})))
    return [sys.executable, "-m", "sketchfit", "run", str(drawn), "--recipe", str(recipe), "--out"]


def test_a_run_with_workers_is_the_run_without_them_also_after_signals(command: list[str], tmp_path: Path):
    out = tmp_path / "workers"
    process = subprocess.Popen([*command, str(out), "--workers", "2"], start_new_session=True)
    _until(lambda: list(out.glob("members/*/fold*/last.ckpt")))
    family = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    assert process.wait(PATIENCE) == 130
    _until(lambda: not [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE])
    assert list(out.glob("members/*/fold*/last.ckpt"))
    subprocess.run([*command, str(out), "--workers", "2"], check=True, timeout=PATIENCE)
    subprocess.run([*command, str(tmp_path / "alone")], check=True, timeout=PATIENCE)
    assert files_of(out) == files_of(tmp_path / "alone")
    for name in ("submission.csv", "ensemble/oof.npz", "ensemble/test.npz"):
        assert (out / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()
    assert all((path.parent / "log.txt").is_file() for path in out.glob("members/*/fold*/done.json"))


def _until(found) -> None:
    end = time.monotonic() + PATIENCE
    while not found() and time.monotonic() < end:
        time.sleep(0.1)
    assert found()


def test_nodes_with_the_same_versions_and_the_data_pass(drawn: Path, tmp_path: Path):
    from sketchfit.errors import DataError, RunError

    with local_cluster(TWO):
        check_nodes(drawn)
        with pytest.raises(DataError, match="is not there"):
            check_nodes(tmp_path / "missing")
    with pytest.raises(RunError, match="no Ray cluster"), connected("ray://127.0.0.1:9"):
        pass


def test_a_cluster_without_a_token_is_refused_by_a_command_with_one(command: list[str], tmp_path: Path):
    start = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--port=0", "--num-cpus=1"]
    folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))  # paths of sockets have at most 107 characters
    settings = {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
    options = ["--include-dashboard=false", f"--temp-dir={folder}"]
    head = subprocess.Popen([*start, *options], env=os.environ | settings, start_new_session=True)
    try:
        _until(lambda: (folder / "ray_current_cluster").is_file())
        address = (folder / "ray_current_cluster").read_text().strip()
        env = os.environ | {"RAY_ADDRESS": address, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0" * 64}
        done = subprocess.run(
            [*command, str(tmp_path / "run"), "--workers", "ray://auto"],
            env=env,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 2
        assert "RAY_AUTH_MODE=disabled" in done.stderr
    finally:
        os.killpg(head.pid, signal.SIGTERM)
        head.wait(PATIENCE)
        shutil.rmtree(folder, ignore_errors=True)
