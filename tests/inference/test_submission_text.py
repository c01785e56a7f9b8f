"""The submission: the sample's columns and order, and every way in which a file can fail to be one."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sketchfit.data.dialect import Dialect
from sketchfit.data.submission import LabelFill, Submission
from sketchfit.data.table import Table
from sketchfit.errors import UserError
from sketchfit.inference.submission_check import check_submission
from sketchfit.inference.submission_text import submission_text
from tests.factories import make_table

NAMES = ("0.JPEG", "a,b.JPEG", "사과.JPEG")
PROB = np.array([[0.1, 0.8, 0.1], [0.4, 0.2, 0.4], [0.0, 0.0, 1.0]], dtype=np.float32)


def table(with_sample: bool = True, encoding: str = "utf-8") -> Table:
    rows = (("7", NAMES[2], "10"), ("3", NAMES[0], "10"), ("5", NAMES[1], "10"))
    fills = (None, None, LabelFill(("10", "20", "30")))
    sample = Submission(("ID", "image_path", "target"), rows, np.array([2, 0, 1]), fills, encoding)
    return make_table(
        test=tuple(f"test/{name}" for name in NAMES),
        class_names=("ant", "bee", "cat"),
        class_labels=("10", "20", "30"),
        submission=sample if with_sample else None,
    )


def test_the_samples_order_and_the_tables_own_class_numbers() -> None:
    # row 1 of the test table is a tie of classes 0 and 2: the lower index answers
    assert submission_text(table(), PROB) == 'ID,image_path,target\n7,사과.JPEG,30\n3,0.JPEG,20\n5,"a,b.JPEG",10\n'


def test_without_a_sample() -> None:
    text = submission_text(table(with_sample=False), PROB)
    assert text == 'ID,image_path,target\n0,0.JPEG,20\n1,"a,b.JPEG",10\n2,사과.JPEG,30\n'


def test_probabilities_that_cannot_answer_are_refused() -> None:
    with pytest.raises(UserError, match="do not fit 3 test rows"):
        submission_text(table(), PROB[:2])
    broken = PROB.copy()
    broken[1, 0] = np.nan
    with pytest.raises(UserError, match="1 test row has probabilities that are not finite: 1"):
        submission_text(table(), broken)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
def test_what_was_written_is_found_right(tmp_path: Path, encoding: str) -> None:
    asked = table(encoding=encoding)
    path = tmp_path / "submission.csv"
    path.write_bytes(submission_text(asked, PROB).encode(encoding))
    assert check_submission(path, asked) == []
    path.write_bytes(submission_text(asked, PROB).replace("\n", "\r\n").encode(encoding))
    assert check_submission(path, asked) == []


SPOILT: dict[str, tuple[Callable[[list[str]], list[str]], str]] = {
    "columns": (lambda lines: ["id,image_path,target", *lines[1:]], "columns are id,image_path,target"),
    "column order": (lambda lines: ["image_path,ID,target", *lines[1:]], "columns are image_path,ID"),
    "empty": (lambda lines: [], "is empty"),
    "missing": (lambda lines: lines[:-1], "1 row of the sample is missing: 5,a,b.JPEG"),
    "surplus": (lambda lines: [*lines, "9,9.JPEG,10"], "1 row is not in the sample: 9,9.JPEG"),
    "duplicate": (lambda lines: [*lines, lines[2]], "1 row occurs more often than in the sample: 3,0.JPEG"),
    "order": (lambda lines: [lines[0], lines[2], lines[1], lines[3]], "order differs from the sample's at 2 lines"),
    "class": (lambda lines: [*lines[:3], lines[3].replace(",10", ",11")], "no class of the table: 11 "),
    "nan": (lambda lines: [*lines[:3], lines[3].replace(",10", ",nan")], "no class of the table: nan in line 4"),
    "float": (lambda lines: [*lines[:3], lines[3].replace(",10", ",10.0")], "no class of the table: 10.0"),
    "no answer": (lambda lines: [*lines[:3], lines[3].replace(",10", ",")], r"no class of the table: \(empty\)"),
    "ragged": (lambda lines: [*lines[:3], "5"], "1 line does not have 3 fields: lines 4"),
}


@pytest.mark.parametrize("kind", SPOILT)
def test_a_spoilt_file_is_described(tmp_path: Path, kind: str) -> None:
    spoil, words = SPOILT[kind]
    path = tmp_path / "submission.csv"
    path.write_text("\n".join(spoil(submission_text(table(), PROB).splitlines())), encoding="utf-8")
    problems = check_submission(path, table())
    assert len(problems) == 1
    assert re.search(words, problems[0]), problems[0]


def test_lines_are_counted_from_1_without_column_names(tmp_path: Path) -> None:
    asked = table()
    assert asked.submission is not None
    asked = replace(asked, submission=replace(asked.submission, dialect=Dialect(header=None)))
    lines, path = submission_text(asked, PROB).splitlines(), tmp_path / "submission.csv"
    path.write_text("\n".join([lines[0].replace(",30", ",99"), *lines[1:]]), encoding="utf-8")
    assert "99 in line 1;" in check_submission(path, asked)[0]
    path.write_text("\n".join([lines[1], lines[0], lines[2]]), encoding="utf-8")
    assert "lines 1, 2" in check_submission(path, asked)[0]


def test_several_problems_are_told_together(tmp_path: Path) -> None:
    path = tmp_path / "submission.csv"
    path.write_text("ID,image_path,target\n3,0.JPEG,20\n3,0.JPEG,99\n4,x,10\n", encoding="utf-8")
    assert len(check_submission(path, table())) == 4


def test_an_unreadable_file_is_a_problem_not_a_crash(tmp_path: Path) -> None:
    assert "can't be read" in check_submission(tmp_path / "none.csv", table())[0]
    path = tmp_path / "submission.csv"
    path.write_bytes("사과".encode("cp949"))
    assert "can't be read" in check_submission(path, table())[0]
