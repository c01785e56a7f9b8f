"""Read a run's folder for the report: probabilities, labels, histories; nothing else is needed but the images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from sketchfit.errors import UserError
from sketchfit.files import read_json
from sketchfit.reporting.evidence import Evidence
from sketchfit.runs.folder import RunFolder


def read_evidence(run: str | Path) -> Evidence:
    """Read a finished run.

    Raises:
        UserError: no run there, or one without out-of-fold probabilities.
    """
    folder = RunFolder(Path(run))
    if not folder.state.is_file() or not folder.recipe.is_file():
        raise UserError(f"{run} holds no run", "Give the folder that `sketchfit run` wrote.")
    if not (folder.ensemble / "oof.npz").is_file() or not folder.folds.is_file():
        raise UserError(f"{run} holds no out-of-fold probabilities", "Let `sketchfit run` finish first.")
    state = read_json(folder.state)
    table = pd.read_parquet(folder.folds).set_index("row")
    with np.load(folder.ensemble / "oof.npz") as file:
        rows, prob = file["row"], file["prob"].astype(np.float32)
    chosen = table.loc[rows]
    fold = chosen["fold" if "fold" in chosen else "fold_0"].to_numpy(np.int64)
    return Evidence(
        name=folder.path.resolve().name,
        root=Path(state["data"]),
        class_names=tuple(state["class_names"]),
        class_targets=tuple(state["class_targets"]),
        rows=rows,
        paths=tuple(chosen["image_path"]),
        label=chosen["label"].to_numpy(np.int64),
        group=chosen["group"].to_numpy(np.int64),
        fold=fold,
        prob=prob,
        members={name: _member(path, rows, prob.shape[1]) for name, path in members(folder)},
        test=_test(folder),
        histories=_by_fold(folder, "history.csv", pd.read_csv),
        seconds=_by_fold(folder, "done.json", lambda path: float(read_json(path)["seconds"])),
        recipe=yaml.safe_load(folder.recipe.read_text(encoding="utf-8")),
        environment=_json(folder.path / "environment.json"),
        findings=_json(folder.findings),
        steps=read_json(folder.ensemble / "steps.json") if (folder.ensemble / "steps.json").is_file() else (),
        traits=_traits(folder.findings.parent / "traits.parquet", rows),
    )


def members(folder: RunFolder) -> list[tuple[str, Path]]:
    """Names and folders of the members that have trained folds."""
    found = sorted((folder.path / "members").glob("*"))
    return [(path.name, path) for path in found if any(path.glob("fold*/oof.npz"))]


def _member(folder: Path, rows: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """Mean over folds and repeats, float32 [n, C], at `rows`."""
    size = int(rows.max(initial=-1)) + 1
    total, times = np.zeros((size, classes), dtype=np.float32), np.zeros(size, dtype=np.int64)
    for path in sorted(folder.glob("fold*/oof.npz")):
        with np.load(path) as file:
            inside = file["row"] < size
            total[file["row"][inside]] += file["prob"][inside]
            times[file["row"][inside]] += 1
    return np.asarray(total[rows] / np.maximum(times[rows], 1)[:, None], dtype=np.float32)


def _test(folder: RunFolder) -> NDArray[np.float32] | None:
    path = folder.ensemble / "test.npz"
    if not path.is_file():
        return None
    with np.load(path) as file:
        return np.asarray(file["prob"], dtype=np.float32)


def _by_fold(folder: RunFolder, name: str, read: Any) -> dict[str, Any]:
    paths = sorted((folder.path / "members").glob(f"*/fold*/{name}"), key=_fold_order)
    return {f"{path.parent.parent.name}/{path.parent.name}": read(path) for path in paths}


def _fold_order(path: Path) -> tuple[str, int]:
    return path.parent.parent.name, int(path.parent.name.removeprefix("fold"))


def _json(path: Path) -> dict[str, Any]:
    return dict(read_json(path)) if path.is_file() else {}


def _traits(path: Path, rows: NDArray[np.int64]) -> pd.DataFrame | None:
    if not path.is_file():
        return None
    frame = pd.read_parquet(path)
    return frame[frame["split"] == "train"].set_index("row").reindex(rows).reset_index()
