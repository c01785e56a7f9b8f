"""Services in real processes: a signal ends them in order, and a worker that is killed is replaced."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import cv2
import httpx
import pytest

from tests.bundles import tiny_picture, write_tiny_bundle
from tests.fresh import run_fresh
from tests.serving.processes import service_process, wait_for

DATA = cv2.imencode(".png", tiny_picture("dot"))[1].tobytes()


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    write_tiny_bundle(tmp_path / "bundle")
    return tmp_path / "bundle"


def label(address: str) -> str:
    found: str = httpx.post(f"{address}/predict", content=DATA, timeout=30).json()["predictions"][0]["label"]
    return found


def test_a_killed_worker_is_replaced_and_a_signal_ends_all(bundle: Path) -> None:
    with service_process(bundle, "--workers", 2) as service:
        wait_for(lambda: len(service.workers()) == 2, service)
        before = {one.pid for one in service.workers()}
        for _ in range(4):
            assert label(service.address) == "2"
        os.kill(min(before), signal.SIGKILL)
        failed = 0
        for _ in range(20):
            try:
                assert label(service.address) == "2"
            except httpx.HTTPError:
                failed += 1
        assert failed <= 1  # a request that the killed worker had accepted
        wait_for(lambda: {one.pid for one in service.workers()} - before != set(), service)
        assert label(service.address) == "2"
        text = httpx.get(f"{service.address}/metrics").text
        counted = int(text.partition('outcome="predicted"} ')[2].split()[0])
        assert counted >= 24 - failed
        children = service.workers()
        service.stop()
        for child in children:
            assert not child.is_running()


def test_requests_in_work_are_answered_before_the_end(bundle: Path) -> None:
    with service_process(bundle) as service, httpx.Client(base_url=service.address) as client:
        begun = threading.Event()

        def slow_body() -> object:
            yield DATA[:10]
            begun.set()
            stopped.wait(20)
            yield DATA[10:]

        stopped, found = threading.Event(), []
        thread = threading.Thread(target=lambda: found.append(client.post("/predict", content=slow_body())))
        thread.start()
        begun.wait(20)
        service.process.send_signal(signal.SIGTERM)
        wait_for_closed(service.address)
        stopped.set()
        thread.join(20)
        assert found[0].json()["predictions"][0]["label"] == "2"
        assert service.process.wait(30) == 128 + signal.SIGTERM


@pytest.mark.parametrize("logged", [False, True])
def test_nothing_is_printed_after_the_address_unless_requested(bundle: Path, logged: bool) -> None:
    first = "from sketchfit import live; live.TICK = live.FIRST_SECONDS = 0.02"  # lines of progress would come at once
    with service_process(bundle, *(["--access-log"] if logged else []), first=first) as service:
        if logged:  # the requests of the start have been read then too
            httpx.get(f"{service.address}/last-of-the-start", timeout=30)
            wait_for(lambda: any("/last-of-the-start" in line for line in service.lines), service)
        before = len(service.lines)
        assert "answers requests" in service.lines[before - 1] or logged
        for _ in range(3):
            assert label(service.address) == "2"
        assert httpx.post(f"{service.address}/predict", content=b"no image", timeout=30).status_code >= 400
        time.sleep(0.3)
        printed = service.lines[before:]
    assert bool(printed) == logged, printed
    assert all("/predict" in line for line in printed)


def wait_for_closed(address: str) -> None:
    """Wait until no new connection is accepted."""
    for _ in range(500):
        try:
            httpx.get(f"{address}/health", timeout=5)
        except httpx.HTTPError:
            return
    raise AssertionError("it still accepts connections")


BLOCKED = ("torch", "pandas", "timm", "sklearn", "accelerate", "scipy", "pyarrow", "captum", "apprise")

WITHOUT = f"""
import sys
for name in {BLOCKED!r}:
    sys.modules[name] = None
from pathlib import Path
from starlette.testclient import TestClient
from sketchfit.serving import openapi, protocol, run
from sketchfit.serving.app import create_app
from sketchfit.serving.settings import ServiceSettings
import sketchfit.cli.main, sketchfit.cli.deploy
with TestClient(create_app(ServiceSettings(Path(sys.argv[1]), threads=1))) as client:
    data = Path(sys.argv[2]).read_bytes()
    assert client.post("/predict", content=data).json()["predictions"][0]["label"] == "2"
    assert client.post("/explain", content=data).status_code == 200
    for path in ("/", "/docs", "/model", "/openapi.json", "/metrics"):
        assert client.get(path).status_code == 200, path
"""


def test_nothing_of_training_is_imported(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "dot.png").write_bytes(DATA)
    command = [sys.executable, "-c", WITHOUT, str(bundle), str(tmp_path / "dot.png")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_mistakes_are_one_sentence(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mistakes = (
        [tmp_path],
        [tmp_path / "nothing"],
        [bundle, "--port", 70_000],
        [bundle, "--workers", 0],
        [bundle, "--host", "256.1.1.1"],
        [bundle, "--cors", "example.org"],
        [bundle, "--runtime", "tensorrt"],
        [bundle, "--int8"],
        [bundle, "--reject", 2],
    )
    for mistake, ended in zip(mistakes, run_fresh([["serve", *mistake] for mistake in mistakes]), strict=True):
        assert ended.status == 2, (mistake, ended.errors)
        assert ended.errors.startswith("error: ")
    monkeypatch.setenv("SKETCHFIT_TOKEN", "short")
    (ended,) = run_fresh([["serve", bundle]])
    assert ended.status == 2
    assert "short" not in ended.errors.replace("too short", "")


@pytest.mark.slow
def test_a_run_is_served(plain: Path, drawn: Path) -> None:
    image = next(iter(sorted((drawn / "test").rglob("*.*"))))
    with service_process(plain, "--neighbours") as service:
        found = httpx.post(f"{service.address}/predict", content=image.read_bytes(), timeout=30).json()
        facts = httpx.get(f"{service.address}/model", timeout=30).json()
    assert found["predictions"][0]["label"] in facts["labels"]
    assert facts["neighbours"] is True
