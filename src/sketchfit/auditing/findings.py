"""Write the audit's files for programs, `findings.json` and `traits.parquet`. docs/audit.md describes both."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sketchfit.auditing.audit import Audit, PixelStatistics
from sketchfit.auditing.copies import RELATIONS, Relation
from sketchfit.auditing.drift_sentences import drift_sentence
from sketchfit.auditing.traits import TRAIT_NAMES
from sketchfit.runs.artefacts import AuditFindings
from sketchfit.runs.parquet import write_parquet

_EXTREMES = 5


def write_findings(path: Path, audit: Audit) -> None:
    """Write `findings.json`, atomically."""
    AuditFindings.model_validate(findings(audit)).write_file(path)


def write_traits(path: Path, audit: Audit) -> None:
    """Write `traits.parquet`, atomically: one row per image, see `traits_frame`."""
    write_parquet(path, audit.traits)


def findings(audit: Audit) -> dict[str, Any]:
    """Return the content of `findings.json`: plain values, no NaN."""
    return {
        "version": AuditFindings.VERSION,
        "notes": list(audit.notes),
        "unreadable": audit.unreadable,
        "damaged": audit.damaged,
        "unused": {one.kind: list(one.paths) for one in audit.table.unused},
        "oddities": [
            {"path": one.path, "split": one.split, "kind": one.kind, "text": one.text} for one in audit.oddities
        ],
        "table": _table(audit),
        "near_duplicates": _near_duplicates(audit),
        "folds": _folds(audit),
        "drift": _drift(audit),
        "traits": {name: _trait(audit.traits, name) for name in TRAIT_NAMES},
        "pixels": _pixels(audit),
    }


def _table(audit: Audit) -> dict[str, Any]:
    names, counts = audit.table.class_names, audit.class_counts
    order = sorted(range(len(names)), key=lambda index: (counts[index], names[index]))
    sizes, classes = np.unique(counts, return_counts=True)
    return {
        "rows": {"train": len(audit.table.train), "test": len(audit.table.test)},
        "classes": len(names),
        "images_per_class": {
            "smallest": int(counts.min(initial=counts[0] if len(counts) else 0)),
            "median": float(np.median(counts)) if len(counts) else 0.0,
            "largest": int(counts.max(initial=0)),
            "histogram": {str(size): int(number) for size, number in zip(sizes, classes, strict=True)},
        },
        "smallest_classes": {names[index]: int(counts[index]) for index in order[:_EXTREMES]},
        "largest_classes": {names[index]: int(counts[index]) for index in reversed(order[-_EXTREMES:])},
        "class_counts": {name: int(count) for name, count in zip(names, counts, strict=True)},
    }


def _near_duplicates(audit: Audit) -> dict[str, Any]:
    copies, paths = audit.copies, audit.paths
    pairs = [
        {
            "first": paths[first],
            "second": paths[second],
            "first_class": audit.class_of(first),
            "second_class": audit.class_of(second),
            "relation": relation,
            "kind": kind,
            "score": round(float(score), 4),
        }
        for (first, second), relation, kind, score in zip(
            copies.pairs.tolist(), copies.relation, copies.kind, copies.score, strict=True
        )
    ]
    return {
        "groups": [[paths[row] for row in rows] for rows in copies.groups],
        "group_relations": list(copies.group_relation),
        "pairs": pairs,
        "counts": {
            "groups": len(copies.groups),
            "pairs": len(pairs),
            "images": sum(len(rows) for rows in copies.groups),
            "largest_group": max((len(rows) for rows in copies.groups), default=0),
            "groups_by_relation": {relation: _count(copies.group_relation, relation) for relation in RELATIONS},
            "test_images_with_training_copy": test_images_with_training_copy(audit),
        },
    }


def test_images_with_training_copy(audit: Audit) -> int:
    """Count the test rows whose near-duplicate group contains a training row."""
    count = len(audit.table.train)
    return sum(sum(row >= count for row in rows) for rows in audit.copies.groups if rows[0] < count)


def _count(relations: tuple[Relation, ...], relation: Relation) -> int:
    return sum(one == relation for one in relations)


def _folds(audit: Audit) -> dict[str, Any]:
    crossing = audit.crossing
    return {
        "k": crossing.k,
        "seed": crossing.seed,
        "crossing_groups": crossing.groups,
        "crossing_rows": crossing.rows,
        "misled_rows": crossing.misled,
        "rows": crossing.total,
        "nearest_neighbour": {
            "plain": crossing.plain,
            "grouped": crossing.grouped,
            "excess": None if crossing.excess is None else asdict(crossing.excess),
        },
        "answer": crossing.summary,
    }


def _drift(audit: Audit) -> dict[str, Any]:
    return {
        "traits": {
            name: {
                **asdict(drift),
                "separates": drift.separates,
                "text": drift_sentence(name, drift) if drift.separates else None,
                "typical": _typical(audit, name),
            }
            for name, drift in audit.drift.traits.items()
        },
        "auc": audit.drift.auc,
        "auc_interval": None if audit.drift.auc is None else [audit.drift.auc_low, audit.drift.auc_high],
    }


def _typical(audit: Audit, name: str) -> dict[str, list[str]] | None:
    rows = audit.drift.typical.get(name)
    if rows is None:
        return None
    return {split: [audit.paths[row] for row in part] for split, part in (("train", rows.train), ("test", rows.test))}


def _trait(frame: pd.DataFrame, name: str) -> dict[str, Any]:
    return {
        split: _summary(frame.loc[frame["split"] == split, name].dropna().to_numpy()) for split in ("train", "test")
    }


def _summary(values: np.ndarray[Any, Any]) -> dict[str, float] | None:
    if not len(values):
        return None
    points = np.quantile(values, [0, 0.05, 0.5, 0.95, 1])
    names = ("smallest", "p5", "median", "p95", "largest")
    return {
        "count": len(values),
        "mean": float(values.mean()),
        "std": float(values.std()),
        **{name: float(point) for name, point in zip(names, points, strict=True)},
    }


def _pixels(audit: Audit) -> dict[str, Any] | None:
    if audit.pixels is None:
        return None
    backbone = audit.backbone
    return {
        **_statistics(audit.pixels),
        "backbone": None if backbone is None else {"name": backbone.name, **_statistics(backbone.expects)},
    }


def _statistics(pixels: PixelStatistics) -> dict[str, list[float]]:
    return {"mean": list(pixels.mean), "std": list(pixels.std)}
