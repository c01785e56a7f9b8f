"""One model of every timm family takes all steps of a run, or refuses them with a sentence."""

from __future__ import annotations

import pytest

from benchmarks.families import MOST, Family, families, take_steps
from benchmarks.family_steps import STEPS
from sketchfit._timm import timm


def test_every_family_has_a_model() -> None:
    modules = {name for name in timm.list_modules() if timm.list_models(module=name)}
    chosen = families()
    assert {one.module for one in chosen} == modules
    assert all(one.model in timm.list_models(module=one.module) for one in chosen)


@pytest.mark.slow
@pytest.mark.parametrize("family", [one for one in families() if one.params <= MOST], ids=lambda one: one.module)
def test_no_step_of_a_run_fails(family: Family) -> None:
    found = take_steps(family, list(STEPS))["steps"]
    assert {name: one["why"] for name, one in found.items() if one["result"] == "fails"} == {}
    assert found["trial"]["result"] == found["heat map"]["result"] == found["freeze"]["result"] == "works"
