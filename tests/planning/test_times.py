from __future__ import annotations

from datetime import datetime

import pytest

from sketchfit.errors import UserError
from sketchfit.planning.times import parse_duration, parse_until

NOON = datetime(2026, 3, 1, 12, 0, 30)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("18m", 1080), ("8h30m", 30600), ("1.5h", 5400), ("1h 0m 5s", 3605), ("2H", 7200), ("0.5m", 30)],
)
def test_times_are_read(text: str, seconds: float):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "18", "18 apples", "m", "-5m", "1m2h", "nan s", "29s", "0h"])
def test_other_texts_are_refused_with_examples(text: str):
    with pytest.raises(UserError) as caught:
        parse_duration(text)
    assert repr(text) in caught.value.problems[0]
    assert "18m" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("17:30", datetime(2026, 3, 1, 17, 30)),
        ("12:02", datetime(2026, 3, 1, 12, 2)),
        ("12:00", datetime(2026, 3, 2, 12, 0)),
        ("9:05", datetime(2026, 3, 2, 9, 5)),
    ],
)
def test_a_time_of_the_day_that_has_passed_is_tomorrows(text: str, end: datetime):
    assert parse_until(text, NOON) == end


@pytest.mark.parametrize("text", ["25:00", "12:60", "noon", "12", "12:01"])
def test_other_times_of_the_day_are_refused(text: str):
    with pytest.raises(UserError):
        parse_until(text, NOON.replace(minute=0, second=31))
