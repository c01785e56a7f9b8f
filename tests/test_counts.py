"""Counts in messages: "1 image", not "1 images". Each count that is computed in a text goes through `counted`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import sketchfit
from sketchfit.wording import counted

SOURCE = Path(sketchfit.__file__).parent

NOUNS = (
    *("answers", "backbones", "candidates", "cells", "classes", "columns", "copies", "drawings", "entries", "epochs"),
    *("errors", "fields", "files", "folders", "folds", "groups", "images", "issues", "labels", "lines", "members"),
    *("names", "networks", "pages", "pairs", "problems", "requests", "rows", "runs", "steps", "submissions"),
    *("tables", "units", "updates", "values", "variants", "views", "warnings"),
)
AFTER = re.compile(rf" (?:(?:external|finished|more|test|training) )?(?:{'|'.join(NOUNS)})\b")
BEFORE = re.compile(r"(?:\bof|\bof the|\bthan|\bthe) $")
"""Words after which a number is a total or a limit."""

NEVER_ONE = {
    ("bank/kernel.py", "len(features)"): "more than a limit",
    ("commands/setting_words.py", "len(args)"): "a setting of several values",
    ("data/folds.py", "len(sizes)"): "one fold has another text",
    ("data/label_notes.py", "len(order)"): "a table has two classes or more",
    ("data/layouts/choose_tables.py", "len(tables)"): "several tables are the mistake",
    ("data/layouts/find.py", "len(candidates)"): "several folders are the mistake",
    ("data/sheets/json_shapes.py", "len(columns)"): "rows with another number of values",
    ("data/sheets/packed.py", "len(tables)"): "several tables are the mistake",
    ("reporting/run/advice/on_classes.py", "len(pairs)"): "one pair has another text",
    ("runs/proportions.py", "len(values)"): "a mistake in the program",
    ("stages/apply_views.py", "len(missing)"): "the title of a bar",
}
"""File and expression, and why the number is not 1, or why it does not matter."""


def computed_counts(text: str) -> Iterator[tuple[int, str]]:
    """Line and expression of each `{len(…)} images`, `{sum(…)} rows` or `{….sum()} classes` of a program."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.JoinedStr):
            continue
        parts = [""] + [one.value if isinstance(one, ast.Constant) else one for one in node.values]
        for before, value, after in zip(parts, parts[1:], [*parts[2:], ""], strict=False):
            if not isinstance(value, ast.FormattedValue) or not isinstance(after, str):
                continue
            if _is_count(value.value) and AFTER.match(after) and not BEFORE.search(str(before)):
                yield node.lineno, ast.unparse(value.value)


def _is_count(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return _is_count(node.left) or _is_count(node.right)
    if not isinstance(node, ast.Call):
        return False
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    return name in ("len", "sum")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("f'{len(a)} images'", ["len(a)"]),
        ("f'{len(a):,} training images are'", ["len(a)"]),
        ("f'{a.sum()} rows'", ["a.sum()"]),
        ("f'{len(a) - 1} more folds'", ["len(a) - 1"]),
        ("f'{len(a)} of {len(b)} images'", []),
        ("f'{len(a)} imagesize'", []),
        ("f'{a} images'", []),
        ("f'{counted(len(a), \"image\")}'", []),
    ],
)
def test_what_is_found(line: str, found: list[str]) -> None:
    assert [expression for _, expression in computed_counts(line)] == found


def test_each_count_in_a_text_agrees_with_its_noun() -> None:
    wrong, used = [], set()
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        for line, expression in computed_counts(path.read_text(encoding="utf-8")):
            if (name, expression) in NEVER_ONE:
                used.add((name, expression))
            else:
                wrong.append(f"{name}:{line}: {expression}: use sketchfit.wording.counted")
    assert wrong == []
    assert used == set(NEVER_ONE)


def test_numbers_of_nouns_with_verbs() -> None:
    assert [counted(n, "row is", "rows are") for n in (0, 1, 2)] == ["0 rows are", "1 row is", "2 rows are"]
    assert [counted(n, "test image") for n in (0, 1, 2)] == ["0 test images", "1 test image", "2 test images"]
