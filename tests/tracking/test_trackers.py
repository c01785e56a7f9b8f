from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from accelerate import Accelerator

from sketchfit.config.tracking import TrackingSection
from sketchfit.tracking.callback import Callback, ErrorImage, Failure, RunInfo, RunReport
from sketchfit.tracking.connect import connect, run_identity
from sketchfit.tracking.dispatcher import Dispatcher
from sketchfit.tracking.trackers import trackers
from sketchfit.tracking.trackers.tracker import is_installed

from .conftest import Server

SETTINGS = {"seed": 3, "model": {"backbone": "resnet18", "mean": None}, "folds": {"train": [0, 1]}, "long": "x" * 900}
LOSSES = {0: [2.5, 1.5], 1: [2.0, 1.0]}


@pytest.fixture(autouse=True)
def _one_process() -> None:
    Accelerator(cpu=True)


@pytest.fixture
def info(tmp_path: Path) -> RunInfo:
    return RunInfo("sketches", tmp_path / "run", run_identity(tmp_path / "run"), SETTINGS, "724 training images")


def make_tracker(name: str, info: RunInfo, section: TrackingSection | None = None) -> Callback:
    return trackers.get(name)(section or TrackingSection(), info)


def need(name: str) -> None:
    if not is_installed(name):
        pytest.skip(f"{name} is not installed")


def report(info: RunInfo) -> Path:
    folder = info.folder / "report"
    (folder / "drawings").mkdir(parents=True)
    (folder / "index.html").write_text("<h1>report</h1>")
    (folder / "drawings" / "0.txt").write_text("a drawing")
    return folder


def play(tracker: Callback, info: RunInfo) -> None:
    """A run of two folds with two epochs each, three points by step, one error, a report."""
    tracker.run_started(info)
    for fold, losses in LOSSES.items():
        for step in (20, 40, 60):
            tracker.step_finished("resnet", fold, step, {"loss": step / 10, "lr": 0.01})
        for epoch, loss in enumerate(losses, 1):
            valid = None if epoch == 1 else 0.5
            tracker.epoch_finished("resnet", fold, {"epoch": epoch, "train_loss": loss, "valid_accuracy": valid})
        tracker.fold_finished("resnet", fold, {"accuracy": 0.5 + fold / 10, "seconds": 3.0})
    image = np.full((8, 6, 1), 200, np.uint8)
    image[2, 3] = 7
    error = ErrorImage(image, "cat taken for dog (91 %)")
    tracker.run_finished(RunReport({"oof_top1": 0.55}, ("top-1 55 %",), 60.0, (report(info),), (error,)))


def test_tensorboard_files_read_back(info: RunInfo) -> None:
    need("tensorboard")
    from PIL import Image
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    play(make_tracker("tensorboard", info), info)

    def read(name: str) -> EventAccumulator:
        events = EventAccumulator(str(info.tracking / "tensorboard" / name))
        events.Reload()
        return events

    for fold, losses in LOSSES.items():
        events = read(f"resnet/fold{fold}")
        assert [(e.step, e.value) for e in events.Scalars("step/loss")] == [(20, 2.0), (40, 4.0), (60, 6.0)]
        assert [(e.step, e.value) for e in events.Scalars("epoch/train_loss")] == list(enumerate(losses, 1))
        assert [(e.step, e.value) for e in events.Scalars("epoch/valid_accuracy")] == [(2, 0.5)]
        assert events.Scalars("fold/accuracy")[0].value == pytest.approx(0.5 + fold / 10)
    summary = read("summary")
    assert summary.Scalars("final/oof_top1")[0].value == pytest.approx(0.55)
    (tag,) = summary.Tags()["images"]
    assert "cat taken for dog" in tag
    import io

    pixels = np.asarray(Image.open(io.BytesIO(summary.Images(tag)[0].encoded_image_string)))
    assert pixels.shape == (8, 6, 3)
    assert pixels[2, 3].tolist() == [7, 7, 7]
    text = summary.Tensors("settings/text_summary")[0].tensor_proto.string_val[0].decode()
    assert '"backbone": "resnet18"' in text
    hparams = read("summary/hparams").summary_metadata
    assert b"model.backbone" in hparams["_hparams_/session_start_info"].plugin_data.content


