"""The head of a page that is about several trainings: when it was written, on what data, by which command."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from sketchfit.reporting.site.run_facts import RunFacts, shown_command
from sketchfit.runs.environment import environment


def page_facts(tool: str, facts: Mapping[str, str]) -> RunFacts:
    """Return the facts of a page that is written now.

    Args:
        tool: the command of sketchfit that writes it; its command line is left out where a program calls it.
        facts: names and texts; empty texts are left out.
    """
    made_by = environment()
    command, version = shown_command(made_by.command), made_by.packages["sketchfit"]
    by = f" by sketchfit {version}" if version else ""
    shown = [("Written", f"{datetime.now(UTC).astimezone():%Y-%m-%d %H:%M}{by}"), *facts.items()]
    own = command.startswith(f"sketchfit {tool} ")
    return RunFacts(tuple((name, text) for name, text in shown if text), command if own else "", "")
