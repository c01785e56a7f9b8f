"""Model soups: means of trained networks' weights."""

from __future__ import annotations

from dataclasses import replace

from sketchfit.inference.choices import print_unused
from sketchfit.soups.soups import make_soups
from sketchfit.stages.context import RunContext, RunState


def build_soups(context: RunContext, state: RunState) -> RunState:
    """Make the soups of the recipe; where it uses them, they replace members."""
    soups = make_soups(context, state.members, state.folds, state.rows, state.rounds_kept)
    print_unused(soups.choices())
    found = replace(state, soups=soups, sources=soups.sources(state.trained))
    return replace(found, steps=(*state.steps, *soups.steps()), choices=(*state.choices, *soups.choices()))
