from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sketchfit.config.load import load_recipe
from sketchfit.reporting.comparing.settings import differing_settings
from sketchfit.reporting.evidence import read_evidence


def test_settings_that_differ_are_named_and_explained(make_run: Callable[..., Path]) -> None:
    runs = [make_run("a"), make_run("b")]
    recipe = load_recipe("cpu", ["training.epochs=3", "members={x: {model: {input_size: 96}}}"])
    (runs[1] / "recipe.yaml").write_text(recipe.to_yaml())
    found = {one.key: one for one in differing_settings([read_evidence(run) for run in runs])}
    assert found["training.epochs"].values[1] == "3"
    assert "training rows" in found["training.epochs"].meaning
    member = found["members.x.model.input_size"]
    assert member.values == ("–", "96")
    assert member.meaning


def test_equal_settings_are_left_out(make_run: Callable[..., Path]) -> None:
    run = read_evidence(make_run())
    assert differing_settings([run, run]) == []
