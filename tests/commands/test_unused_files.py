"""A run counts and names every file of the data folder that it does not use."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.data import malformed

Cli = Callable[..., tuple[int, str, str]]


def test_rows_and_named_files_are_all_files(tiny_file: Path, cli: Cli, tmp_path: Path) -> None:
    root = malformed.good_data(tmp_path / "data")
    damaged = malformed.damaged_images()
    for name, content in {
        "train/apple/extra": damaged["png_checksum"],
        "train/loose.jfif": damaged["jpeg_without_end"],
        "other/a/b.webp": malformed.encoded(malformed.drawing(1), "WEBP"),
        "notes.md": b"# Notes",
        "old_labels.csv": b"a;b\n1;2\n",
        ".cache/x.png": b"x",
        "train/Thumbs.db": b"x",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    (root / "gone.png").symlink_to(root / "absent.png")
    (root / "train/bus/sketch_0.JPEG").write_bytes(damaged["jpeg_truncated"])
    (root / "test/0.JPEG").write_bytes(b"no image")
    files = {path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir()}
    status, printed, errors = cli("run", root, "--recipe", tiny_file, "--out", tmp_path / "run")
    assert (status, errors) == (0, "")
    findings = json.loads((tmp_path / "run" / "audit" / "findings.json").read_text())
    assert findings["unused"] == {
        "image": ["other/a/b.webp", "train/apple/extra", "train/loose.jfif"],
        "table": ["old_labels.csv"],
        "other": ["gone.png"],
        "file": ["notes.md"],
        "hidden": [".cache/x.png", "train/Thumbs.db"],
    }
    named = [path for paths in findings["unused"].values() for path in paths]
    rows = {f"train/{name}/sketch_{k}.JPEG" for name in malformed.CLASSES for k in range(malformed.PER_CLASS)}
    rows |= {f"test/{k}.JPEG" for k in range(malformed.TEST_ROWS)}
    assert {*named, *rows, "train.csv", "test.csv", "sample_submission.csv"} == files
    assert len(named) == 8
    assert "8 (" in next(line for line in printed.splitlines() if line.startswith("files not used"))
    assert list(findings["damaged"]["train"]) == ["train/bus/sketch_0.JPEG"]
    assert list(findings["unreadable"]["test"]) == ["test/0.JPEG"]
    status, checked, _ = cli("check", root, "--recipe", tiny_file)
    assert status == 0
    for name in named:
        assert name in checked
