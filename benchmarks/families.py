"""The smallest model of every timm family through all steps of a run; writes `docs/models.md`.

    python -m benchmarks.families --choose                        # which model is the smallest, into families.csv
    python -m benchmarks.families --results FOLDER [--seconds 90] # families that have no result, the smallest first
    python -m benchmarks.families --results FOLDER --out docs/models.md

A family is a module of `timm.models`. Results are one JSON file per family, so that the sweep can be stopped.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from benchmarks.family_steps import STEPS, Outcome, first_size
from sketchfit._timm import timm

CHOSEN = Path(__file__).with_name("families.csv")
LARGE = ("huge", "giant", "gigantic", "large", "xlarge", "so400m", "so150m", "enormous", "7b")
"""Parts of the names of models that are not the smallest of a family that has others."""

MOST = 200.0
"""Millions of parameters of a model that is run: the trial of one takes about 25 bytes of memory for each."""

TEXT = """# Backbones

This page is about compatibility: which steps of a run work with which family of timm. It does not compare accuracies.
Which backbone suits a device and a data set: `sketchfit recipes` lists the shipped recipes with their machine,
[the planner](deadline.md) states which one is the default, and [`sketchfit scout`](scout.md) compares backbones on your
drawings.

Any model of timm {version} can be a backbone. A family is a module of `timm.models`; the table has the smallest model
of each of the {count}, with random weights, on a CPU in fp32, at the smallest of 64, 96, 128, 160, 192 and 224 pixels
at which it computes (else at its own size). `python -m benchmarks.families --results FOLDER --out docs/models.md` makes
this page; the slow test `tests/models/test_families.py` takes the same steps.

| step | what is done |
| --- | --- |
| trial | build, forward, backward, update, write weights, read them, compare, predict: as before each run |
| size | at 64 pixels, where the model does not compute: the message names a size at which it does |
| heat map | where the evidence for a class is, as in the report |
| freeze | a trial with `model.freeze=gradual` |
| LoRA | a trial with `model.lora=2` |
| mlp head, cosine head | a trial with this `model.head` |
| resize | a trial with one epoch at another size (`training.resize`) |
| ONNX | `sketchfit export`: converted, and compared with torch |

"Refused" is one sentence with what to do and exit status 2, before any long work (of an export: when it is requested).
The sentences are below the table. LoRA needs layers whose names `lora.targets` match, which most convolutional networks
do not have; other heads need one linear classifier.
Files for OpenVINO, int8 and `torch.export`: [exported forms by backbone](export-table.md).
"""


@dataclass(frozen=True)
class Family:
    """A family and its smallest model, with millions of parameters."""

    module: str
    model: str
    params: float


def families() -> list[Family]:
    """Return the chosen models."""
    with CHOSEN.open(newline="", encoding="utf-8") as file:
        return [Family(row["family"], row["model"], float(row["params"])) for row in csv.DictReader(file)]


def parameters(model: str) -> float:
    """Return millions of parameters; infinity where timm cannot build the model without memory."""
    try:
        with torch.device("meta"):
            made = timm.create_model(model, pretrained=False)
    except Exception:
        return float("inf")
    return float(sum(one.numel() for one in made.parameters()) / 1e6)


def smallest(module: str) -> Family:
    """Return the smallest model of a family; the first in alphabetical order of several."""
    names = timm.list_models(module=module)
    small = [name for name in names if not any(part in name.split("_") for part in LARGE)] or names
    params, name = min((parameters(name), name) for name in small)
    return Family(module, name, params)


def choose(known: Sequence[Family], seconds: float) -> list[Family]:
    """Return the families with those added that are not known, as far as the time allows."""
    began, found = time.monotonic(), {one.module: one for one in known}
    for module in timm.list_modules():
        if module not in found and timm.list_models(module=module) and time.monotonic() - began < seconds:
            found[module] = smallest(module)
    return sorted(found.values(), key=lambda one: one.module)


def write_choice(chosen: Sequence[Family]) -> None:
    """Write `families.csv`."""
    lines = ["family,model,params", *(f"{one.module},{one.model},{one.params:.3f}" for one in chosen)]
    CHOSEN.write_text("\n".join(lines) + "\n", encoding="utf-8")


def take_steps(family: Family, steps: Sequence[str]) -> dict[str, Any]:
    """Take steps with a family's model; return how each ended."""
    size = first_size(family.model)
    found = {name: Outcome.of(lambda name=name: STEPS[name](family.model, size)) for name in steps}  # type: ignore[misc]
    return {"family": family.module, "size": size, "steps": {name: one.to_json() for name, one in found.items()}}


