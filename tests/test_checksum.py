"""A mapping with its checksum: any change of a value is seen, and none of the layout."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.checksum import KEY, DamagedError, sealed, unsealed

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
MAPPINGS = st.dictionaries(st.text().filter(lambda key: key != KEY), VALUES, max_size=4)


@given(MAPPINGS)
def test_it_survives_another_layout(content: dict[str, Any]) -> None:
    text = json.dumps(sealed(content), indent=3, sort_keys=True)
    assert unsealed(json.loads(text)) == content


@given(MAPPINGS, st.data())
def test_one_changed_byte_gives_the_same_content_or_an_error(content: dict[str, Any], data: st.DataObject) -> None:
    raw = bytearray(json.dumps(sealed(content), indent=1).encode())
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    try:
        found = unsealed(json.loads(raw.decode()))
    except ValueError:
        return
    if isinstance(found, dict):
        assert {key: value for key, value in found.items() if key in content} == content


@pytest.mark.parametrize("content", [{"a": 1}, {}, [1, 2], "text", None])
def test_what_has_no_checksum_is_accepted(content: object) -> None:
    assert unsealed(content) == content


def test_a_changed_number_is_damage() -> None:
    with pytest.raises(DamagedError, match="checksum"):
        unsealed(sealed({"lr": 0.1}) | {"lr": 0.2})
