"""Starting over: everything that sketchfit writes into a run's folder, by name, and its deletion."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sketchfit.errors import RunError
from sketchfit.moving import delete_file, delete_folder
from sketchfit.remains import REMAINS
from sketchfit.runs.lock import Writer
from sketchfit.runs.marks import BY_SYSTEM, LOCK, MARK
from sketchfit.wording import listed

KEPT = (LOCK, MARK, Writer.PLACE)
"""Files of sketchfit that stay."""

FILES = frozenset(
    {
        "recipe.yaml",
        "state.json",
        "environment.json",
        "workers.json",
        "plan.json",
        "clock.json",
        "finished.json",
        "folds.parquet",
        "inputs.parquet",
        "submission.csv",
        "index.html",
        "pages.json",
        "log.txt",
    }
)
"""In the folder itself."""

_NETWORK = r"[^/]+/fold\d+/(((candidate\d+|tried)/)?[^/]+\.(safetensors|npz|npy|csv|json|ckpt)|log\.txt)"

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
    """Return the files, links and empty folders in a run's folder that are no part of a run, relative to it, sorted."""
    return sorted(name for name, is_folder in _leaves(folder) if not _is_own(name, is_folder))


def check_fresh(folder: Path) -> None:
    """Refuse to start over in a folder that has something else than a run.

    Raises:
        UserError: it has; the first files are named.
    """
    if folder.is_dir() and (foreign := foreign_files(folder)):
        raise RunError(
            f"--fresh deletes a run, and {folder} also has what is no part of a run: {listed(foreign)}",
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
        if entry.is_dir() and not entry.is_symlink():
            delete_folder(entry)
        elif entry.name not in KEPT:
            delete_file(entry)


def _leaves(folder: Path) -> Iterator[tuple[str, bool]]:
    """Yield the path of each file, link and empty folder, and whether it is a folder."""
    for entry in folder.rglob("*"):
        is_folder = entry.is_dir() and not entry.is_symlink()
        if not is_folder or not any(entry.iterdir()):
            yield entry.relative_to(folder).as_posix(), is_folder


def _is_own(name: str, is_folder: bool) -> bool:
    top, *below = name.split("/")
    if any(REMAINS.fullmatch(part) for part in (top, *below)) or (not is_folder and name.split("/")[-1] in BY_SYSTEM):
        return True
    if is_folder:
        return top in FOLDERS
    if not below:
        return top in FILES or top in KEPT
    return top in FOLDERS and FOLDERS[top].fullmatch("/".join(below)) is not None
