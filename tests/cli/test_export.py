"""What `sketchfit export` writes depends on the name of the output."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from sketchfit.bundle.manifest import BundleManifest
from tests.factories import Cli
from tests.serving.web_runtimes import write_fake_runtime

pytest.importorskip("onnxruntime")


def test_a_folder_becomes_a_bundle(plain: Path, cli: Cli, tmp_path: Path) -> None:
    status, printed, errors = cli("export", plain, "--out", tmp_path / "bundle", "--fold", 1)
    assert (status, errors) == (0, "")
    found = BundleManifest.read(tmp_path / "bundle")
    assert found.network.name == "test_resnet/fold1"
    assert printed.splitlines()[0].endswith(f"→ {tmp_path / 'bundle'}")
    for part in ("32 training rows", "network of one fold", "ms per image", "2 forward passes of 2 networks"):
        assert part in printed


@pytest.mark.parametrize("suffix", ["onnx", "xml"])
def test_an_ending_makes_a_file(suffix: str, plain: Path, cli: Cli, tmp_path: Path) -> None:
    if suffix == "xml":
        pytest.importorskip("openvino")
    status, printed, errors = cli("export", plain, "--out", tmp_path / f"one.{suffix}")
    assert (status, errors) == (0, "")
    assert (tmp_path / f"one.{suffix}").is_file()
    assert "input: images" in printed
    assert "not calibrated" in printed


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("one.pt", [], "name of a file"),
        ("one.onnx", ["--neighbours"], "is one file"),
        ("one.xml", ["--also", "int8"], "is one file"),
        ("one.onnx", ["--web", "page"], "is one file"),
        ("bundle", ["--also", "tflite"], "no form 'tflite'"),
        ("bundle", ["--member", "other"], "no member 'other'"),
        ("bundle", ["--int8-loss", "nan"], "nan points"),
        ("bundle", ["--int8-loss", "-1"], "-1 points"),
        ("one.ONNX", [], "name of a file"),
        ("bundle", ["--fold", "9"], "fold 9"),
        ("full", [], "holds other files"),
        ("full/file", [], "is a file"),
        ("full/file/bundle", [], "is a file"),
    ],
)
def test_mistakes_leave_nothing(
    name: str, options: list[str], words: str, plain: Path, cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    status, printed, errors = cli("export", plain, "--out", tmp_path / name, *options)
    assert (status, printed) == (2, "")
    assert words in errors
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == ["full", "full/file"]


def test_the_page_is_written_next_to_the_bundle(plain: Path, cli: Cli, tmp_path: Path) -> None:
    runtime = write_fake_runtime(tmp_path)
    web = ("--web", tmp_path / "page", "--web-runtime", runtime)
    status, printed, errors = cli("export", plain, "--out", tmp_path / "bundle", *web)
    assert (status, errors) == (0, "")
    assert str(tmp_path / "page" / "index.html") in printed
    assert (tmp_path / "page" / "data" / "model-0.js").is_file()


def test_a_mistake_in_the_folder_is_found_before_the_run_is_read(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    status, _, errors = cli("export", "nowhere", "--out", tmp_path / "file")
    assert status == 2
    assert "is a file" in errors


@pytest.mark.skipif(getattr(os, "geteuid", int)() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(plain: Path, cli: Cli, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    status, _, errors = cli("export", plain, "--out", tmp_path / "bundle")
    assert status == 2
    assert "no permission" in errors


def test_a_run_that_is_not_finished_needs_partial(plain: Path, cli: Cli, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(plain, run)
    (run / "finished.json").unlink()
    status, _, errors = cli("export", run, "--out", tmp_path / "bundle")
    assert status == 2
    assert "not finished" in errors
    status, _, errors = cli("export", run, "--out", tmp_path / "bundle", "--partial")
    assert status == 0
    assert "note:" in errors
