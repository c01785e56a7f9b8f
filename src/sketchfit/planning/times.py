"""Times as users write them: `90s`, `18m`, `8h30m`, `1.5h`, and times of the day."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from sketchfit.errors import UserError

UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}

SHORTEST = 30.0
"""Seconds: in less time nothing can be answered."""

EXAMPLES = "For example: 90s, 18m or 8h30m; a time of the day: 17:30."

_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?")

_WORDS = re.compile(r"(?<=\d)(h|m|s)(?:ours?|rs?|in(?:ute)?s?|ec(?:ond)?s?)")
"""`5min` is `5m`."""


def parse_duration(text: str) -> float:
    """Return a time in seconds.

    Args:
        text: hours, minutes and seconds with their letters, such as `8h30m`.

    Raises:
        UserError: another form, or less than `SHORTEST`.

    Examples:
        >>> parse_duration("1.5h"), parse_duration("18m"), parse_duration("8h30m"), parse_duration("5 min")
        (5400.0, 1080.0, 30600.0, 300.0)
    """
    short = _WORDS.sub(r"\1", text.strip().lower().replace(" ", ""))
    match = _DURATION.fullmatch(short)
    parts = [] if match is None else [(value, letter) for value, letter in zip(match.groups(), UNITS, strict=True)]
    if not any(value for value, _ in parts):
        if short.isdigit():
            raise UserError(f"{text!r} has no unit", f"For minutes: {short}m. {EXAMPLES}")
        raise UserError(f"{text!r} is not a time", EXAMPLES)
    seconds = sum(float(value) * UNITS[letter] for value, letter in parts if value)
    return checked(seconds, text)


def parse_until(text: str, now: datetime) -> datetime:
    """Return the next time of the day that a text such as `17:30` names: today, or tomorrow if it has passed.

    Args:
        text: hours and minutes of this machine's clock.
        now: local time without a zone; the result is the same.

    Raises:
        UserError: another form, or less than `SHORTEST` is left.
    """
    match = re.fullmatch(r"(\d{1,2}):(\d{2})", text.strip())
    hour, minute = (int(part) for part in match.groups()) if match else (24, 0)
    if hour > 23 or minute > 59:
        raise UserError(f"{text!r} is not a time of the day", EXAMPLES)
    found = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if found.timestamp() <= now.timestamp():
        found += timedelta(days=1)
    checked(found.timestamp() - now.timestamp(), text)
    return found


def checked(seconds: float, text: str) -> float:
    """Return seconds that are enough.

    Raises:
        UserError: they are not.
    """
    if seconds < SHORTEST:
        raise UserError(f"{text!r} is {seconds:.0f} s, and at least {SHORTEST:.0f} s are needed", EXAMPLES)
    return seconds