def wandb_records(content: bytes) -> Iterator[bytes]:
    """Records of an offline file: LevelDB's log format behind a header of seven bytes."""
    assert content[:4] == b":W&B"
    place, record = 7, b""
    while place + 7 <= len(content):
        if (left := 32768 - place % 32768) < 7:  # no room for a record's head: the next block
            place += left
            continue
        _, length, kind = struct.unpack("<IHB", content[place : place + 7])
        record += content[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # whole, or the last part
            yield record
            record = b""


def read_wandb(file: Path) -> dict[str, list[dict[str, str]]]:
    """What an offline file holds: run, history rows, summary, artifacts."""
    from wandb.proto import wandb_internal_pb2

    found: dict[str, list[dict[str, str]]] = {"run": [], "history": [], "summary": [], "artifact": []}
    for data in wandb_records(file.read_bytes()):
        record = wandb_internal_pb2.Record()
        record.ParseFromString(data)
        kind = record.WhichOneof("record_type")
        if kind == "run":
            run = record.run
            config = {item.key: item.value_json for item in run.config.update}
            found["run"].append({"group": run.run_group, "name": run.display_name, "project": run.project} | config)
        elif kind == "history":
            found["history"].append({i.key or "/".join(i.nested_key): i.value_json for i in record.history.item})
        elif kind == "summary":
            found["summary"].append({i.key or "/".join(i.nested_key): i.value_json for i in record.summary.update})
        elif kind == "request" and record.request.HasField("log_artifact"):
            found["artifact"].append({"name": record.request.log_artifact.artifact.name})
        elif kind == "artifact":
            found["artifact"].append({"name": record.artifact.name})
    return found


def test_wandb_offline_files_read_back(info: RunInfo, monkeypatch: pytest.MonkeyPatch, warned: list[str]) -> None:
    need("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    play(make_tracker("wandb", info, TrackingSection(project="drawings", group="monday")), info)
    assert warned == []
    import wandb

    wandb.teardown()  # its process writes the last records when it ends
    files = sorted((info.tracking / "wandb").glob("offline-run-*/run-*.wandb"))
    runs = {found["run"][0]["name"]: found for found in map(read_wandb, files)}
    assert set(runs) == {"sketches/summary", "sketches/resnet/fold0", "sketches/resnet/fold1"}
    for found in runs.values():
        assert found["run"][0]["group"] == "monday"
        assert found["run"][0]["project"] == "drawings"
        assert '"resnet18"' in found["run"][0]["model"]
    for fold, losses in LOSSES.items():
        history = runs[f"sketches/resnet/fold{fold}"]["history"]
        steps = [(int(row["step"]), float(row["step/loss"])) for row in history if "step/loss" in row]
        assert steps == [(20, 2.0), (40, 4.0), (60, 6.0)]
        epochs = [(int(row["epoch"]), float(row["epoch/train_loss"])) for row in history if "epoch/train_loss" in row]
        assert epochs == list(enumerate(losses, 1))
    summary = runs["sketches/summary"]
    assert any(row.get("final/oof_top1") == "0.55" for row in summary["summary"])
    assert any("cat taken for dog" in row.get("errors/captions", "") for row in summary["history"])
    assert {row["name"] for row in summary["artifact"]} == {f"report-{info.identity}"}


def test_mlflow_folder_reads_back_and_a_resumed_run_continues_in_it(info: RunInfo) -> None:
    need("mlflow")
    section = TrackingSection(project="drawings")
    first = make_tracker("mlflow", info, section)
    first.run_started(info)
    first.epoch_finished("resnet", 0, {"epoch": 1, "train_loss": 2.5})
    first.run_failed(Failure("stopped", stopped=True))
    play(make_tracker("mlflow", info, section), info)

    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=(info.tracking / "mlflow").as_uri())
    experiment = client.get_experiment_by_name("drawings")
    runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    assert set(runs) == {"sketches", "sketches/resnet/fold0", "sketches/resnet/fold1"}
    parent = runs["sketches"]
    assert parent.data.params["model.backbone"] == "resnet18"
    assert parent.data.metrics["final/oof_top1"] == 0.55
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    for fold, losses in LOSSES.items():
        run = runs[f"sketches/resnet/fold{fold}"]
        assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert run.data.tags["group"] == "sketches"
        points = {(m.step, m.value) for m in client.get_metric_history(run.info.run_id, "epoch/train_loss")}
        assert points == set(enumerate(losses, 1))
        assert [m.step for m in client.get_metric_history(run.info.run_id, "step/loss")] == [20, 40, 60]
    folder = Path(parent.info.artifact_uri.removeprefix("file://"))
    assert (folder / "report" / "drawings" / "0.txt").read_text() == "a drawing"
    assert [path.name for path in (folder / "errors").iterdir()] == ["001-cat-taken-for-dog-91-%.png"]


def test_mlflow_keeps_folds_apart_whose_events_alternate(info: RunInfo) -> None:
    need("mlflow")
    tracker = make_tracker("mlflow", info)
    tracker.run_started(info)
    for epoch in (1, 2):
        for fold in (0, 1):
            tracker.epoch_finished("resnet", fold, {"epoch": epoch, "train_loss": fold + epoch / 10})
    tracker.run_finished(RunReport({}, (), 1.0))

    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=(info.tracking / "mlflow").as_uri())
    experiment = client.get_experiment_by_name("sketchfit")
    runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    parent = runs.pop("sketches").info.run_id
    assert set(runs) == {"sketches/resnet/fold0", "sketches/resnet/fold1"}
    for fold in (0, 1):
        run = runs[f"sketches/resnet/fold{fold}"]
        assert run.data.tags["mlflow.parentRunId"] == parent
        points = client.get_metric_history(run.info.run_id, "epoch/train_loss")
        assert [(point.step, point.value) for point in points] == [(1, fold + 0.1), (2, fold + 0.2)]


