"""Subjects of commits."""

from __future__ import annotations

import pytest

from tools.check_subject import faults


@pytest.mark.parametrize(
    ("subject", "count"),
    [
        ("Add a loss for ordered classes", 0),
        ("x" * 73, 2),
        ("Fix it", 1),
        ("Add a loss for ordered classes.", 1),
        ("add a loss for ordered classes", 1),
        ("", 2),
        ("A" * 72, 0),
    ],
)
def test_faults(subject: str, count: int) -> None:
    assert len(faults(subject)) == count
