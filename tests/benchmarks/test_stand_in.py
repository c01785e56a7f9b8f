"""Stand-in test sets: near-duplicates together, nothing lost, names without a meaning."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.stand_in import held_out, labels_of, write_split
from benchmarks.timm_given_time import read_split
from sketchfit.auditing import AuditSettings, run_audit
from sketchfit.data.readers import read_table
from sketchfit.synthetic import draw_dataset


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("copies") / "data"
    return draw_dataset(out, classes=4, per_class=15, test_per_class=2, copies=0.4).out


def test_groups_of_near_duplicates_are_held_out_or_stay_as_one(data: Path, tmp_path: Path) -> None:
    held = held_out(data, tmp_path / "cache", 0.25, seed=1)
    table = read_table(data)
    group = run_audit(table, AuditSettings(), tmp_path / "cache").group
    assert len(np.unique(group)) < len(group)
    assert len({(int(g), bool(h)) for g, h in zip(group, held, strict=True)}) == len(np.unique(group))
    assert 0.1 < held.mean() < 0.4
    assert set(table.label[held]) == set(table.label)
    assert np.array_equal(held, held_out(data, tmp_path / "cache", 0.25, seed=1))


def test_every_image_is_in_one_of_the_sets_and_labels_are_elsewhere(data: Path, tmp_path: Path) -> None:
    held = np.arange(60) % 5 == 0
    assert write_split(data, held, tmp_path / "out", np.random.default_rng(0)) == 12
    before = pd.read_csv(data / "train.csv")
    out = tmp_path / "out"
    train, test, sample = (pd.read_csv(out / name) for name in ("train.csv", "test.csv", "sample_submission.csv"))
    truth = pd.read_csv(labels_of(out))
    assert list(train["image_path"]) == list(before["image_path"][~held])
    assert list(test.columns) == ["image_path"]
    assert list(test["image_path"].str.slice(0, 5)) == [f"{k:05d}" for k in range(12)]
    assert (sample["target"] == 0).all()
    content = {
        (data / "train" / path).read_bytes(): label
        for path, label in zip(before["image_path"], before["target"], strict=True)
    }
    assert sorted(path.name for path in out.iterdir()) == [
        "sample_submission.csv",
        "test",
        "test.csv",
        "train",
        "train.csv",
    ]
    for name, label in zip(truth["image_path"], truth["target"], strict=True):
        assert content[(out / "test" / name).read_bytes()] == label
    assert sorted(truth["target"]) == sorted(before["target"][held])


def test_a_table_of_other_rows_is_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="60"):
        write_split(data, np.zeros(59, dtype=bool), tmp_path / "out", np.random.default_rng(0))


def test_a_script_of_a_peer_reads_the_same_rows_and_labels(data: Path, tmp_path: Path) -> None:
    held = np.arange(60) % 5 == 0
    write_split(data, held, tmp_path / "out", np.random.default_rng(0))
    found = read_split(tmp_path / "out")
    before = pd.read_csv(data / "train.csv")
    label = {(data / "train" / row.image_path).read_bytes(): row.target for row in before.itertuples()}
    for paths, labels, count in ((found.train, found.label, 48), (found.test, found.truth, 12)):
        assert len(paths) == count
        assert [label[path.read_bytes()] for path in paths] == list(labels)
