"""Errors have the class of what is wrong, whichever function finds it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sketchfit
from sketchfit.errors import DataError, Problems, RecipeError, RunError, UserError, raised_as

SOURCE = Path(sketchfit.__file__).parent

KINDS = {"config": "RecipeError", "data": "DataError", "runs": "RunError"}
"""Packages in which all errors are about one thing, and the class of these errors."""


@pytest.mark.parametrize("package", KINDS)
def test_a_package_raises_errors_of_its_class(package: str) -> None:
    raised = [
        f"{path.name}: {found}"
        for path in sorted((SOURCE / package).rglob("*.py"))
        for found in re.findall(r"(?:raise|return) (\w*Error)\(", path.read_text(encoding="utf-8"))
        if found == "UserError"
    ]
    assert raised == []


@pytest.fixture
def bad_table(tmp_path: Path) -> Path:
    (tmp_path / "train.csv").write_text("image,target\nmissing.png,1\n", encoding="utf-8")
    return tmp_path


CALLS: dict[str, tuple[type[UserError], Callable[[Path, Path], Any]]] = {
    "no data": (DataError, lambda _, bad: sketchfit.run(bad / "none")),
    "a table without images": (DataError, lambda _, bad: sketchfit.check(bad, "demo")),
    "no such recipe": (RecipeError, lambda run, _: sketchfit.run(run, "cpi")),
    "no such policy": (RecipeError, lambda *_: sketchfit.load_recipe(policy="sketchy")),
    "no such loss": (RecipeError, lambda *_: sketchfit.load_recipe(loss="focus")),
    "no such backbone": (RecipeError, lambda run, _: sketchfit.check(run.parent / "data", backbone="resnet1")),
    "no run": (RunError, lambda _, bad: sketchfit.Run.open(bad)),
    "no run to predict with": (RunError, lambda _, bad: sketchfit.predict(bad, bad)),
    "no run to report on": (RunError, lambda _, bad: sketchfit.report(bad)),
    "no run to score": (RunError, lambda _, bad: sketchfit.score(bad, bad)),
    "nothing to load": (RunError, lambda _, bad: sketchfit.load(bad)),
    "no truth": (DataError, lambda run, bad: sketchfit.score(run, bad / "none.csv")),
    "no image": (DataError, lambda run, bad: sketchfit.predict(run, bad / "none.png")),
    "another run in the folder": (RunError, lambda run, _: sketchfit.run(run.parent / "data", "demo", out=run)),
}


@pytest.mark.parametrize("name", CALLS)
def test_an_error_has_its_class(name: str, plain: Path, drawn: Path, bad_table: Path, tmp_path: Path) -> None:
    kind, call = CALLS[name]
    run = tmp_path / "run"
    run.symlink_to(plain)
    (tmp_path / "data").symlink_to(drawn)
    bad = bad_table
    with pytest.raises(UserError) as found:
        call(run, bad)
    assert type(found.value) is kind, found.value


def test_raised_as_keeps_what_is_known() -> None:
    cause = OSError("gone")
    with pytest.raises(DataError) as found, raised_as(DataError):
        raise UserError(["a", "b"], "hint") from cause
    assert (found.value.problems, found.value.hint, found.value.__cause__) == (("a", "b"), "hint", cause)
    with pytest.raises(RunError), raised_as(DataError):
        raise RunError("of another kind")


@pytest.mark.parametrize(
    ("kinds", "expected"), [([DataError, DataError], DataError), ([DataError, RecipeError], UserError)]
)
def test_collected_problems_have_their_common_class(kinds: list[type[UserError]], expected: type[UserError]) -> None:
    problems = Problems()

    def fail(kind: type[UserError], text: str) -> None:
        raise kind(text)

    for number, kind in enumerate(kinds):
        problems.collect(lambda kind=kind, number=number: fail(kind, f"problem {number}"))
    with pytest.raises(UserError) as found:
        problems.stop()
    assert type(found.value) is expected
    assert len(found.value.problems) == 2
