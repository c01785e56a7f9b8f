"""The arithmetic and the order of the benchmarks; nothing is timed here."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from benchmarks.clock import Waiting
from benchmarks.measure import (
    Candidate,
    Column,
    Measurement,
    NotHere,
    Outcome,
    advantage,
    interleave,
    narrowed,
    ratio_heading,
    ratios,
    spread,
    table,
)


def measurement(**settings: object) -> Measurement:
    candidates = tuple(Candidate(name, "nowhere:nothing") for name in ("ours", "theirs", "other"))
    return Measurement("Speed", "Text.", "images/s", candidates, **settings)  # type: ignore[arg-type]


def outcomes(**values: list[float]) -> dict[str, Outcome]:
    return {name: Outcome([{"value": value} for value in found]) for name, found in values.items()}


def test_candidates_run_in_turn() -> None:
    seen: list[str] = []

    def run(candidate: Candidate) -> Mapping[str, float]:
        seen.append(candidate.name)
        return {"value": float(len(seen))}

    found = interleave(measurement().candidates, 3, run)
    assert seen == ["ours", "theirs", "other"] * 3
    assert found["theirs"].values() == [2.0, 5.0, 8.0]


def test_some_candidates_are_measured_alone() -> None:
    (one,) = narrowed([measurement()], "theirs; ours")
    assert [candidate.name for candidate in one.candidates] == ["ours", "theirs"]
    assert narrowed([measurement()], None) == [measurement()]
    other = Measurement("Other", "Text.", "s", (Candidate("else", "nowhere:nothing"),))
    assert [found.title for found in narrowed([measurement(), other], "else")] == ["Other"]
    with pytest.raises(SystemExit, match="no row is called mine"):
        narrowed([measurement()], "mine;ours")


def test_one_that_fails_or_is_not_there_leaves_the_others_in_turn() -> None:
    seen: list[str] = []

    def run(candidate: Candidate) -> Mapping[str, float]:
        seen.append(candidate.name)
        if candidate.name == "theirs":
            raise NotHere("not installed")
        if candidate.name == "other" and len(seen) > 3:
            raise RuntimeError("out of memory")
        return {"value": 1.0}

    found = interleave(measurement().candidates, 3, run)
    assert seen == ["ours", "theirs", "other", "ours", "other", "ours"]
    assert (found["theirs"].trouble, found["theirs"].absent, found["theirs"].rounds) == ("not installed", True, [])
    assert (found["other"].trouble, found["other"].absent) == ("failed: out of memory", False)
    assert found["other"].values() == [1.0]  # the round before it failed


def test_twice_as_fast_is_two_in_images_and_in_seconds() -> None:
    assert advantage(100, 50, higher_is_better=True) == 2
    assert advantage(5, 10, higher_is_better=False) == 2
    assert advantage(5, 0, higher_is_better=True) == float("inf")


def test_ratios_are_of_medians_and_not_medians_of_ratios() -> None:
    found = outcomes(ours=[10, 100, 30], theirs=[5, 10, 60], other=[])
    assert ratios(measurement(subject="ours"), found) == {"ours": 1.0, "theirs": 3.0}
    assert ratios(measurement(reference="theirs"), found) == {"ours": 3.0, "theirs": 1.0}
    assert ratios(measurement(subject="ours", higher_is_better=False), found)["theirs"] == pytest.approx(1 / 3)
    assert ratios(measurement(subject="other"), found) == {}
    assert ratios(measurement(), found) == {}


@pytest.mark.parametrize("higher", [True, False])
@pytest.mark.parametrize("anchor", ["subject", "reference"])
def test_the_heading_says_what_was_divided_by_what(anchor: str, higher: bool) -> None:
    one = measurement(**{anchor: "ours"}, higher_is_better=higher)
    found = ratios(one, outcomes(ours=[4.0], theirs=[8.0]))["theirs"]
    assert found == {"ours ÷ this": 0.5, "this ÷ ours": 2.0}[ratio_heading(one)]
    assert found == (2.0 if (anchor == "subject") != higher else 0.5)


def test_spread() -> None:
    assert spread([3.0, 1.0, 2.0]) == "2.0 (1.0–3.0)"
    assert spread([4.0, 1.0, 2.0, 3.0], "{:.2f}") == "2.50 (1.00–4.00)"
    assert spread([7.0]) == "7.0"
    assert spread([]) == "–"


def test_the_table_to_the_letter() -> None:
    found = {
        "ours": Outcome([{"value": 20.0, "waiting": 1.0}, {"value": 22.0, "waiting": 3.0}]),
        "theirs": Outcome([{"value": 10.0}, {"value": 11.0}]),
        "other": Outcome(trouble="not installed (no | here)", absent=True),
    }
    columns = (Column("waiting", "waiting, %"), Column("never", "nobody has it"))
    assert table(measurement(subject="ours", columns=columns), found).splitlines() == [
        "|  | images/s, median (min–max) | ours ÷ this | waiting, % |",
        "| --- | --- | --- | --- |",
        "| ours | 21.0 (20.0–22.0) | 1.00 | 2.0 |",
        "| theirs | 10.5 (10.0–11.0) | 2.00 | – |",
        "| other | not installed (no / here) | – | – |",
    ]


def test_waiting_counts_what_the_source_takes_and_not_what_is_done_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0

    def source():
        nonlocal now
        for item in range(3):
            now += 2.0
            yield item
        now += 1.0

    monkeypatch.setattr("benchmarks.clock.time.perf_counter", lambda: now)
    waiting = Waiting()
    for _ in waiting.over(source()):
        now += 10.0
    assert now == 37.0
    assert waiting.seconds == 7.0
