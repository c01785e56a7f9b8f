"""Starting over: everything that sketchfit writes into a run's folder, by name, and its deletion."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from sketchfit.errors import UserError
from sketchfit.remains import REMAINS
from sketchfit.runs.lock import Writer
from sketchfit.runs.marks import LOCK, MARK
from sketchfit.wording import listed

KEPT = (LOCK, MARK, Writer.PLACE)
"""Files of sketchfit that stay."""

FILES = frozenset(
    {
        "recipe.yaml",
        "state.json",
        "environment.json",
        "plan.json",
        "clock.json",
        "finished.json",
        "folds.parquet",
        "inputs.parquet",
        "submission.csv",
    }
)
"""In the folder itself."""

_NETWORK = r"[^/]+/fold\d+/(candidate\d+/)?[^/]+\.(safetensors|npz|npy|csv|json|ckpt)"

FOLDERS = {
    "members": re.compile(_NETWORK),
    "derived": re.compile(_NETWORK),
    "ensemble": re.compile(r"[^/]+\.(npz|json)"),
    "audit": re.compile(r"[^/]+\.(npz|json|parquet|html|csv)"),
    "report": re.compile(r"(drawings/)?[^/]+\.(html|csv|json|js|css|webp|png)"),
    "tracking": re.compile(r".+"),
}
"""Folders in it, and what their files are called; trackers name theirs as they like."""


def foreign_files(folder: Path) -> list[str]:
    """Return the files and links in a run's folder that sketchfit did not write, relative to it, sorted."""
    return sorted(name for name in _files(folder) if not _is_own(name))


def check_fresh(folder: Path) -> None:
    """Refuse to start over in a folder that has something else than a run.

    Raises:
        UserError: it has; the first files are named.
    """
    if folder.is_dir() and (foreign := foreign_files(folder)):
        raise UserError(
            f"--fresh deletes a run, and {folder} also has files that sketchfit did not write: {listed(foreign)}",
            "Move them, or choose another folder with --out.",
        )


def delete_run(folder: Path) -> None:
    """Delete what sketchfit wrote into a run's folder; the folder and its lock stay.

    Raises:
        UserError: the folder has other files.
    """
    check_fresh(folder)
    # Without a state what is left after a kill is no run; the recipe shows until the end that it was one.
    for entry in sorted(folder.iterdir(), key=lambda one: (one.name != "state.json", one.name == "recipe.yaml")):
        if entry.name in FOLDERS:
            shutil.rmtree(entry)
        elif entry.name not in KEPT:
            entry.unlink()


def _files(folder: Path) -> Iterator[str]:
    for entry in folder.rglob("*"):
        if entry.is_symlink() or not entry.is_dir():
            yield entry.relative_to(folder).as_posix()


def _is_own(name: str) -> bool:
    top, _, below = name.partition("/")
    if REMAINS.fullmatch(name.rpartition("/")[2]):
        return True
    if not below:
        return top in FILES or top in KEPT
    return top in FOLDERS and FOLDERS[top].fullmatch(below) is not None
