"""Errors name keyword arguments to callers of Python, and options to users of the command line."""

from __future__ import annotations

import ast
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import sketchfit
from sketchfit.api.call import public_call
from sketchfit.api.keyword_texts import keyword_text, keywords
from sketchfit.tracking.console import Console
from tests.factories import Cli

SOURCE = Path(sketchfit.__file__).parent


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Choose another folder with --out.", "Choose another folder with out=…."),
        ("a place (--out), or --out FILE.", "a place (out=…), or out=FILE."),
        ("Add --allow-noncommercial, or leave it out.", "Add allow_noncommercial=True, or leave it out."),
        ("--fresh deletes a run", "fresh=True deletes a run"),
        ("Give a time: --time 18m", 'Give a time: time="18m"'),
        ("with --licence cc-by-nc-4.0.", 'with licence="cc-by-nc-4.0".'),
        ("--names before,after", 'names=["before", "after"]'),
        ("other --candidates, or --candidates FOLDER.", "other candidates=[…], or candidates=[FOLDER]."),
        ("--set training.epochs=20, or --set folds.train=[0]", "training__epochs=20, or folds__train=[0]"),
        ("--set data.train=.", 'data__train="."'),
        ("with --set data.train=new.csv.", 'with data__train="new.csv".'),
        ("Fix it, or change it with --set; then", "Fix it, or change it with overrides; then"),
        ("Name it with --label-column.", "Name it with label_column=…."),
        ("Fix the values of --vary.", "Fix the values of --vary."),
        ("first: sketchfit export RUN --out FOLDER", "first: sketchfit export RUN --out FOLDER"),
        ("`sketchfit run --time`: not --time.", "`sketchfit run --time`: not time=…."),
        ("Run sketchfit run X --fresh. Or --fresh.", "Run sketchfit run X --fresh. Or fresh=True."),
        ("no option", "no option"),
    ],
)
def test_options_become_keywords(text: str, expected: str) -> None:
    assert keyword_text(text) == expected
    assert keyword_text(expected) == expected


def test_the_front_ends_name_what_they_take(cli: Cli, tmp_path: Path) -> None:
    sketchfit.draw(tmp_path / "set", classes=2, per_class=1, test_per_class=1)
    with pytest.raises(sketchfit.DataError) as caught:
        sketchfit.draw(tmp_path / "set", classes=3, per_class=1, test_per_class=1)
    assert "fresh=True" in caught.value.hint
    assert "fresh=True" in str(caught.value)
    assert "--fresh" in cli("draw", tmp_path / "set", "--classes", 3)[2]


def test_an_error_stays_the_same_object() -> None:
    error = sketchfit.RunError(["--out is taken"], "--fresh")
    with pytest.raises(sketchfit.RunError) as caught, public_call():
        raise error
    assert caught.value is error
    assert (error.problems, error.hint, str(error)) == (("out=… is taken",), "fresh=True", "out=… is taken\nfresh=True")


def test_keywords_are_those_of_the_public_functions() -> None:
    assert keywords()["fresh"] == "bool"
    assert keywords()["licence"] == "str | None"
    assert "vary" not in keywords()


def hints() -> Iterator[tuple[str, str]]:
    """File and text of each text below the command line that could be part of an error."""
    for path in sorted(SOURCE.rglob("*.py")):
        if path.is_relative_to(SOURCE / "cli"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "").endswith("Error"):
                for one in ast.walk(node):
                    if isinstance(one, ast.Constant) and isinstance(one.value, str):
                        yield path.name, one.value


def test_no_error_that_python_receives_names_an_option_of_a_public_function() -> None:
    found = {(file, text) for file, text in hints() if "--" in text}
    assert len(found) > 20
    options = "|".join(name.replace("_", "-") for name in keywords())
    for file, text in found:
        for left in re.sub(r"sketchfit [^`;]*", "", keyword_text(text)).split():
            assert not re.match(rf"--(?:{options})\b", left), (file, text)


def test_lines_that_are_logged_name_keywords_and_those_of_the_command_line_options(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Console("plain")
    log = logging.getLogger("sketchfit.test")
    with public_call():
        log.info("recipe cpu: no GPU; --recipe names another one, see `sketchfit run --help`")
    log.info("here --recipe names another one")
    assert capsys.readouterr().out.splitlines() == [
        "recipe cpu: no GPU; recipe=… names another one, see `sketchfit run --help`",
        "here --recipe names another one",
    ]
