"""Runs with chosen answers, without folders."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sketchfit.reporting.comparing.aligned import AlignedRuns


def by_hand(
    *right: str, names: tuple[str, ...] = (), group: list[int] | None = None, root: Path = Path("nowhere")
) -> AlignedRuns:
    """Runs that have row k right where character k of their text is `1`.

    The rows belong to two classes in turns, and each answer has a probability of 80 %.
    """
    count = len(right[0])
    label = np.arange(count) % 2
    prob = []
    for one in right:
        correct = np.array([character == "1" for character in one])
        answer = np.where(correct, label, 1 - label)
        prob.append(np.where(np.arange(2) == answer[:, None], 0.8, 0.2).astype(np.float32))
    return AlignedRuns(
        names=names or tuple("abcdefghijkl"[: len(right)]),
        root=root,
        paths=tuple(f"train/{k}.png" for k in range(count)),
        label=label,
        group=None if group is None else np.array(group),
        prob=tuple(prob),
        class_names=("axe", "bus"),
    )
