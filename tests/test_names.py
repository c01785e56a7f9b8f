"""Names that every system can make."""

from __future__ import annotations

import pytest

from sketchfit.config.parse import parse_recipe
from sketchfit.errors import UserError
from sketchfit.names import name_problem


@pytest.mark.parametrize("name", ["con", "NUL", "aux.b0", "com1"])
def test_devices_are_no_names(name: str) -> None:
    assert name_problem(name, [name]) is not None


@pytest.mark.parametrize("name", ["console", "com", "com10", "resnet18.a1", "b.con"])
def test_others_are(name: str) -> None:
    assert name_problem(name, [name, "other"]) is None


@pytest.mark.parametrize("members", [{"aux": {}}, {"a": {}, "A": {}}, {"a.": {}}])
def test_members_have_names_that_every_system_can_make(members: dict[str, dict[str, int]]) -> None:
    with pytest.raises(UserError) as caught:
        parse_recipe({"members": members})
    assert any(problem.startswith("members.") for problem in caught.value.problems)