def without_result(folder: Path, seconds: float, only: Sequence[str]) -> Iterator[tuple[Family, Path]]:
    """Yield the families that have no result, the smallest first, as far as the processor time allows.

    Args:
        folder: of the results; it is made.
        seconds: of the processor, after which no new family begins.
        only: names of families; empty: all.

    Yields:
        A family, and the file for its result.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for family in sorted(families(), key=lambda one: one.params):
        path = folder / f"{family.module}.json"
        if path.is_file() or (only and family.module not in only) or family.params > MOST:
            continue
        if time.process_time() > seconds:
            return
        yield family, path


def run(folder: Path, seconds: float, only: Sequence[str]) -> None:
    """Take all steps with the families that have no result, as far as the time allows."""
    for family, path in without_result(folder, seconds, only):
        found = take_steps(family, list(STEPS))
        path.write_text(json.dumps(found, indent=1), encoding="utf-8")
        words = ", ".join(f"{name} {one['result']}" for name, one in found["steps"].items() if one["result"] != "works")
        took = sum(one["seconds"] for one in found["steps"].values())
        print(f"{family.module} ({family.model}, {found['size']} px, {took:.0f} s): {words or 'all work'}", flush=True)


def page(chosen: Sequence[Family], results: Mapping[str, Mapping[str, Any]]) -> str:
    """Return `docs/models.md`."""
    rows = [one for one in chosen if one.module in results]
    counts = {name: Counter(results[one.module]["steps"][name]["result"] for one in rows) for name in STEPS}
    kinds = ("works", "refused", "fails")
    lines = [
        TEXT.format(version=timm.__version__, count=len(chosen)),
        f"| of {len(rows)} families | {' | '.join(STEPS)} |",
    ]
    lines += ["| --- |" + " --- |" * len(STEPS)]
    lines += [f"| {kind} | {' | '.join(str(counts[name][kind]) for name in STEPS)} |" for kind in kinds]
    lines += ["", f"| family | model | million parameters | pixels | {' | '.join(STEPS)} |"]
    lines += ["| --- | --- | --- | --- |" + " --- |" * len(STEPS)]
    for one in rows:
        found = results[one.module]
        cells = " | ".join(found["steps"][name]["result"] for name in STEPS)
        lines.append(f"| {one.module} | {one.model} | {one.params:.2f} | {found['size']} | {cells} |")
    left_out = [f"{one.module} ({one.params:.0f} million parameters)" for one in chosen if one.module not in results]
    lines += ["", f"Not run: {', '.join(left_out) or 'none'}.", "", "## Refused", ""]
    lines += [
        f"- {one.module}, {name}: {step['why']}"
        for one in rows
        for name, step in results[one.module]["steps"].items()
        if step["result"] != "works"
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--choose", action="store_true")
    parser.add_argument("--results", type=Path)
    parser.add_argument("--only", default="", help="families, commas between")
    parser.add_argument("--seconds", type=float, default=90, help="of the processor, after which no new family begins")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.choose:
        write_choice(choose(families() if CHOSEN.is_file() else [], given.seconds))
    if given.results and given.out:
        results = {
            one.module: json.loads(path.read_text())
            for one in families()
            if (path := given.results / f"{one.module}.json").is_file()
        }
        given.out.write_text(page(families(), results), encoding="utf-8")
    elif given.results:
        run(given.results, given.seconds, [name for name in given.only.split(",") if name])


if __name__ == "__main__":
    main()
