from __future__ import annotations

import pytest

from sketchfit.commands.options import FAMILIES, options
from sketchfit.config.section import Section
from sketchfit.errors import UserError


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
