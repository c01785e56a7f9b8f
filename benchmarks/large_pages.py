"""Sizes of the parts of the pages that grow with classes and drawings, without images, networks or a run.

    python -m benchmarks.large_pages 1000000 10000

Labels and answers are random, 60 % of them right; each thumbnail is the same scribble with noise. A page also has its
styles and scripts, sections of constant size, and pictures of the gallery: together less than 2 MB.
"""

from __future__ import annotations

import argparse
import time
from types import SimpleNamespace
from typing import Any, cast

import cv2
import numpy as np

from benchmarks.machine import cpu_model, memory_gb
from sketchfit.config.audit import AuditSection
from sketchfit.reporting.audit.contact_sheets import bytes_of, class_sheets
from sketchfit.reporting.kit.page import embedded_json
from sketchfit.reporting.review import ReviewedRows, ReviewTarget, review_bar
from sketchfit.reporting.run.classes import classes_section, confusion_matrix
from sketchfit.reporting.run.confusions import MOST_CELLS, largest_cells
from sketchfit.reporting.run.shown_rows import ShownRows

RIGHT, DOUBTFUL = 0.6, 0.1
"""Shares of right answers, and of labels in doubt."""


def part(name: str, size: int) -> int:
    print(f"| {name} | {size / 1e6:.2f} |", flush=True)
    return size


def report_parts(paths: list[str], label: np.ndarray, names: tuple[str, ...]) -> int:
    rng = np.random.default_rng(0)
    answer = np.where(rng.random(len(label)) < RIGHT, label, rng.integers(0, len(names), len(label)))
    evidence = SimpleNamespace(class_names=names, label=label, answer=answer, class_count=len(names))
    size = part("report: classes", len(classes_section(cast(Any, evidence), None).html.encode()))
    matrix = confusion_matrix(label, answer, len(names))
    rows, columns = largest_cells(matrix, MOST_CELLS)
    cells = np.stack([rows, columns, matrix[rows, columns]], axis=1)
    size += part("report: confusion matrix", len(embedded_json({"order": np.arange(len(names)), "cells": cells})))
    del matrix
    places = ShownRows.of(paths).places
    share = np.full(len(places), 777)
    shown = {"label": label[places], "answer": answer[places], "confidence": share, "own": share}
    shown["path"] = cast(Any, [paths[place] for place in places])
    sprites = [f"drawings/{index}.webp" for index in range(len(names))]
    data = {"rows": shown, "places": places, "names": names, "sprites": sprites, "counts": np.bincount(label)}
    size += part(f"report: {len(places):,} drawings", len(embedded_json(data).encode()))
    suggested: dict[str, int | None] = {
        paths[place]: int(answer[place]) for place in places[rng.random(len(places)) < DOUBTFUL]
    }
    return size + part("report: review", review_size(paths, label, names, suggested))


def review_size(
    paths: list[str], label: np.ndarray, names: tuple[str, ...], suggested: dict[str, int | None] | None = None
) -> int:
    rows = ReviewedRows(tuple(paths), label, names, names, suggested or {})
    return len(review_bar(ReviewTarget("large", "large", ("sketchfit",)), rows).encode())


def audit_parts(paths: list[str], label: np.ndarray, names: tuple[str, ...]) -> int:
    rng = np.random.default_rng(0)
    image = np.full((96, 96), 255, np.uint8)
    cv2.polylines(image, [rng.integers(0, 96, (12, 1, 2)).astype(np.int32)], False, 0, 2)
    image = np.clip(image + rng.normal(0, 12, image.shape), 0, 255).astype(np.uint8)
    table = SimpleNamespace(label=label, class_names=names, class_count=len(names))
    thumbnails = [cv2.imencode(".jpg", image)[1].tobytes()] * len(paths)
    audit = SimpleNamespace(table=table, thumbnails=thumbnails, paths=paths, class_counts=np.bincount(label))
    sheets = class_sheets(cast(Any, audit), AuditSection())
    size = part(f"audit: contact sheets of {len(sheets):,} classes", sum(bytes_of(one, paths) for one in sheets))
    return size + part("audit: review", review_size(paths, label, names))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=int)
    parser.add_argument("classes", type=int)
    options = parser.parse_args()
    names = tuple(f"some class {number:05d}" for number in range(options.classes))
    label = np.arange(options.rows) * options.classes // options.rows
    paths = [f"train/some_class_{label[row]:05d}/image_{row:07d}.jpg" for row in range(options.rows)]
    print(f"{options.rows:,} rows of {options.classes:,} classes; {cpu_model()}, {memory_gb():.0f} GB")
    print("\n| part | MB |\n| --- | --- |", flush=True)
    began = time.monotonic()
    part("report: together", report_parts(paths, label, names))
    part("audit: together", audit_parts(paths, label, names))
    print(f"\n{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
