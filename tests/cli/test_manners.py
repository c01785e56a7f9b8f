from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from sketchfit.cli.complete import FAMILIES, recipe_names, setting_keys
from sketchfit.cli.main import app
from sketchfit.config.scope import settings
from sketchfit.verbosity import verbosity
from tests.factories import Cli
from tests.fresh import run_fresh


def commands() -> list[tuple[str, ...]]:
    """Names of all commands, those of groups too."""
    root = typer.main.get_command(app)
    found = []
    for name, one in root.commands.items():
        inner = getattr(one, "commands", None)
        found += [(name,)] if inner is None else [(name, below) for below in inner]
    return found


def test_the_version_is_one_line(cli: Cli) -> None:
    status, printed, errors = cli("--version")
    assert (status, errors) == (0, "")
    assert printed.startswith("sketchfit ")
    assert len(printed.splitlines()) == 1


def test_a_bug_report_names_versions(cli: Cli) -> None:
    status, printed, _ = cli("version")
    assert status == 0
    for name in ("sketchfit", "python", "system", "torch", "timm"):
        assert any(line.startswith(f"{name} ") for line in printed.splitlines()), name


@pytest.mark.parametrize("name", commands(), ids=" ".join)
def test_every_command_has_levels_and_an_example_that_names_it(name: tuple[str, ...], cli: Cli) -> None:
    status, printed, _ = cli(*name, "--help")
    assert status == 0
    assert "--quiet" in printed
    assert "--verbose" in printed
    example = printed.partition("Example")[2].splitlines()[1:]
    assert example
    assert all(line.strip().startswith(f"sketchfit {' '.join(name)}") for line in example if line.strip())


@pytest.mark.parametrize("name", commands(), ids=" ".join)
def test_examples_are_command_lines_that_exist(name: tuple[str, ...], cli: Cli) -> None:
    """Only their files are missing: no option is misspelt."""
    root = typer.main.get_command(app)
    _, printed, _ = cli(*name, "--help")
    for line in printed.partition("Example")[2].splitlines()[1:]:
        words = line.split(" > ")[0].split()[1:]
        if words:
            context = root.make_context("sketchfit", words, resilient_parsing=False)
            one, rest = root, context._protected_args + context.args
            while hasattr(one, "commands"):
                one, rest = one.commands[rest[0]], rest[1:]
            one.make_context(name[-1], rest)


@pytest.mark.parametrize("width", [40, 60])
def test_no_word_of_a_help_is_broken(width: int, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [(), *commands()]:
        words = []
        for columns in (80, width):
            monkeypatch.setenv("COLUMNS", str(columns))
            text = cli(*name, "--help")[1]
            words.append({*re.sub(r"(?<=\w)-\n\s*", "-", text).split()})  # continued after its hyphen
        assert words[0] == words[1], name


def test_levels_can_be_given_before_and_after_the_command(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr("sketchfit.config.shipped.shipped_recipes", lambda: seen.append(verbosity.level) or ("a",))
    monkeypatch.setattr("sketchfit.config.shipped.recipe_text", lambda _: "# a")
    for words in (["recipes", "list"], ["-q", "recipes", "list"], ["recipes", "list", "-v"]):
        cli(*words)
    assert seen == ["usual", "quiet", "verbose"]


def test_a_quiet_run_prints_its_results_alone(cli: Cli, drawn: Path, tiny_file: Path, tmp_path: Path) -> None:
    status, printed, errors = cli("run", drawn, "-q", "--recipe", tiny_file, "--out", tmp_path / "run")
    assert (status, errors) == (0, "")
    lines = [line.split("  ")[0] for line in printed.splitlines() if line]
    assert "out-of-fold top-1" in lines
    assert "submission" in lines
    assert not any("epoch" in line or "images" in line.split(":")[0] for line in lines)


def test_a_verbose_mistake_has_its_place(cli: Cli) -> None:
    for level, expected in (("-q", False), ("-v", True)):
        status, _, errors = cli("run", "not_there", level)
        assert status == 2
        assert ("Traceback" in errors) == expected
        assert "error: not_there does not exist" in errors


def test_recipes_and_settings_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cpu-mine.yaml").write_text("")
    assert recipe_names("cp") == ["cpu", "cpu-mine.yaml"]
    keys = [key for key, _ in setting_keys("")]
    assert keys == [f"{one.key}=" for one in settings()]
    assert all(text for _, text in setting_keys(""))


def test_the_families_of_options_are_completed() -> None:
    from sketchfit.commands import options

    assert tuple(options.FAMILIES) == FAMILIES


def test_completion_imports_nothing_heavy() -> None:
    first = (
        "import os\n"
        "os.environ |= {'_SKETCHFIT_COMPLETE': 'complete_bash', 'COMP_CWORD': '4',"
        " 'COMP_WORDS': 'sketchfit run data --set training.ep'}\n"
    )
    (ended,) = run_fresh([[]], first)
    assert ended.printed.split() == ["training.epochs="]
    assert not {"torch", "pandas", "timm"} & {*ended.modules}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["run", "x", "--epochs", "5"], "--set training.epochs="),
        (["run", "x", "--batch-size=5"], "training.batch_size"),
    ],
)
def test_an_option_that_is_a_setting_is_explained(words: list[str], expected: str, cli: Cli) -> None:
    status, _, errors = cli(*words)
    assert status == 2
    assert expected in errors


def test_nothing_but_text_is_printed_to_a_pipe(tmp_path: Path, drawn: Path, tiny_file: Path) -> None:
    """Also where a line of progress is due: the first one immediately here."""
    script = (
        "import sketchfit.live as live, sketchfit.cli.main as cli\n"
        "live.FIRST_SECONDS, live.TICK = 0.0, 0.01\n"
        "cli.main()\n"
    )
    words = ["run", str(drawn), "--recipe", str(tiny_file), "--set", "tracking.progress=auto", "--out", "run"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "FORCE_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script, *words], cwd=tmp_path, env=environment, capture_output=True, check=True
    )
    assert done.stderr.startswith(b"  sketchfit run")
    for text in (done.stdout, done.stderr):
        assert not [byte for byte in text if byte < 32 and byte not in b"\n\t"]
