"""The shipped table of backbones: timm tags with published accuracies, parameters, multiplications and licences.

Accuracies are published ones: of timm's `results/results-imagenet.csv` and `results/results-sketch.csv` (Wightman,
"PyTorch Image Models", https://github.com/huggingface/pytorch-image-models). An empty field means that no figure was
at hand. `python -m tools.candidates_table` writes the other columns from the installed timm.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib.resources import files

from sketchfit.candidates.candidate import BackboneCandidate
from sketchfit.candidates.licences import UNKNOWN

SOURCES = {
    "timm": "timm, results-imagenet.csv and results-sketch.csv at commit 0173a13",
    "timm-later": "timm, results-sketch.csv of a later version, one decimal, not checked against the file",
    "": "no published figure at hand",
}
"""What the column `source` stands for."""


@lru_cache(maxsize=1)
def shipped_candidates() -> tuple[BackboneCandidate, ...]:
    """Return the shipped table, whatever the licences and whether or not the weights are at hand."""
    text = (files("sketchfit.candidates") / "table.csv").read_text(encoding="utf-8")
    return tuple(_candidate(row) for row in csv.DictReader(text.splitlines()))


def published(architecture: str) -> BackboneCandidate | None:
    """Return the shipped candidate of an architecture; None where there is none, or several with other weights."""
    found = [one for one in shipped_candidates() if one.architecture == architecture]
    return found[0] if len(found) == 1 else None


def with_tag(name: str) -> BackboneCandidate | None:
    """Return the shipped candidate of this name with its tag; None where the table has none."""
    return next((one for one in shipped_candidates() if one.backbone == name), None)


def _candidate(row: dict[str, str]) -> BackboneCandidate:
    return BackboneCandidate(
        name=row["backbone"],
        backbone=row["backbone"],
        weights=None,
        input_size=int(row["input_size"]),
        params=float(row["params"]),
        gmacs=float(row["gmacs"]),
        licence=row["licence"] or UNKNOWN,
        imagenet_top1=_number(row["imagenet_top1"]),
        sketch_top1=_number(row["sketch_top1"]),
        sources=(SOURCES[row["source"]],),
    )


def _number(text: str) -> float | None:
    return float(text) if text else None
