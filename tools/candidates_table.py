"""Fills in the columns of the table of candidates that timm itself gives: size, parameters, multiplications, licence.

    python -m tools.candidates_table            # rewrites src/sketchfit/candidates/table.csv

Names, accuracies and their source are typed in by hand from timm's results files.
"""

from __future__ import annotations

import csv
from pathlib import Path

from sketchfit._timm import timm
from sketchfit.candidates.cost import count_cost
from sketchfit.config.own_size import own_input_size

TABLE = Path(__file__).parents[1] / "src" / "sketchfit" / "candidates" / "table.csv"
COLUMNS = ("backbone", "imagenet_top1", "sketch_top1", "source", "input_size", "params", "gmacs", "licence")


def filled_in(row: dict[str, str]) -> dict[str, str]:
    """Return a row of the table with the columns from timm."""
    name = row["backbone"]
    size = own_input_size(name)
    params, gmacs = count_cost(name, size)
    config = timm.get_pretrained_cfg(name)
    licence = (config and config.license) or ""
    return row | {"input_size": str(size), "params": f"{params:.3f}", "gmacs": f"{gmacs:.4g}", "licence": licence}


def main() -> None:
    """Rewrite the table."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = [filled_in(row) for row in csv.DictReader(file)]
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
