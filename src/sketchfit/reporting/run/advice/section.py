"""Renders the recommendations, each with its command."""

from __future__ import annotations

from collections.abc import Sequence

from sketchfit.reporting.kit.commands import next_command
from sketchfit.reporting.run.advice.recommendation import Advice
from sketchfit.reporting.run.page_section import PageSection, page_section
from sketchfit.runs.run import Run

SHOWN = 3
"""Recommendations that are unfolded."""


def advice_section(run: Run, advice: Sequence[Advice]) -> PageSection:
    """Render the section."""
    return page_section("next", "Next", advice=[(one, command_of(run, one)) for one in advice], shown=SHOWN)


def command_of(run: Run, advice: Advice) -> str:
    """Return the command of a recommendation; empty where there is none, and for an ensemble of runs."""
    if run.kind == "ensemble" or (advice.tool == "run" and not advice.settings):
        return ""
    if advice.tool == "again":  # a run with a deadline is continued with its own options of time
        known = run.plan is None or advice.options
        return next_command(run, advice.settings, name=None, options=advice.options) if known else ""
    if advice.tool == "lr-find":
        return next_command(run, name="lr.png", tool="lr-find")
    if advice.tool == "scout":
        return next_command(run, name="scout", tool="scout")
    return next_command(run, advice.settings, name=advice.name) if advice.tool else ""
