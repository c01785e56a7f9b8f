"""Commands for the shell of a system."""

from __future__ import annotations

import shlex

import pytest

from sketchfit import shell
from sketchfit.shell import joined, quoted

WORDS = ["sketchfit", "run", r"C:\My data\train", "--set", 'members={"a": 1}', "a&b", "plain", ""]


def test_a_posix_shell_reads_the_words_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell, "WINDOWS", False)
    assert shlex.split(joined(WORDS)) == WORDS


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        (r"C:\data", r"C:\data"),
        (r"C:\My data", r'"C:\My data"'),
        ("a&b", '"a&b"'),
        ('{"a": 1}', r'"{\"a\": 1}"'),
        ("", '""'),
    ],
)
def test_double_quotes_on_windows(word: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell, "WINDOWS", True)
    assert quoted(word) == expected