def test_any_other_tracker_of_accelerate_gets_all_events(info: RunInfo, monkeypatch: pytest.MonkeyPatch) -> None:
    from accelerate import tracking

    calls: list[tuple[str, object]] = []

    class Recorder(tracking.GeneralTracker):
        name, requires_logging_directory = "trackio", False

        def __init__(self, run_name: str) -> None:
            super().__init__()
            calls.append(("open", run_name))

        @property
        def tracker(self) -> None:
            return None

        def store_init_configuration(self, values: dict[str, object]) -> None:
            calls.append(("settings", values))

        def log(self, values: dict[str, object], step: int | None = None, **kwargs: object) -> None:
            calls.append(("log", (values, step)))

        def finish(self) -> None:
            calls.append(("finish", None))

    monkeypatch.setitem(tracking.LOGGER_TYPE_TO_CLASS, "trackio", Recorder)
    monkeypatch.setattr("sketchfit.tracking.trackers.tracker.is_installed", lambda name: True)
    play(make_tracker("trackio", info, TrackingSection(project="drawings")), info)
    assert calls[0] == ("open", "drawings")
    assert calls[1][1]["model.backbone"] == "resnet18"  # type: ignore[index]
    assert ("log", ({"resnet/fold1/epoch/train_loss": 1.0, "resnet/fold1/epoch/valid_accuracy": 0.5}, 2)) in calls
    assert calls[-2:] == [("log", ({"final/oof_top1": 0.55}, None)), ("finish", None)]


def test_what_is_not_installed_is_a_warning_with_the_command(
    info: RunInfo, monkeypatch: pytest.MonkeyPatch, warned: list[str]
) -> None:
    monkeypatch.setattr("sketchfit.tracking.trackers.tracker.is_installed", lambda name: False)
    dispatcher = Dispatcher()
    connect(dispatcher, TrackingSection(to=("wandb", "aim")), info, {"SKETCHFIT_NOTIFY": "slak://geheim"})
    dispatcher.close()
    assert dispatcher.names == ()
    assert [line.split(":")[0] for line in warned] == ["wandb", "aim", "notification 1 of SKETCHFIT_NOTIFY"]
    assert "pip install sketchfit[tracking]" in warned[0]
    assert "pip install aim" in warned[1]
    assert not any("geheim" in line for line in warned)


@pytest.mark.parametrize("key", [None, "0123456789abcdef0123456789abcdef01234567"])
def test_wandb_without_account_or_server_is_written_offline(
    info: RunInfo, key: str | None, monkeypatch: pytest.MonkeyPatch, server: Server, warned: list[str]
) -> None:
    need("wandb")
    server.hang_after = 0
    monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{server.port}")
    if key:
        monkeypatch.setenv("WANDB_API_KEY", key)
    tracker = make_tracker("wandb", info)
    tracker.run_started(info)
    tracker.run_failed(Failure("no"))
    assert not server.gave_up
    assert len(warned) == 1
    assert ("cannot be reached" if key else "no account") in warned[0]
    assert "wandb sync" in warned[0]
    assert len(list((info.tracking / "wandb").glob("offline-run-*/run-*.wandb"))) == 1


SCRIPT = """
import sys, time
from pathlib import Path
from accelerate import Accelerator
from sketchfit.config.tracking import TrackingSection
from sketchfit.tracking.callback import RunInfo, RunReport
from sketchfit.tracking.connect import connect
from sketchfit.tracking.console import Console
from sketchfit.tracking.supervise import supervised
Console("plain")
Accelerator(cpu=True)
with supervised() as dispatcher:
    info = RunInfo("sketches", Path(sys.argv[1]), "abc", {})
    connect(dispatcher, TrackingSection(to=(sys.argv[2],), wait=0.5), info, {})
    dispatcher.epoch_finished("m", 0, {"epoch": 1, "train_loss": 1.0})
    time.sleep(1.0)  # let it get as far as it can
    dispatcher.run_finished(RunReport({}, (), 0.0))
    print("over", flush=True)
"""


@pytest.mark.parametrize(
    ("name", "answered"),
    [
        ("wandb", 1),
        pytest.param("mlflow", 0, marks=pytest.mark.slow),
        pytest.param("mlflow", 1, marks=pytest.mark.slow),
    ],
)
def test_a_server_that_hangs_does_not_delay_the_end(tmp_path: Path, server: Server, name: str, answered: int) -> None:
    need(name)
    server.hang_after = answered
    url = f"http://127.0.0.1:{server.port}"
    environment = os.environ | {
        "PYTHONPATH": str(Path(__file__).resolve().parents[2] / "src"),
        "WANDB_BASE_URL": url,
        "WANDB_API_KEY": "0123456789abcdef0123456789abcdef01234567",
        "MLFLOW_TRACKING_URI": url,
    }
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path), name],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    lines = []
    while (line := process.stdout.readline()) not in ("over\n", ""):
        lines.append(line)
    rest = process.communicate(timeout=30)[0]  # half of what the server hangs for
    assert process.returncode == 0
    assert f"{name}: " in "".join([*lines, rest])
