"""A package of an extra that is not installed is one sentence, and every package of an extra is known."""

from __future__ import annotations

import itertools
import re
import tomllib
from pathlib import Path

import pytest

from sketchfit.errors import UserError
from sketchfit.missing import EXTRAS, installed_packages, not_installed
from tests.fresh import run_fresh

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OPTIONAL = PROJECT["optional-dependencies"]
MODULES = {"scikit-learn": "sklearn", "mlflow-skinny": "mlflow"}
FOR_DEVELOPERS = {"bench", "dev", "docs"}


def modules(requirements: list[str]) -> set[str]:
    """Return the modules of requirements, without those of other extras."""
    names = {re.split(r"[<>=!;\[ ]", one)[0] for one in requirements if not one.startswith("sketchfit[")}
    return {MODULES.get(name, name.replace("-", "_")) for name in names}


def test_every_extra_for_users_is_known() -> None:
    assert set(EXTRAS) == set(OPTIONAL) - FOR_DEVELOPERS


@pytest.mark.parametrize("extra", sorted(EXTRAS))
def test_the_modules_of_an_extra_are_those_of_the_project(extra: str) -> None:
    named_before = {one for name in itertools.takewhile(extra.__ne__, EXTRAS) for one in EXTRAS[name]}
    assert set(EXTRAS[extra]) == modules(OPTIONAL[extra]) - named_before


def test_the_core_is_in_no_extra() -> None:
    core = modules(PROJECT["dependencies"])
    assert not [extra for extra in EXTRAS if core & modules(OPTIONAL[extra])]


def test_other_modules_keep_their_error() -> None:
    with pytest.raises(ModuleNotFoundError), installed_packages():
        raise ModuleNotFoundError(name="sketchfit.nothing")
    with pytest.raises(UserError) as found, installed_packages():
        raise ModuleNotFoundError(name="pandas.core")
    assert found.value.hint == "pip install 'sketchfit[train]'"
    assert not_installed(ModuleNotFoundError("no name")) is None


def test_commands_without_the_packages_of_training(drawn: Path, plain: Path) -> None:
    blocked = f"import sys\nfor name in {EXTRAS['train']!r}: sys.modules[name] = None\n"
    commands = [["run", drawn], ["check", drawn], ["scout", drawn], ["audit", drawn], ["fit", drawn, "--out", "fitted"]]
    commands += [["predict", plain, drawn], ["report", plain], ["submit", plain], ["score", plain, drawn / "train.csv"]]
    for ended in run_fresh(commands, blocked):
        assert ended.status == 2
        assert "pip install 'sketchfit[train]'" in ended.errors
