from __future__ import annotations

from pathlib import Path

import pytest

from sketchfit.commands.options import FAMILIES, markdown, options
from sketchfit.config.problems import setting_names
from sketchfit.config.scope import settings
from sketchfit.config.section import Section
from sketchfit.errors import UserError

PAGE = Path(__file__).resolve().parents[2] / "docs" / "options.md"


def test_the_page_is_not_stale():
    assert PAGE.read_text(encoding="utf-8") == markdown(), "run: sketchfit options --markdown > docs/options.md"


def test_every_setting_is_on_the_page_and_explained():
    page = markdown()
    keys = {setting.key: setting.field for setting in settings()}
    assert set(keys) <= set(setting_names())
    for key, field in keys.items():
        assert f"| `{key}` |" in page, key
        assert field.description, key


def test_defaults_and_bounds_are_told():
    page = markdown()
    assert "| `optimizer.lr` | `0.001` | number > 0 |" in page
    assert "| `training.clip_grad` | null | number > 0 or null |" in page
    assert "| `averaging.soup` | `none` | `none`, `uniform`, `greedy` |" in page
    assert "| `until` |  | integer or number |" in page


@pytest.mark.parametrize("family", FAMILIES)
def test_every_choice_has_a_name_and_most_a_line(family):
    found = options(family)
    assert len({name for name, _ in found}) == len(found) >= 3
    assert sum(bool(text) for _, text in found) >= len(found) - 1


def test_names_are_filtered():
    names = [name for name, _ in options("optimizers", "adamw")]
    assert "adamw" in names
    assert all("adamw" in name for name in names)
    assert [name for name, _ in options("losses", "p*")] == ["poly1"]


def test_an_unknown_family_lists_the_known():
    with pytest.raises(UserError, match="no family 'colours'"):
        options("colours")


def test_sections_say_what_they_are():
    assert all(kind.__doc__ for kind in Section.__subclasses__())
