"""What all tests share: one thread, a cache of their own, a small drawn data set, a finished run."""

from __future__ import annotations

import contextlib
import gc
import io
import logging
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

# Before torch is imported anywhere: tiny networks on several threads wait for each other. Subprocesses inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# No test may download weights; an attempt fails at once.
os.environ["HF_HUB_OFFLINE"] = "1"

from sketchfit import live, processors
from sketchfit.training import trial, trial_times
from tests.factories import Cli, tiny_recipe

if TYPE_CHECKING:
    from tests.hub.fake_hub import FakeHub

# In the background of a shell, or below nohup, these are ignored, also by all that is started from here.
for number in (getattr(signal, name, None) for name in ("SIGINT", "SIGHUP", "SIGTERM")):
    if number is not None and signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

POSIX_ONLY = (
    "commands/test_kill.py",
    "commands/test_signals.py",
    "data/test_hostile_files.py",
    "runs/test_lock.py",
    "stages/planned/test_team.py",
    "storm/test_injections.py",
    "storm/test_storm.py",
    "storm/test_targets.py",
    "test_interruption.py",
    "test_moving.py",
    "test_windows_run.py",
    "training/test_stopping.py",
)
"""Tests of signals, locks, system calls and the simulation of Windows. They need modules that Windows itself lacks."""

try:
    import fcntl  # noqa: F401
    import resource  # noqa: F401
except ImportError:
    collect_ignore = [*POSIX_ONLY]

# A killed process loses nothing that it wrote: only a power failure does, which no test makes. Most files of a run are
# written with two calls, and each may wait for the disk. Subprocesses call the real function.
os.fsync = lambda _: None

# What a command prints does not depend on what else this machine does.
live.FIRST_SECONDS = float("inf")
processors.SINCE_IMPORT = processors.OtherLoad(lambda: None, lambda: 0.0)

# A fifth of a tiny run: the updates and predictions that are made only to be timed. See `timed_trials`.
trial.training_times = lambda *_: (0.001, 0.0)
trial.prediction_seconds = lambda *_: 0.001

# The same examples on each run, however busy the machine is; `--hypothesis-profile default` tries more and others.
settings.register_profile(
    "repeatable",
    derandomize=True,
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("repeatable")


LONG = (
    "tests/stages/planned/test_run.py",
    "tests/stages/planned/test_shortages.py",
    "tests/commands/test_damage.py",
    "tests/commands/test_processes.py",
    "tests/commands/test_kill.py",
    "tests/commands/test_signals.py",
    "tests/config/test_recipes.py",
    "tests/stages/test_claim.py",
    "tests/extension/test_extension.py",
    "tests/distillation/test_distill.py",
    "tests/commands/test_ablate.py",
)
"""Files that take longest. They are run first: a process with a long one at the end works alone."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of long files first; the others stay in their order, which is random."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


def pytest_collection_finish() -> None:
    """Exclude what the imports made from garbage collection: each search of a million objects takes half a second."""
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def _few_objects_to_search() -> None:
    """Exclude what earlier files left, such as lazy imports, from garbage collection: each training collects thrice."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The stores' folder for the whole session, never the user's own."""
    folder = tmp_path_factory.mktemp("cache")
    before = os.environ.get("SKETCHFIT_CACHE")
    os.environ["SKETCHFIT_CACHE"] = str(folder)
    yield folder
    if before is None:
        del os.environ["SKETCHFIT_CACHE"]
    else:
        os.environ["SKETCHFIT_CACHE"] = before


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """Undo what a console changes in the logger of the package."""
    log = logging.getLogger("sketchfit")
    before = log.handlers[:], log.level, log.propagate
    yield
    log.handlers[:], log.level, log.propagate = before


@pytest.fixture
def timed_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let trials of a training step measure times, as they do outside of the tests."""
    monkeypatch.setattr(trial, "training_times", trial_times.training_times)
    monkeypatch.setattr(trial, "prediction_seconds", trial_times.prediction_seconds)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """An empty file system of 1 MB; the test is skipped where none can be mounted."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system can be mounted by root only")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """32 training and 12 test drawings of 4 classes in the competition's layout. Not to be changed by a test."""
    from sketchfit.synthetic import draw_dataset

    return draw_dataset(tmp_path_factory.mktemp("drawn") / "data", classes=4, per_class=8, test_per_class=3).out


@pytest.fixture
def tiny() -> dict[str, Any]:
    """Settings of a run that takes about a second: 2 folds, 2 epochs, 32 pixels, random weights, no extra stages."""
    return tiny_recipe({"tracking": {"progress": "plain"}})


def _cli(*arguments: object) -> tuple[int, str, str]:
    from sketchfit.cli.main import main

    out, err = io.StringIO(), io.StringIO()
    before, sys.argv = sys.argv, ["sketchfit", *map(str, arguments)]
    status: object = 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as end:
        status = end.code
    finally:
        sys.argv = before
    return status if isinstance(status, int) else int(status is not None), out.getvalue(), err.getvalue()


@pytest.fixture(scope="session")
def cli() -> Cli:
    """Run the command line in this process: arguments to (exit status, standard output, standard error).

    An exception that the command line does not turn into words comes through, and fails the test.
    """
    return _cli


@pytest.fixture(scope="session")
def tiny_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recipe of `tiny` as a file."""
    import yaml

    path = tmp_path_factory.mktemp("recipe") / "tiny.yaml"
    path.write_text(yaml.safe_dump(tiny_recipe({"tracking": {"progress": "plain"}})))
    return path


@pytest.fixture(scope="session")
def plain(drawn: Path, tiny_file: Path, cli: Cli, tmp_path_factory: Any) -> Path:
    """A finished run without the stages that change probabilities. Not to be changed by a test."""
    out = tmp_path_factory.mktemp("plain") / "run"
    status, _, errors = cli("run", drawn, "--recipe", tiny_file, "--out", out)
    assert status == 0, errors
    return out


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Folder with `data`, `run`, `fit`, `both`, `expected` by commit 59e3438; see tests/runs/made_at_59e3438."""
    with zipfile.ZipFile(Path(__file__).parent / "runs" / "made_at_59e3438" / "folders.zip") as archive:
        archive.extractall(tmp_path)
    return tmp_path


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    """A running hub on this machine without repositories; the client has its token, an empty cache, and no other."""
    from tests.hub.fake_hub import TOKEN, serving_hub

    constants = pytest.importorskip("huggingface_hub").constants
    with serving_hub() as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.endpoint)
        template = hub.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield hub
