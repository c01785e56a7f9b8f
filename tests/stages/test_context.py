"""The list of stages: which run, in which order, and under which name their time is shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sketchfit.commands.run import STAGES, run_stages
from sketchfit.config.load import load_recipe
from sketchfit.stages.context import RunContext, RunState, TimedStage, made
from tests.factories import make_context, make_table, tiny_recipe


def test_stages_pass_their_state_on_and_unwanted_ones_are_left_out(tmp_path: Path) -> None:
    context = make_context(tmp_path, load_recipe(tiny_recipe()), make_table())

    def stage(name: str) -> TimedStage:
        def add(_: RunContext, state: RunState) -> RunState:
            return replace(state, unreadable_train={**state.unreadable_train, name: ""})

        return TimedStage(add, time=f"time of {name}", wanted=lambda recipe: name != "report" or recipe.report.enabled)

    state = run_stages(context, [stage("first"), stage("report"), stage("last")])
    assert list(state.unreadable_train) == ["first", "last"]
    assert list(context.clock.seconds) == ["time of first", "time of last"]


def test_a_run_without_options_leaves_out_their_stages() -> None:
    recipe = load_recipe(tiny_recipe())
    names = [one.stage.__name__ for one in STAGES if one.wanted(recipe)]
    assert names == [
        "decode",
        "audit",
        "relate",
        "directions",
        "split",
        "train",
        "apply_views",
        "combine",
        "calibrate",
        "correct_prior",
        "write_predictions",
        "submit",
        "summarise",
        "finish",
        "report_outcome",
    ]


def test_a_product_that_is_not_made_yet_is_an_error() -> None:
    assert made(0) == 0
    with pytest.raises(ValueError, match="before"):
        made(None)
