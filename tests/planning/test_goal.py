from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sketchfit.errors import UserError
from sketchfit.planning.goal import Deadline, goal_of

NOW = datetime(2026, 11, 27, 17, 0)


@pytest.mark.parametrize("time", ["18m", 1080, 1080.0, timedelta(minutes=18)])
def test_a_time_is_a_text_seconds_or_a_timedelta(time: str | float | timedelta) -> None:
    goal = goal_of(Deadline(time, candidates=["resnet18"]), began=5.0)
    assert (goal.seconds, goal.until, goal.candidates, goal.began) == (1080.0, "", ("resnet18",), 5.0)


def test_a_time_of_the_day_is_the_next_one() -> None:
    assert goal_of(Deadline(until="17:30"), now=NOW).seconds == 1800.0
    goal = goal_of(Deadline(until="16:30"), now=NOW)
    assert goal.seconds == 23.5 * 3600
    assert goal.seconds_left(NOW + timedelta(hours=1)) == 22.5 * 3600


def test_a_time_with_a_zone_is_that_of_this_clock() -> None:
    end = datetime.now(UTC) + timedelta(hours=2)
    assert goal_of(Deadline(until=end)).seconds == pytest.approx(7200.0, abs=60)


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        (datetime(2027, 3, 28, 0, 0), 6),  # clocks are set forward at 2:00
        (datetime(2027, 10, 31, 0, 0), 8),  # clocks are set back at 3:00
        (datetime(2027, 6, 1, 0, 0), 7),
    ],
)
def test_a_time_of_the_day_is_right_in_nights_in_which_clocks_are_set(
    now: datetime, hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        goal = goal_of(Deadline(until="07:00"), now=now)
        assert goal.seconds == hours * 3600
        assert goal.seconds_left(now) == hours * 3600
        assert goal.ends == now.timestamp() + hours * 3600
    time.tzset()
    assert goal.ends == now_in_berlin(now) + hours * 3600, "its text has the offset"


def now_in_berlin(now: datetime) -> float:
    return now.replace(tzinfo=ZoneInfo("Europe/Berlin")).timestamp()


def test_a_quality_has_no_seconds_yet() -> None:
    goal = goal_of(Deadline(quality="good", allow_noncommercial=True))
    assert (goal.seconds, goal.quality, goal.allow_noncommercial) == (0.0, "good", True)


@pytest.mark.parametrize(
    "given",
    [{}, {"time": "18m", "until": "17:30"}, {"time": "soon"}, {"time": 3}, {"until": "25:00"}, {"quality": "superb"}],
)
def test_anything_else_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(UserError):
        Deadline(**given)
