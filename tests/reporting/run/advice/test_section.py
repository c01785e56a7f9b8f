from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from markupsafe import Markup

from sketchfit.reporting.run.advice.recommendation import Advice, ExpectedGain
from sketchfit.reporting.run.advice.section import advice_section, command_of
from sketchfit.runs.artefacts import RunPlan
from sketchfit.runs.run import Run

ONE = Advice(
    "epochs",
    Markup("Title"),
    Markup("Evidence."),
    Markup("do this"),
    Markup("when"),
    ExpectedGain(0.019, 0.009, 0.028, "why"),
    settings=("transforms.add=[{op: invert, p: 0.2}]",),
)


def test_commands_can_be_copied(make_run: Callable[..., Path]) -> None:
    run = Run.open(make_run())
    words = shlex.split(command_of(run, ONE))
    assert words[:2] == ["sketchfit", "run"]
    assert words[words.index("--set") + 1] == ONE.settings[0]
    assert words[words.index("--out") + 1] == f"{run.path}-epochs"
    assert Path(words[words.index("--recipe") + 1]) == run.folder.recipe


@pytest.mark.parametrize(
    ("tool", "start"), [("scout", "sketchfit scout "), ("lr-find", "sketchfit lr-find "), ("again", "sketchfit run ")]
)
def test_other_tools(make_run: Callable[..., Path], tool: str, start: str) -> None:
    run = Run.open(make_run())
    command = command_of(run, replace(ONE, settings=(), tool=tool))
    assert command.startswith(start)
    assert "--out" in command
    assert command.endswith(str(run.path)) is (tool == "again")


def test_a_run_with_a_deadline_is_continued_with_its_time_only(make_run: Callable[..., Path]) -> None:
    folder = make_run()
    RunPlan(seconds=600).write(folder)
    run, again = Run.open(folder), replace(ONE, settings=(), tool="again")
    assert command_of(run, again) == ""
    assert "--time 1200s" in command_of(run, replace(again, options=("--time", "1200s")))


@pytest.mark.parametrize("changed", [{"tool": ""}, {"settings": ()}])
def test_no_command_where_there_is_nothing_to_run(make_run: Callable[..., Path], changed: dict[str, object]) -> None:
    assert command_of(Run.open(make_run()), replace(ONE, **changed)) == ""


def test_the_section_has_gain_and_command(make_run: Callable[..., Path]) -> None:
    run = Run.open(make_run())
    html = advice_section(run, [ONE, replace(ONE, gain=None, unknown="not measured")]).html
    assert "+1.9 points (+0.9 to +2.8)" in html
    assert "not measured" in html
    assert html.count("<pre data-copy>sketchfit run") == 2
    assert "<details>" not in html
    assert "2 more" in advice_section(run, [ONE] * 5).html
    assert "<li>" not in advice_section(run, []).html
