"""Commands that a page shows ready to copy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from sketchfit.runs.run import Run
from sketchfit.shell import joined

NEXT = "next"
"""End of the name of the next run's folder."""


def next_command(
    run: Run, settings: Sequence[str] = (), name: str | None = NEXT, options: Sequence[str] = (), tool: str = "run"
) -> str:
    """Return the command that trains on the same table with the same recipe and some other settings.

    Args:
        run: the run before.
        settings: `key=value` texts.
        name: what is added to the name of the folder; None: the same folder, whose networks are used again.
        options: further options of the command, such as `("--relabel", "labels.csv")`.
        tool: the command, which takes `--recipe`, `--set` and `--out`.

    Returns:
        One line, quoted for the shell of this system. Paths inside the working folder are relative to it.
    """
    folder = run.home if name is None else new_folder(run.home, name)
    recipe = run.home / run.folder.recipe.name
    changes = [part for setting in settings for part in ("--set", setting)]
    words = [tool, shown_path(run.table.source), "--recipe", shown_path(recipe), *options, *changes]
    return joined(["sketchfit", *words, "--out", shown_path(folder)])


def new_folder(home: Path, name: str) -> Path:
    """Return a folder next to a run that does not exist yet: `RUN-NAME`, or with a number behind it.

    Args:
        home: the run's folder.
        name: what is added to its name, once: the next one of `RUN-NAME` is `RUN-NAME-2`.
    """
    stem = re.sub(rf"-{re.escape(name)}(-\d+)?$", "", home.name)
    number, place = 1, home.with_name(f"{stem}-{name}")
    while place.exists():
        number += 1
        place = home.with_name(f"{stem}-{name}-{number}")
    return place


def shown_path(path: Path) -> str:
    """Return a path as a user would write it: relative to the working folder where it is inside of it."""
    absolute, here = path.absolute(), Path.cwd()
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else str(absolute)
