"""The examples in docstrings run, and print what they promise."""

from __future__ import annotations

import doctest
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import sketchfit
from sketchfit.tracking import console
from sketchfit.tracking.terminal import Terminal
from tests.workspace import RUNS, copied, make_workspace

SOURCE = Path(sketchfit.__file__).parent

TRAINING = re.compile(r"sketchfit\.(run|fit|check|plan|scout|audit)\(\"data|sketchfit\.(report|export)\(|runs/second")
"""Calls that take seconds: their examples are run by `make examples`."""

WORKSPACE = re.compile(r"\"(data|runs|weights|drawing\.png)\b")
"""Names of what is in the folder of examples."""


def found() -> Iterator[doctest.DocTest]:
    for path in sorted(SOURCE.rglob("*.py")):
        if ">>>" in path.read_text(encoding="utf-8"):
            name = ".".join(("sketchfit", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")
            yield from (one for one in doctest.DocTestFinder().find(importlib.import_module(name)) if one.examples)


def source(example: doctest.DocTest) -> str:
    return "".join(one.source for one in example.examples)


def marks(example: doctest.DocTest) -> list[pytest.MarkDecorator]:
    return [pytest.mark.slow] if TRAINING.search(source(example)) else []


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one run."""
    return make_workspace(tmp_path_factory.mktemp("workspace"), "first")


@pytest.fixture(scope="module")
def full_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both runs."""
    return make_workspace(tmp_path_factory.mktemp("workspace"), *RUNS)


@pytest.mark.parametrize("example", [pytest.param(one, id=one.name, marks=marks(one)) for one in found()])
def test_an_example_in_a_docstring(
    example: doctest.DocTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    if WORKSPACE.search(source(example)):
        copied(request.getfixturevalue("full_workspace" if "runs/second" in source(example) else "workspace"), tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(console, "Terminal", lambda quiet: Terminal(quiet=True))  # its lines are no part of examples
    runner = doctest.DebugRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    runner.run(example)


def test_only_the_example_of_an_internal_module_is_skipped() -> None:
    skipped = [one.name for one in found() if any(doctest.SKIP in line.options for line in one.examples)]
    assert skipped == ["sketchfit.bundle.model"]
