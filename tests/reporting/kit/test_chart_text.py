from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sketchfit.reporting.kit.chart_text import shortened, text_width


@settings(max_examples=50)
@given(st.text(max_size=60), st.floats(20, 400))
def test_a_cut_text_fits_and_begins_as_the_text(text: str, width: float) -> None:
    cut = shortened(text, width)
    assert text_width(cut) <= max(width, text_width("…"))
    assert cut == text or (cut.endswith("…") and text.startswith(cut[:-1]))


def test_wide_characters_count_as_such() -> None:
    assert text_width("고양이") > 1.5 * text_width("cat")
    assert text_width("e\u0301") == text_width("e")
