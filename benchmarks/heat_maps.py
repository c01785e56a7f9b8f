"""Heat maps of the smallest model of every timm family, with random weights, of noise: the method, and the time.

    python -m benchmarks.heat_maps --results FOLDER [--seconds 110]  # families without a result, the smallest first
    python -m benchmarks.heat_maps --results FOLDER --table          # the summary for docs/report.md

Results are one JSON file per family, so that the sweep can be stopped. Models of more than 200 million parameters are
left out.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import torch

from benchmarks.families import Family, without_result
from benchmarks.family_steps import first_size, heat_maps

PICTURES = 3
NOTHING = "none"


def measure(family: Family) -> dict[str, Any]:
    """Compute heat maps with a family's model.

    Returns:
        `methods`: that found the map of each picture, `none` where there is none; `covered`: the mean share of a map
        above a twentieth of its largest value; `seconds` per picture, with the search for the layer.
    """
    size = first_size(family.model)
    began = time.perf_counter()
    found = heat_maps(family.model, size, PICTURES)
    seconds = (time.perf_counter() - began) / PICTURES
    covered = [float((one.heat > 0.05).mean()) for one in found if one is not None]
    return {
        "family": family.module,
        "size": size,
        "methods": [NOTHING if one is None else one.method for one in found],
        "covered": round(sum(covered) / max(1, len(covered)), 3),
        "seconds": round(seconds, 3),
    }


def run(folder: Path, seconds: float, only: Sequence[str]) -> None:
    """Measure the families that have no result, as far as the processor time allows."""
    for family, path in without_result(folder, seconds, only):
        found = measure(family)
        path.write_text(json.dumps(found), encoding="utf-8")
        print(f"{family.module} ({family.model}, {found['size']} px): {found}", flush=True)


def table(results: Sequence[dict[str, Any]]) -> str:
    """Return the summary: families by the method of their first map, and those without a map."""
    lines = ["| method | families | seconds per drawing, median and most |", "| --- | --- | --- |"]
    for method, count in Counter(one["methods"][0] for one in results).most_common():
        times = [one["seconds"] for one in results if one["methods"][0] == method]
        lines.append(f"| {method} | {count} | {median(times):.2f}, {max(times):.2f} |")
    empty = [one["family"] for one in results if NOTHING in one["methods"]]
    others = Counter(method for one in results for method in one["methods"])
    lines += ["", f"{len(results)} families. Without a map: {', '.join(empty) or 'none'}. Maps: {dict(others)}."]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--only", default="", help="families, commas between")
    parser.add_argument("--seconds", type=float, default=110, help="of the processor, after which no new family begins")
    parser.add_argument("--table", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.table:
        print(table([json.loads(path.read_text()) for path in sorted(given.results.glob("*.json"))]))
    else:
        run(given.results, given.seconds, [name for name in given.only.split(",") if name])


if __name__ == "__main__":
    main()
