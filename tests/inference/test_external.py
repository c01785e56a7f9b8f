"""Other people's submissions as members."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sketchfit.data.dialect import Dialect
from sketchfit.data.submission import LabelFill, ProbabilityFill, RankedFill, Submission
from sketchfit.errors import UserError
from sketchfit.inference import votes
from sketchfit.inference.external import guessed_weights, parse_external
from sketchfit.inference.submission_text import probabilities_text, submission_text
from tests.factories import make_table

TABLE = make_table(
    test=("test/a", "test/b"),
    class_names=("ant", "bee", "cat"),
    class_labels=("10", "20", "30"),
    submission=Submission(
        ("ID", "image_path", "target"),
        (("7", "b", "10"), ("3", "a", "10")),
        np.array([1, 0]),
        (None, None, LabelFill(("10", "20", "30"))),
    ),
)
PROB = np.array([[0.1, 0.2, 0.7], [0.2, 0.5, 0.3]], dtype=np.float32)


def test_labels_in_any_order_of_rows() -> None:
    prob = parse_external("\ufeffID,image_path,target\r\n3,a,30\r\n7,b,10\r\n", TABLE, 0.8)
    assert prob == pytest.approx(np.array([[0.1, 0.1, 0.8], [0.8, 0.1, 0.1]]))


@pytest.mark.parametrize("columns", ["cat,ant,bee", "30,10,20"])
def test_probabilities_by_class_name_or_target(columns: str) -> None:
    prob = parse_external(f"image_path,{columns},ID\na,0.5,0.2,0.3,3\nb,0,1,0,7\n", TABLE, 0.8)
    assert prob == pytest.approx(np.array([[0.2, 0.3, 0.5], [1, 0, 0]]))


WRONG = {
    "": "columns must be ID,image_path,target, or ID,image_path and one per class",
    "ID,image_path,ant,bee\n3,a,1,0\n": "columns must be",
    "ID,image_path,ant,bee,dog\n3,a,1,0,0\n": "columns must be",
    "ID,image_path,target\n3,a,30\n": "1 row is missing: 7,b",
    "ID,image_path,target\n3,a,30\n3,a,10\n7,b,10\n": "1 row occurs more than once",
    "ID,image_path,target\n3,a,30\n7,b,40\n": "no class of the table: 40",
    "ID,image_path,target\n3,a,30\n7,b\n": "lines 3 do not have 3 fields",
    "ID,image_path,ant,bee,cat\n3,a,1,0,x\n7,b,1,0,0\n": "a probability is no number",
    "ID,image_path,ant,bee,cat\n3,a,1,0,nan\n7,b,1,0,0\n": "1 row holds no probabilities that sum to 1",
    "ID,image_path,ant,bee,cat\n3,a,1,0,0.2\n7,b,1.5,-0.5,0\n": "2 rows hold no probabilities that sum to 1",
}


@pytest.mark.parametrize("text", WRONG)
def test_wrong_files_are_refused_with_the_reason(text: str) -> None:
    with pytest.raises(UserError, match=WRONG[text]):
        parse_external(text, TABLE, 0.8)


def test_guessed_weights_by_hand_and_against_equal_ones() -> None:
    weights = guessed_weights(np.array([0.9, 0.5, 0.1]), 3)
    odds = np.log([18, 2])
    assert weights == pytest.approx([*(odds / odds.sum()), 0])
    assert guessed_weights(np.array([0.1, 0.2]), 3).tolist() == [0.5, 0.5]
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 5, 20_000)
    skills = np.array([0.9, 0.5, 0.5, 0.5])
    labels = [np.where(rng.random(20_000) < a, truth, (truth + rng.integers(1, 5, 20_000)) % 5) for a in skills]
    members = [votes.from_labels(label, 5, a) for label, a in zip(labels, skills, strict=True)]
    even = (votes.hard_vote(members).argmax(1) == truth).mean()
    weighted = (votes.hard_vote(members, guessed_weights(skills, 5)).argmax(1) == truth).mean()
    assert weighted > even + 0.02


def test_of_several_labels_the_first_counts() -> None:
    form = replace(TABLE.submission, fills=(None, None, RankedFill(("10", "20", "30"), 2, " ")))
    prob = parse_external("ID,image_path,target\n3,a,30 10\n7,b,10 20\n", replace(TABLE, submission=form), 0.8)
    assert prob.argmax(axis=1).tolist() == [2, 0]


def test_labels_as_the_sample_writes_them() -> None:
    names, texts = ("red ant", "red bee", "cat"), ("red_ant", "red_bee", "cat")
    for fill in (RankedFill(texts, 2, " "), LabelFill(texts)):
        form = replace(TABLE.submission, fills=(None, None, fill))
        table = replace(TABLE, class_names=names, class_labels=names, submission=form)
        assert parse_external(submission_text(table, PROB), table, 0.8).argmax(axis=1).tolist() == [2, 1]
    prob = parse_external("ID,image_path,target\n3,a,red ant\n7,b,cat\n", table, 0.8)
    assert prob.argmax(axis=1).tolist() == [0, 2]


@pytest.mark.parametrize("delimiter", [",", " ", "\t"])
def test_a_sample_without_column_names(delimiter: str) -> None:
    columns, rows = ("image_path", "label"), (("b", "10"), ("a", "10"))
    form = Submission(
        columns,
        rows,
        np.array([1, 0]),
        (None, LabelFill(("10", "20", "30"))),
        dialect=Dialect(delimiter, header=None),
    )
    table = replace(TABLE, submission=form)
    assert parse_external(submission_text(table, PROB), table, 0.8).argmax(axis=1).tolist() == [2, 1]
    assert parse_external(probabilities_text(table, PROB), table, 0.8) == pytest.approx(PROB)
    with pytest.raises(UserError, match="lines 1 do not have 2 fields"):
        parse_external(f"a{delimiter}10{delimiter}x\nb{delimiter}20\n", table, 0.8)


@pytest.mark.parametrize("labels", ["ant,bee", "ANT,BEE", "10.0,20.0"])
def test_labels_may_be_written_in_any_form(labels: str) -> None:
    one, two = labels.split(",")
    prob = parse_external(f"ID,image_path,target\n3,a,{two}\n7,b,{one}\n", TABLE, 0.8)
    assert prob.argmax(axis=1).tolist() == [1, 0]


def test_the_delimiter_of_the_sample() -> None:
    submission = replace(TABLE.submission, dialect=Dialect(";"))
    prob = parse_external("ID;image_path;target\n3;a;30\n7;b;10\n", replace(TABLE, submission=submission), 0.8)
    assert prob.argmax(axis=1).tolist() == [2, 0]


def test_probabilities_are_preferred_to_labels() -> None:
    columns = ("ID", "label", "ant", "bee", "cat")
    fills = (None, LabelFill(("ant", "bee", "cat")), *map(ProbabilityFill, range(3)))
    submission = Submission(columns, (("7", *"0000"), ("3", *"0000")), np.array([1, 0]), fills)
    text = "ID,label,ant,bee,cat\n3,cat,0.2,0.3,0.5\n7,ant,1,0,0\n"
    prob = parse_external(text, replace(TABLE, submission=submission), 0.8)
    assert prob == pytest.approx(np.array([[0.2, 0.3, 0.5], [1, 0, 0]]))


def test_a_long_cell_is_read() -> None:
    text = f"ID,image_path,target\n3,a,30\n7,b,{' ' * 200_000}10\n"
    assert parse_external(text, TABLE, 0.8)[1].argmax() == 0
