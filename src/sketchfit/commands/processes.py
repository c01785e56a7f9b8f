"""Which commands several processes run together; all others that write run in one."""

from __future__ import annotations

import os

from sketchfit.runs.launchers import check_alone

TOGETHER = ("run", "fit", "ablate", "pseudo-label", "soup", "distill", "check")
"""Commands that several processes run together: those that train one network at a time."""

PRINTING = ("options", "list-recipes", "show-recipe", "list-runs", "list-parts", "version")
"""Commands that write nothing."""


def check_processes(command: str) -> None:
    """Refuse several processes of a command that writes and that they do not run together.

    Args:
        command: its name, such as `report`.

    Raises:
        RunError: a launcher has started more than one.
    """
    if command not in (*TOGETHER, *PRINTING):
        check_alone(os.environ, f"sketchfit {command}")
