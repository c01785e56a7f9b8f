"""The layouts of docs/layouts.md are read as the page describes, and give the same answers."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from sketchfit.config.load import load_recipe
from sketchfit.data.images import decode
from sketchfit.data.table import Table
from sketchfit.stages.tables import load_table
from tests.data.layouts.cases import CASES
from tests.data.layouts.page import PAGE, page_table
from tests.data.layouts.tree import TEST, VALID, Case, Expected, Tree, image
from tests.data.malformed import CLASSES, PER_CLASS
from tests.factories import Cli, probabilities, tiny_recipe

QUICK = CASES[5:60:14]
"""Layouts that are run in each test run; all are with `-m slow`."""


def by_layout(case: Case) -> str:
    return re.sub(r"\W+", "-", case.layout).strip("-")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, tiny_file: Path, cli: Cli) -> tuple[np.ndarray, np.ndarray]:
    """Out-of-fold and test probabilities of the plain layout."""
    root = tmp_path_factory.mktemp("plain")
    Tree(root).train()
    Tree(root).test()
    out = root.parent / "plain-run"
    assert cli("run", root, "--recipe", tiny_file, "--out", out)[0] == 0
    return probabilities(out / "ensemble/oof.npz")[1], probabilities(out / "ensemble/test.npz")[1]


def read(root: Path, expected: Expected) -> Table:
    return load_table(root / expected.data, load_recipe(tiny_recipe(), expected.settings), with_folds=False)


def assert_pixels(root: Path, paths: Sequence[str], numbers: Sequence[int]) -> None:
    assert len(paths) == len(numbers)
    for path, number in zip(paths, numbers, strict=True):
        np.testing.assert_array_equal(decode(root / path), decode(image(number)))


@pytest.mark.parametrize("case", CASES, ids=by_layout)
def test_rows_labels_and_counts(case: Case, tmp_path: Path) -> None:
    expected = case.build(Tree(tmp_path / "data"))
    table = read(tmp_path / "data", expected)
    assert table.class_labels == expected.labels
    assert table.class_names == (expected.names or expected.labels)
    numbers = [100 * c + n for c in range(len(CLASSES)) for n in range(PER_CLASS)]
    valid = [VALID + 100 * c for c in range(expected.valid)]
    if expected.same_pixels:
        assert_pixels(table.root, table.train.paths, [*numbers, *valid])
    assert table.label.tolist() == [0] * 4 + [1] * 4 + [2] * 4 + list(range(expected.valid))
    assert_pixels(table.root, table.test.paths, expected.test)
    assert any(line.startswith("training: ") and line.endswith(": 12 rows") for line in table.layout)
    assert any(line.startswith("validation: ") for line in table.layout) == bool(expected.valid)
    if expected.valid:
        assert table.columns["given_fold"].tolist() == ["-1"] * 12 + ["0"] * 3
    assert sum(len(unused.paths) for unused in table.unused if unused.kind == "image") == expected.unused


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=() if case in QUICK else pytest.mark.slow, id=by_layout(case)) for case in CASES],
)
def test_runs_give_the_same_answers(
    case: Case, plain: tuple[np.ndarray, np.ndarray], tiny_file: Path, cli: Cli, tmp_path: Path
) -> None:
    expected = case.build(Tree(tmp_path / "data"))
    settings = [part for setting in expected.settings for part in ("--set", setting)]
    place = tmp_path / "data" / expected.data
    status, _, errors = cli("run", place, "--recipe", tiny_file, "--out", tmp_path / "run", *settings)
    assert (status, errors) == (0, "")
    oof = probabilities(tmp_path / "run/ensemble/oof.npz")
    assert oof[0].tolist() == list(range(12 + expected.valid))
    if not expected.valid and expected.same_pixels:
        np.testing.assert_array_equal(oof[1], plain[0])
    if not expected.test:
        assert not (tmp_path / "run/submission.csv").exists()
        return
    prob = probabilities(tmp_path / "run/ensemble/test.npz")[1]
    if not expected.valid:
        order = [number - TEST for number in expected.test]
        np.testing.assert_array_equal(prob, plain[1][order])
    assert (tmp_path / "run/submission.csv").read_bytes() == submission(expected, prob)


@pytest.mark.parametrize("form", ["folders", "tables", "column"])
def test_a_validation_split_can_be_the_only_fold(form: str, tiny_file: Path, cli: Cli, tmp_path: Path) -> None:
    tree = Tree(tmp_path / "data")
    if form == "folders":
        tree.train()
        tree.valid()
    else:
        rows = [tree.train("images/{k}.png"), tree.valid("images/v{k}.png")]
        if form == "tables":
            tree.table("train.csv", ("path", "label"), rows[0])
            tree.table("val.csv", ("path", "label"), rows[1])
        else:
            both = [(*row, split) for part, split in zip(rows, ("train", "val"), strict=True) for row in part]
            tree.table("data.csv", ("path", "label", "split"), both)
    out = tmp_path / "run"
    fold = ("--set", "folds.column=given_fold")
    assert cli("run", tree.root, "--recipe", tiny_file, "--out", out, *fold)[0] == 0
    assert probabilities(out / "ensemble/oof.npz")[0].tolist() == [12, 13, 14]
    assert [path.name for path in (out / "members/test_resnet").iterdir()] == ["fold0"]


def test_check_prints_the_layout(tiny_file: Path, cli: Cli, tmp_path: Path) -> None:
    tree = Tree(tmp_path / "data")
    tree.train()
    tree.valid()
    tree.test()
    status, printed, _ = cli("check", tree.root, "--recipe", tiny_file, "--out", tmp_path / "run")
    assert status == 0
    for part in ("training: 3 class folders in train/: 12 rows", "validation: ", "test: images in test/: 5 rows"):
        assert part in printed


def submission(expected: Expected, prob: np.ndarray) -> bytes:
    """The submission file, written without the code under test."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=expected.delimiter, lineterminator=expected.line_end)
    writer.writerow(expected.header)
    texts = expected.texts or expected.labels
    for key, row in zip(expected.keys, prob, strict=True):
        cells = [texts[row.argmax()]] if expected.fill == "label" else [f"{row[int(k)]:.7g}" for k in expected.fill]
        writer.writerow([*key, *cells])
    return text.getvalue().encode(expected.encoding)


def test_the_page_has_each_layout() -> None:
    assert len(CASES) >= 40
    assert len({case.layout for case in CASES}) == len(CASES)
    assert page_table() in PAGE.read_text(encoding="utf-8")
