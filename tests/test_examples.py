"""The examples in docstrings run, and print what they promise."""

from __future__ import annotations

import doctest
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import sketchfit

SOURCE = Path(sketchfit.__file__).parent


def examples() -> Iterator[doctest.DocTest]:
    for path in sorted(SOURCE.rglob("*.py")):
        if ">>>" in path.read_text(encoding="utf-8"):
            name = ".".join(("sketchfit", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")
            yield from (one for one in doctest.DocTestFinder().find(importlib.import_module(name)) if one.examples)


@pytest.mark.parametrize("example", [pytest.param(one, id=one.name) for one in examples()])
def test_an_example_in_a_docstring(example: doctest.DocTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    runner = doctest.DebugRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    runner.run(example)
