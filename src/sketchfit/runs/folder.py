"""A run's folder: where everything lies, and whether what lies there belongs to what is asked for."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sketchfit.config.load import dump_recipe
from sketchfit.config.recipe import Recipe
from sketchfit.data.table import Table, fingerprint
from sketchfit.errors import UserError
from sketchfit.files import read_json, write_json, write_text
from sketchfit.redact import command_line

FIT_SECTIONS = (
    "seed",
    "data",
    "folds",
    "model",
    "transforms",
    "loss",
    "optimizer",
    "schedule",
    "training",
    "averaging",
    "members",
)
"""What decides the trained networks; a run whose recipe changes in these is another run."""

FREE_KEYS = (("data", "cache"), ("folds", "train"), ("training", "checkpoint_minutes"))
"""Settings within those sections that change nothing that is trained."""

REMAINS = re.compile(r"\..+\.(\d+)\.part")
"""Name of a file that was being written (see `sketchfit.files.atomic`), with the number of the process."""


@dataclass(frozen=True)
class RunFolder:
    """Paths within a run's folder."""

    path: Path

    @property
    def recipe(self) -> Path:
        """The whole recipe."""
        return self.path / "recipe.yaml"

    @property
    def state(self) -> Path:
        """Classes, the table's identity, stages done."""
        return self.path / "state.json"

    @property
    def findings(self) -> Path:
        """What the audit found."""
        return self.path / "audit" / "findings.json"

    @property
    def folds(self) -> Path:
        """The fold of every training row."""
        return self.path / "folds.parquet"

    @property
    def ensemble(self) -> Path:
        """Probabilities of all members together."""
        return self.path / "ensemble"

    @property
    def submission(self) -> Path:
        """The answer."""
        return self.path / "submission.csv"

    def fold(self, member: str, fold: int) -> Path:
        """One trained network and its probabilities; what derives from a member (`NAME+pseudo1`, `NAME+refit`,
        `NAME+distilled`) lies apart from the members."""
        return self.path / ("derived" if "+" in member else "members") / member / f"fold{fold}"


def default_name(recipe_name: str, data: Path) -> Path:
    """`runs/<data>-<recipe>`: the same command finds its own run again."""
    return Path("runs") / f"{data.resolve().stem}-{Path(recipe_name).stem}"


def open_run(path: Path, recipe: Recipe, table: Table, fresh: bool, source: Path | None = None) -> RunFolder:
    """Make the folder of a run, or come back to it; `source` is what the tables were read from, if not their root.

    Raises:
        UserError: it holds a run of another recipe or table, or something that is no run.
    """
    run = RunFolder(path)
    if fresh and run.state.is_file():
        shutil.rmtree(path)
    if run.state.is_file():
        _check_same(run, recipe, table)
    elif path.is_dir() and not run.recipe.is_file() and any(not REMAINS.fullmatch(e.name) for e in path.iterdir()):
        raise UserError(f"{path} is not empty and holds no run", "Choose another folder with --out.")
    _clear_remains(path)
    write_text(run.recipe, dump_recipe(recipe))
    write_json(run.path / "environment.json", environment())
    write_json(
        run.state,
        {
            "version": importlib.metadata.version("sketchfit"),
            "data": str(table.root.resolve()),
            "source": str((table.root if source is None else source).resolve()),
            "table_id": fingerprint(table),
            "class_names": table.class_names,
            "class_targets": table.class_targets,
            "rows": {"train": len(table.train), "test": len(table.test)},
            "test_names": table.test.names,
        },
    )
    return run


def _clear_remains(path: Path) -> None:
    """Delete the half-written files of processes that were killed."""
    for remains in path.rglob(".*.part"):
        name = REMAINS.fullmatch(remains.name)
        if name and not _lives(int(name[1])):
            remains.unlink(missing_ok=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _check_same(run: RunFolder, recipe: Recipe, table: Table) -> None:
    if not any(run.path.glob("members/*/*/*")):
        return  # nothing was trained: a recipe that failed before may be mended
    if read_json(run.state)["table_id"] != fingerprint(table):
        raise UserError(
            f"{run.path} holds a run on another table than this one",
            "Choose another folder with --out, or start over with --fresh.",
        )
    old = yaml.safe_load(run.recipe.read_text(encoding="utf-8"))
    changed = differing_keys(fit_settings(old), fit_settings(recipe.model_dump(mode="json")))
    if changed:
        raise UserError(
            [
                f"{run.path} holds a run with another {key}: {before!r} there, {after!r} now"
                for key, before, after in changed
            ],
            "Choose another folder with --out, or start over with --fresh.",
        )


def fit_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """The part of a recipe that decides the trained networks."""
    kept = {name: settings.get(name) for name in FIT_SECTIONS}
    for section, key in FREE_KEYS:
        if isinstance(part := kept.get(section), dict):
            kept[section] = {name: value for name, value in part.items() if name != key}
    # Precision and memory format change the arithmetic; device and threads change nothing that is promised.
    compute = settings.get("compute") or {}
    kept["compute"] = {name: compute.get(name) for name in ("precision", "channels_last")}
    kept["audit"] = {"enabled": (settings.get("audit") or {}).get("enabled")}
    return kept


def differing_keys(before: Any, after: Any, prefix: str = "") -> list[tuple[str, Any, Any]]:
    """(key with dots, value before, value after) of every difference between two nested mappings."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return [] if before == after else [(prefix, before, after)]
    found = []
    for key in dict.fromkeys([*before, *after]):
        found += differing_keys(before.get(key), after.get(key), f"{prefix}.{key}" if prefix else str(key))
    return found


def digest(*parts: object) -> str:
    """Hex digest of plain values."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def file_digest(path: Path) -> str:
    """Hex digest of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def environment() -> dict[str, Any]:
    """Machine and versions, without anything secret."""
    packages = (
        "sketchfit",
        "torch",
        "torchvision",
        "timm",
        "accelerate",
        "opencv-python-headless",
        "numpy",
        "scikit-learn",
    )
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "command": command_line([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "packages": {name: importlib.metadata.version(name) for name in packages},
    }
