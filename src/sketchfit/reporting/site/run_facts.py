"""What a reader of a page about a run needs to know first: when, what data, which networks, which command."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from sketchfit.config.recipe import Recipe
from sketchfit.runs.run import Run
from sketchfit.wording import counted, listed

SHOWN_MEMBERS = 4


@dataclass(frozen=True)
class RunFacts:
    """Facts for the head of a page.

    Attributes:
        facts: (name, text), the most important first.
        command: that made the run; empty where it is not known.
        versions: of the packages, one text.
    """

    facts: tuple[tuple[str, str], ...]
    command: str
    versions: str


def run_facts(run: Run) -> RunFacts:
    """Collect the facts; what is not known is left out."""
    environment = run.environment
    command = shown_command(environment.command) if environment else ""
    packages = environment.packages if environment else {}
    facts = {
        "Made": _made(run),
        "Data": data_text(run),
        "Networks": networks_text(run),
        "Recipe": _recipe(command),
    }
    versions = [f"{name} {version}" for name, version in packages.items() if version]
    if environment and environment.python:
        versions.append(f"Python {environment.python}")
    return RunFacts(tuple((name, text) for name, text in facts.items() if text), command, ", ".join(versions))


def shown_command(command: str) -> str:
    """Return a recorded command as a user would type it: `python -m sketchfit` is recorded as `__main__.py`."""
    first, space, rest = command.partition(" ")
    return f"sketchfit{space}{rest}" if first in ("__main__.py", "sketchfit.exe") else command


def options_of(command: str, *names: str) -> list[str]:
    """Return the values of an option in a command.

    >>> options_of("sketchfit run data --set a=1 -s b=2 --set=c=3", "--set", "-s")
    ['a=1', 'b=2', 'c=3']
    """
    try:
        words = shlex.split(command)
    except ValueError:  # it was cut off
        return []
    found = [after for word, after in pairwise(words) if word in names]
    return found + [word.partition("=")[2] for word in words if word.partition("=")[0] in names and "=" in word]


def _made(run: Run) -> str:
    """When the run wrote its last answer, in the time zone of this machine."""
    files = (run.path / "finished.json", run.folder.ensemble / "oof.npz", run.folder.state)
    when = next((file.stat().st_mtime for file in files if file.is_file()), None)
    if when is None:
        return ""
    version = f" by sketchfit {run.state.made_by}" if run.state.made_by else ""
    return f"{datetime.fromtimestamp(when, UTC).astimezone():%Y-%m-%d %H:%M}{version}"


def data_text(run: Run) -> str:
    """Name the data of a run, with the numbers of drawings and classes."""
    rows = {"training drawing": run.state.rows.get("train", 0), "test drawing": run.state.rows.get("test", 0)}
    counts = [counted(count, noun) for noun, count in rows.items() if count]
    source = Path(run.state.source)
    return f"{source.name or source}: {', '.join([*counts, counted(run.table.class_count, 'class')])}"


def networks_text(run: Run) -> str:
    """Name the networks of a run: backbone, input size, epochs, folds; of an ensemble, its runs."""
    if run.sources is not None:
        return listed(run.sources.runs, SHOWN_MEMBERS)
    texts = [_network(recipe) for recipe in run.members.values()]
    more = f" and {len(texts) - SHOWN_MEMBERS} more" if len(texts) > SHOWN_MEMBERS else ""
    folds = max((len(networks) for networks in run.trained.values()), default=0)
    return f"{'; '.join(texts[:SHOWN_MEMBERS])}{more}" + (f"; {counted(folds, 'fold')}" if folds else "")


def _network(recipe: Recipe) -> str:
    size = recipe.model.input_size
    side = f" at {size} px" if size else ""
    epochs = recipe.training.epochs
    return f"{recipe.model.backbone}{side}, {counted(epochs, 'epoch') if epochs else 'frozen'}"


def _recipe(command: str) -> str:
    """The recipe that the command names, or the default one; how many settings the command changes.

    Nothing where the command does not show it: of a program, or with a time for which a recipe was chosen.
    """
    if not command.startswith("sketchfit run ") or options_of(command, "--time", "--until", "--quality"):
        return ""
    names = options_of(command, "--recipe", "-r")
    changes = options_of(command, "--set", "-s")
    return (names[-1] if names else "cpu") + (f", {counted(len(changes), 'setting')} changed" if changes else "")
