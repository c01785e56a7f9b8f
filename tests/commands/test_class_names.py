"""What the user calls a class is what every output calls it, for any text: from train.csv to the score."""

from __future__ import annotations

import csv
import io
import random
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sketchfit.config.load import load_recipe
from sketchfit.data.label_text import clean_label
from sketchfit.data.labels import BLANKS, MISSING_TEXTS
from sketchfit.data.table import run_state
from sketchfit.runs.create import open_run
from sketchfit.stages.tables import load_table
from tests.data.malformed import drawing
from tests.factories import Cli, tiny_recipe

MOST = 6
WORDS = st.text(min_size=1, max_size=12).filter(lambda text: text.strip() and "\0" not in text)
LABELS = st.one_of(
    WORDS,
    WORDS.flatmap(lambda text: st.sampled_from([text.upper(), text.lower(), text.title()])),
    st.integers(-5, 10**12).map(str),
    st.integers(0, 99).map(lambda number: f"{number:03d}"),
    st.integers(0, 99).map(lambda number: f"{number}.0"),
    st.sampled_from(["True", "False", "사과", "a;b", "a:b", 'say "a"', "a,b", "a\nb", "'x'", "=1+1", "é", "名"]),
)
CLASSES = st.lists(LABELS, min_size=2, max_size=MOST, unique_by=clean_label).filter(
    lambda labels: not MISSING_TEXTS & {label.strip().casefold() for label in labels}
)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two training images and one test image for each of `MOST` classes."""
    folder = tmp_path_factory.mktemp("images")
    for kind, count in (("a", 2 * MOST), ("b", MOST)):
        for number in range(count):
            drawing(number).save(folder / f"{kind}{number}.png")
    return folder


def write_csv(path: Path, rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def labels_in(path: Path, column: str) -> list[str]:
    with path.open(newline="", encoding="utf-8") as file:
        return [row[column] for row in csv.DictReader(file)]


@contextmanager
def perfect_run(labels: Sequence[str], answers: Sequence[int], sample: str, images: Path) -> Iterator[Path]:
    """Folder with `data` and `run`: the tables for these labels, and a run whose test probabilities are the answers."""
    with TemporaryDirectory() as place:
        root = Path(place) / "data"
        root.mkdir()
        (root / "images").symlink_to(images)
        write_csv(
            root / "train.csv",
            [("image_path", "label"), *zip(names("a", 2 * len(labels)), [*labels, *labels], strict=True)],
        )
        write_csv(root / "test.csv", [("image_path",), *([name] for name in names("b", len(answers)))])
        if sample == "label":
            rows = [(name, "x", labels[0]) for name in names("b", len(answers))]
            write_csv(root / "sample_submission.csv", [("id", "Usage", "label"), *rows])
        if sample == "classes":
            rows = [(name, *["0"] * len(labels)) for name in names("b", len(answers))]
            write_csv(root / "sample_submission.csv", [("id", *labels), *rows])
        recipe = load_recipe(tiny_recipe({"data": {"follow_links": True}}))
        table = load_table(root, recipe)
        run = open_run(Path(place) / "run", recipe, run_state(table, "run"))
        run.ensemble.mkdir()
        order = [table.class_labels.index(label.strip(BLANKS)) for label in labels]
        prob = np.eye(len(labels), dtype=np.float32)[[order[answer] for answer in answers]]
        np.savez(run.ensemble / "test.npz", row=np.arange(len(answers)), prob=prob)
        truth = [(name, labels[answer]) for name, answer in zip(names("b", len(answers)), answers, strict=True)]
        random.Random(0).shuffle(truth)
        write_csv(Path(place) / "truth.csv", [("image_path", "label"), *truth])
        yield Path(place)


def names(kind: str, count: int) -> list[str]:
    return [f"{kind}{number}.png" for number in range(count)]


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CLASSES, st.sampled_from(["none", "label", "classes"]), st.data())
def test_a_perfect_model_is_right_under_the_users_names(
    images: Path, cli: Cli, labels: list[str], sample: str, data: st.DataObject
) -> None:
    answers = data.draw(st.lists(st.integers(0, len(labels) - 1), min_size=2, max_size=MOST))
    with perfect_run(labels, answers, sample, images) as place:
        status, _, errors = cli("submit", place / "run", "--partial")
        assert status == 0, errors
        assert cli("submit", place / "run", "--check", "--partial")[0] == 0
        wanted = [labels[answer].strip(BLANKS) for answer in answers]
        submission = place / "run" / "submission.csv"
        if sample == "classes":
            with submission.open(newline="", encoding="utf-8") as file:
                header, *rows = csv.reader(file)
            assert header == ["id", *labels]
            assert [labels[row.index("1") - 1].strip(BLANKS) for row in rows] == wanted
        else:
            assert labels_in(submission, "label" if sample == "label" else "target") == wanted
        status, printed, errors = cli("score", place / "run", place / "truth.csv", "--partial")
        assert status == 0, errors
        assert "top-1  100.0 %" in printed


@pytest.mark.parametrize(
    "labels",
    [
        ("000", "007", "010", "100"),
        pytest.param(("False", "True", "1.0", "-1"), marks=pytest.mark.slow),
        ("사과", "Cat", "cat", "a;b:c"),
        pytest.param(("1", "2", "10", "20"), marks=pytest.mark.slow),
    ],
)
def test_every_output_of_a_run_has_the_users_names(
    labels: tuple[str, ...], drawn: Path, tiny_file: Path, cli: Cli, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(drawn, data)
    (data / "sample_submission.csv").unlink()
    frame = pd.read_csv(data / "train.csv")
    frame["label"] = [labels[number] for number in frame["target"]]
    frame[["image_path", "label"]].to_csv(data / "train.csv", index=False)
    status, _, errors = cli("run", data, "--recipe", tiny_file, "--out", tmp_path / "run")
    assert status == 0, errors
    submission = labels_in(tmp_path / "run" / "submission.csv", "target")
    assert set(submission) <= set(labels)
    _, printed, _ = cli("predict", tmp_path / "run", data / "test.csv")
    table = list(csv.DictReader(io.StringIO(printed)))
    assert [row["label"] for row in table] == submission
    truth = pd.read_csv(data / "test_labels.csv")["target"].map(dict(enumerate(labels))).tolist()
    write_csv(tmp_path / "truth.csv", [("image_path", "kind"), *zip(names_of(data), truth, strict=True)])
    right = np.mean([one == other for one, other in zip(submission, truth, strict=True)])
    assert f"top-1  {100 * right:.1f} %" in cli("score", tmp_path / "run", tmp_path / "truth.csv")[1]
    write_csv(
        tmp_path / "indices.csv",
        [("ID", "image_path", "target"), *([str(k), name, "3"] for k, name in enumerate(names_of(data)))],
    )
    assert cli("submit", tmp_path / "run", tmp_path / "indices.csv", "--check")[0] == 2


def names_of(data: Path) -> list[str]:
    return pd.read_csv(data / "test.csv")["image_path"].tolist()
