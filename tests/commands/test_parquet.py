"""A run on Parquet tables that contain their images: as on the same images in files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sketchfit.runs.run import Run
from tests.factories import Cli, probabilities, rows_of


@pytest.fixture(scope="module")
def parquet(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The drawings of `drawn` in train.parquet and test.parquet, as Hugging Face writes them."""
    folder = tmp_path_factory.mktemp("parquet") / "data"
    folder.mkdir()
    train, test = rows_of(drawn / "train.csv"), rows_of(drawn / "test.csv")
    names = sorted({row["class_name"] for row in train})
    features = {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": names}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    for split, rows in (("train", train), ("test", test)):
        paths = [row["image_path"] for row in rows]
        images = [{"bytes": (drawn / split / path).read_bytes(), "path": path} for path in paths]
        label = [names.index(row["class_name"]) if split == "train" else -1 for row in rows]
        table = pa.table({"image": images, "label": label}).replace_schema_metadata(metadata)
        pq.write_table(table, folder / f"{split}.parquet", row_group_size=10)
    return folder


def test_a_run_is_that_on_files(parquet: Path, plain: Path, tiny_file: Path, cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "run"
    status, printed, errors = cli("run", parquet, "--recipe", tiny_file, "--out", out)
    assert (status, errors) == (0, "")
    assert "not used" not in printed
    for split in ("oof", "test"):
        for here, there in zip(
            *(probabilities(run / "ensemble" / f"{split}.npz") for run in (out, plain)), strict=True
        ):
            assert np.array_equal(here, there)
    lines, expected = rows_of(out / "submission.csv"), rows_of(plain / "submission.csv")
    assert [line["image_path"] for line in lines] == [f"test.parquet#{k}" for k in range(1, len(expected) + 1)]
    assert [line["target"] for line in lines] == [line["target"] for line in expected]
    assert Run.open(out).table.class_names == Run.open(plain).table.class_names
    assert cli("submit", out, "--check")[0] == 0
    status, _, errors = cli("predict", out, parquet / "test.parquet", "--out", tmp_path / "p.csv")
    assert (status, errors) == (0, "")
    assert [row["error"] for row in rows_of(tmp_path / "p.csv")] == [""] * len(lines)
    assert cli("report", out, "--set", "report.attribution=0", "--set", "report.robustness=0")[0] == 0


def test_cells_of_a_table_do_not_leave_the_folder(parquet: Path, tmp_path: Path, cli: Cli) -> None:
    (tmp_path / "train.csv").write_text("image,label\n../data.parquet#1,a\n/x.parquet#2,b\n")
    status, _, errors = cli("check", tmp_path)
    assert status == 2
    assert "train.csv" in errors
