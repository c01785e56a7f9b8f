"""Reading what a run wrote."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np


def probabilities(path: Path) -> tuple[np.ndarray, np.ndarray]:
    with np.load(path, allow_pickle=False) as file:
        return file["row"], file["prob"]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
