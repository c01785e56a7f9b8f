"""How right a run's answers are, once the truth is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sketchfit.errors import UserError
from sketchfit.files import read_json
from sketchfit.inference.intervals import Estimate, accuracy
from sketchfit.inference.metrics import top_k_correct
from sketchfit.pipeline.folder import RunFolder


def score(run: str | Path, truth: str | Path) -> dict[str, Estimate]:
    """Compare a run's test probabilities with the true labels.

    Args:
        run: a run's folder.
        truth: CSV with `target` in the order of the test rows; if it has `image_path`, that must be the sample's order.

    Returns:
        `top-1` and `top-5`, with intervals.

    Raises:
        UserError: no finished run, no `target` column, another number of rows, or a label that is no class.
    """
    folder = RunFolder(Path(run))
    if not (folder.ensemble / "test.npz").is_file():
        raise UserError(f"{run} holds no test probabilities", "Let `sketchfit run` finish first.")
    with np.load(folder.ensemble / "test.npz") as file:
        prob = file["prob"]
    label = _labels(Path(truth), read_json(folder.state)["class_targets"], len(prob))
    return {f"top-{k}": accuracy(top_k_correct(prob, label, min(k, prob.shape[1]))) for k in (1, 5)}


def _labels(path: Path, class_targets: list[int], rows: int) -> NDArray[np.int64]:
    if not path.is_file():
        raise UserError(f"{path} does not exist")
    frame = pd.read_csv(path)
    if "target" not in frame.columns:
        raise UserError(f"{path} has no column 'target'; its columns are {', '.join(map(str, frame.columns))}")
    if len(frame) != rows:
        raise UserError(f"{path} has {len(frame)} rows, and the run answered {rows}")
    index = {target: number for number, target in enumerate(class_targets)}
    unknown = sorted({value for value in frame["target"].tolist() if value not in index}, key=str)
    if unknown:
        raise UserError(f"{path}: {unknown[:5]} are no classes of the run")
    return np.array([index[value] for value in frame["target"].tolist()], dtype=np.int64)
