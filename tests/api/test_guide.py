"""The code of docs/python.md runs, from its top to its bottom, and it names what each command is from Python."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

import sketchfit
from sketchfit.cli.main import app

GUIDE = Path(__file__).parents[2] / "docs" / "python.md"

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_code_of_the_guide_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    text = GUIDE.read_text(encoding="utf-8")
    names: dict[str, object] = {}
    blocks = list(BLOCK.finditer(text))
    assert len(blocks) >= 8
    for block in blocks:
        line = text[: block.start()].count("\n") + 1
        exec(compile("\n" * line + block.group(1), str(GUIDE), "exec"), names)
    assert "there is no setting 'epoch'" in capsys.readouterr().out


def test_each_command_has_a_function_or_is_in_the_table() -> None:
    table = GUIDE.read_text(encoding="utf-8").partition("## Commands without a function")[2].partition("```")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    listed = {name for row in rows for name in re.findall(r"`([\w-]+)`", row)}
    commands = set(typer.main.get_command(app).list_commands(None))  # type: ignore[attr-defined,arg-type]
    assert listed == commands - set(sketchfit.__all__)
