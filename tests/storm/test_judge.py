"""The storm's own judgement: it must notice what may not occur."""

from __future__ import annotations

import pytest

from tests.storm.judge import Ending, Verdict, end_of, refusal, with_results, worst
from tests.storm.process import Finished
from tests.storm.tally import COLUMNS, Try, table


def finished(status: int, err: str = "", out: str = "", hung: bool = False) -> Finished:
    return Finished(status, out, err, 1.0, 100.0, hung)


@pytest.mark.parametrize(
    ("end", "verdict"),
    [
        (finished(0), "survived"),
        (finished(2, "error: run/last.ckpt is damaged\nDelete it.\n"), "refused"),
        (finished(2, "error: training.lr: must be above 0; set another value\n"), "refused"),
        (finished(2, "error: something is wrong\nTry again.\n"), "unclear"),
        (finished(2, "error: run/last.ckpt is damaged\n"), "unclear"),
        (finished(2, "it failed\n"), "unclear"),
        (finished(1, "no\n"), "unclear"),
        (finished(-7), "hung or crashed"),
        (finished(135), "hung or crashed"),
        (finished(-9, hung=True), "hung or crashed"),
        (finished(1, "Traceback (most recent call last):\n  …\nOSError: no\n"), "traceback"),
        (finished(0, "Traceback (most recent call last):\n  …\nOSError: no\n"), "traceback"),
    ],
)
def test_a_command_is_judged_by_its_end(end: Finished, verdict: Verdict) -> None:
    assert end_of(end).verdict == verdict


def test_a_good_end_with_other_results_is_silently_wrong() -> None:
    good = Ending("survived")
    assert with_results(good, []).verdict == "survived"
    assert with_results(good, ["submission.csv"]).verdict == "silently wrong"
    assert with_results(good, ["submission.csv"], noted=True).verdict == "survived"
    assert with_results(Ending("refused"), ["submission.csv"]).verdict == "refused"


def test_the_worst_ending_of_a_try_counts() -> None:
    survived, refused, wrong = Ending("survived"), Ending("refused"), Ending("silently wrong")
    assert worst(survived, refused) == refused
    assert worst(refused, wrong, survived) == wrong
    assert worst(survived, survived) == survived


def test_a_refusal_keeps_its_sentences() -> None:
    assert refusal("note: x\nerror: a/b is damaged\nDelete it.\n").why == "a/b is damaged / Delete it."


def test_the_table_counts_by_kind() -> None:
    tries = [
        Try("kills", "one", Ending("survived"), 1.0),
        Try("kills", "two", Ending("silently wrong"), 1.0),
        Try("disks", "three", Ending("refused"), 1.0),
    ]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table(tries).splitlines()]
    assert rows[0] == ["kind of fault", "tries", *COLUMNS]
    assert rows[2] == ["kills", "2", "1", "0", "1", "0", "0", "0"]
    assert rows[3] == ["disks", "1", "0", "1", "0", "0", "0", "0"]
    assert rows[4] == ["all", "3", "1", "1", "1", "0", "0", "0"]
    assert [one.failed for one in tries] == [False, True, False]
