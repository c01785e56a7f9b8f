"""Settings of a drawn data set: what does not fit together is refused, all problems at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sketchfit.errors import UserError
from sketchfit.synthetic.settings import DrawSettings


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"families": -1}, ["families"]),
        ({"families": 31}, ["families", "30"]),
        ({"split": "family"}, ["split", "families"]),
        ({"names": "plain"}, ["names", "families"]),
        ({"families": 5, "split": "model"}, ["split", "family", "random"]),
        ({"families": 5, "names": "long"}, ["names", "family", "plain"]),
    ],
)
def test_one_bad_value_is_named_with_what_is_allowed(changes: dict[str, object], words: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        replace(DrawSettings(), **changes).check()  # type: ignore[arg-type]
    (problem,) = caught.value.problems
    assert all(word in str(problem) for word in words)


def test_all_bad_values_are_named_together() -> None:
    with pytest.raises(UserError) as caught:
        DrawSettings(classes=1, per_class=0, seed=-1, copies=0.6, families=3, split="x", names="y").check()
    assert len(caught.value.problems) == 7


@pytest.mark.parametrize("families", [1, 30])
def test_any_number_of_families_up_to_the_drawings_is_allowed(families: int) -> None:
    for split in (None, "family", "random"):
        DrawSettings(families=families, split=split, names="plain").check()


def test_defaults_with_families() -> None:
    settings = DrawSettings(families=5)
    assert (settings.by_family, settings.shows_family) == (True, True)
    settings = DrawSettings(families=5, split="random", names="plain")
    assert (settings.by_family, settings.shows_family) == (False, False)
