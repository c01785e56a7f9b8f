from __future__ import annotations

import pytest

from sketchfit.wording import counted, listed


@pytest.mark.parametrize(
    ("items", "text"), [([], ""), (["a", "b"], "a, b"), (range(3), "0, 1, 2"), (range(2003), "0, 1, 2 and 2,000 more")]
)
def test_items_beyond_the_limit_are_counted(items: list[object], text: str) -> None:
    assert listed(items, limit=3) == text


def test_only_one_is_singular() -> None:
    assert [counted(number, "row") for number in (0, 1, 1200)] == ["0 rows", "1 row", "1,200 rows"]
