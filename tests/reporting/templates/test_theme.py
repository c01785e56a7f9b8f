"""The colours of pages: text can be read on every background, by the formula of WCAG 2.1, in both themes."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

TEXT = ("text", "dim", "accent", "good", "bad", "warn", *(f"s{number}" for number in range(8)))
BACKGROUNDS = ("bg", "soft", "warn-bg")


def _themes() -> list[dict[str, str]]:
    style = (files("sketchfit.reporting") / "templates" / "styles" / "theme.css").read_text(encoding="utf-8")
    blocks = [dict(re.findall(r"--([\w-]+): (#\w+);", block)) for block in re.findall(r"\{[^{}]*\}", style)]
    return [block for block in blocks if block]


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * one for one in colour[1:])
    shares = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4 for one in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_formula_gives_known_ratios() -> None:
    assert contrast("#fff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize("colour", TEXT)
def test_text_has_contrast_on_each_background(colour: str, background: str) -> None:
    themes = _themes()
    assert len(themes) == 3
    for theme in themes:
        assert contrast(theme[colour], theme[background]) >= 4.5


def test_both_ways_to_a_dark_page_have_the_same_colours() -> None:
    _, chosen, of_system = _themes()
    assert chosen == of_system
