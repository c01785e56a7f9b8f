"""A small run of the whole pipeline with every tracker that is installed, and secrets wherever a user may put them."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from sketchfit.api.fit import fit
from sketchfit.api.run import run
from sketchfit.synthetic import draw_dataset
from sketchfit.tracking.trackers.tracker import is_installed

from .conftest import Server

SECRETS = {
    "WANDB_API_KEY": "feedfacefeedfacefeedfacefeedfacefeedface",
    "MLFLOW_TRACKING_TOKEN": "mlflow-hush-hush",
    "MY_PASSWORD": "correct-horse-battery",
}
HOOK = "hookSecret42"
TYPED = ("xoxb-typed-on-the-command-line", "typedPassword77")


def files_with(folder: Path, words: tuple[str, ...]) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            content += gzip.decompress(content) if content[:2] == b"\x1f\x8b" else b""
            for word in words:
                if any(
                    form in content for form in (word.encode(), word.encode("utf-16-le"), word.encode().hex().encode())
                ):
                    yield f"{word} in {path.relative_to(folder)}"


@pytest.fixture
def recipe() -> dict[str, object]:
    trackers = [name for name in ("tensorboard", "wandb", "mlflow") if is_installed(name)]
    return {
        "model": {"backbone": "test_resnet", "pretrained": False, "input_size": 32, "mean": 0.5, "std": 0.5},
        "data": {"channels": 1},
        "folds": {"k": 2},
        "audit": {"enabled": False},
        "training": {"epochs": 1, "batch_size": 8},
        "tracking": {"to": trackers, "every": 1, "progress": "plain", "notify": ["start", "fold", "end", "failure"]},
    }


def test_all_is_sent_and_no_secret_is_written(
    tmp_path: Path,
    server: Server,
    recipe: dict[str, object],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("SKETCHFIT_CACHE", str(tmp_path / "cache"))
    (tmp_path / ".env").write_text(
        f"SKETCHFIT_NOTIFY=json://user:{HOOK}@127.0.0.1:{server.port}/{HOOK}, slak://{HOOK}\n"
    )
    for name in ("SKETCHFIT_NOTIFY", "MLFLOW_ALLOW_FILE_STORE"):  # so that what the run sets is undone after it
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["sketchfit", "run", "data", "--api-key", TYPED[1], TYPED[0], f"json://{HOOK}"])
    draw_dataset(tmp_path / "data", classes=3, per_class=8, test_per_class=2, seed=1)

    run(tmp_path / "data", recipe, out=tmp_path / "run")

    titles = [message["title"] for message in server.json()]
    assert titles == [
        "sketchfit: run started",
        "sketchfit: run test_resnet/fold0 is done",
        "sketchfit: run test_resnet/fold1 is done",
        "sketchfit: run is done",
    ]
    assert "out-of-fold top-1" in server.json()[-1]["message"]
    words = (*SECRETS.values(), HOOK, *TYPED)
    assert list(files_with(tmp_path / "run", words)) == []
    shown = "".join(capfd.readouterr())
    assert "notification 2 of SKETCHFIT_NOTIFY" in shown
    assert [word for word in words if word in shown] == []
    assert any((tmp_path / "run" / "tracking").rglob("events.out.tfevents.*")) or not is_installed("tensorboard")


def test_a_fit_on_all_rows_sends_its_start_and_end(
    tmp_path: Path, server: Server, recipe: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKETCHFIT_NOTIFY", f"json://127.0.0.1:{server.port}")
    monkeypatch.setenv("SKETCHFIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    draw_dataset(tmp_path / "data", classes=3, per_class=8, test_per_class=2, seed=1)
    fit(tmp_path / "data", recipe, {"tracking": {"to": [], "notify": ["start", "end"]}}, tmp_path / "one")
    assert [message["title"] for message in server.json()] == ["sketchfit: one started", "sketchfit: one is done"]
    assert "trained on all" in server.json()[1]["message"]


def test_an_error_in_the_run_is_reported_and_raised(
    tmp_path: Path, server: Server, recipe: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKETCHFIT_NOTIFY", f"json://127.0.0.1:{server.port}")
    monkeypatch.setenv("SKETCHFIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    draw_dataset(tmp_path / "data", classes=3, per_class=8, test_per_class=2, seed=1)

    def die(*args: object, **options: object) -> None:
        raise MemoryError("no room for the optimizer")

    monkeypatch.setattr("sketchfit.training.fit.start", die)
    with pytest.raises(MemoryError, match="no room"):
        run(tmp_path / "data", recipe, {"tracking": {"to": []}}, tmp_path / "run")
    assert "out of memory" in server.json()[-1]["message"]
    assert "no room for the optimizer" in server.json()[-1]["message"]
