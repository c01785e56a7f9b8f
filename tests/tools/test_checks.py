"""The checks of `make lint` find what they are made for, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.check_run_files import sites
from tools.check_words import RULES, findings, listed


def words(tmp_path: Path, name: str, text: str) -> list[tuple[int, str]]:
    path = tmp_path / name
    path.write_text(text)
    return [(line, found) for line, found, _ in findings(path)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It trains 300 images a second.", "images a second"),
        ("There is one file a class", "one file a class"),
        ("float32 [N, C] a member: probabilities", "] a member"),
        ("what the table says", "says"),
        ("where the file lies", "lies"),
        ("It goes on with fold 2.", "goes on"),
        ("read it anew", "anew"),
        ("the whole image", "whole"),
        ("rows drawn at random", "drawn at random"),
    ],
)
def test_words_are_found_in_text(tmp_path: Path, text: str, found: str) -> None:
    assert words(tmp_path, "a.md", f"First line.\n{text}\n") == [(2, found)]


@pytest.mark.parametrize(
    "text",
    [
        "a whole number",
        "Files are read once.",
        "It reads a file and returns a row.",
        "names a class of the table",
        "two classes that nobody can tell apart",
        "the drawing of a house",
        "Beads, belies, essays, foretold.",
    ],
)
def test_other_text_is_left_alone(tmp_path: Path, text: str) -> None:
    assert words(tmp_path, "a.md", text) == []


def test_python_comments_strings_and_names_are_read_and_code_is_not(tmp_path: Path) -> None:
    code = 'x = 1  # said twice\ny = f"{x} images a class"\n\n\ndef old_lesson(a, b):\n    return a - b\n\n\nlies = 2\n'
    assert words(tmp_path, "a.py", code) == [(1, "said"), (2, "images a class"), (5, "lesson")]


def test_a_sentence_may_cross_lines(tmp_path: Path) -> None:
    assert words(tmp_path, "a.md", "1\n2 images a\nclass\n") == [(2, "images a class")]


def test_the_recipe_of_a_run_is_named_in_runs_only(tmp_path: Path) -> None:
    for room in ("runs", "stages"):
        (tmp_path / room).mkdir()
        (tmp_path / room / "a.py").write_text('NAME = "recipe.yaml"\nTEXT = "see recipe.yaml for all settings"\n')
    assert sites(tmp_path) == ["stages/a.py:1"]


def test_the_words_are_listed() -> None:
    lines = list(listed())
    assert len(lines) == len(RULES) - 1  # the first two rules are one phrase
    assert any(line.startswith("anew: again") for line in lines)
    assert not any("?<!" in line for line in lines)
