"""Does the claim of a run hold on drawings of related families? Table of docs/claims.md.

    python -m benchmarks.claims_families --weights mobilenetv2_100.safetensors --work FOLDER [--seeds 20] [--jobs 2]

Each seed draws 60 classes with 30 training and 60 test drawings per class, five families per class: drawings of one
object by different hands. The test drawings show other families, or those of the training drawings; file names contain
the family or do not. Each of these four cases is a complete run of the product with its defaults for relations, folds
and claims: the head of a frozen MobileNetV2 at 48 px is trained, because 80 complete fine-tunings would take a day.
Nothing but the score reads the labels of the test drawings. Finished runs are kept in FOLDER and not repeated.

Printed per case: out-of-fold accuracy, claim, estimate without labels and truth (means over seeds), the mean absolute
error of the claim and of the estimate, how often their 95 % intervals hold the truth, how often an alarm is raised, and
which grouping was chosen.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, Literal

from benchmarks.process import environment
from sketchfit.api.score import score
from sketchfit.runs.run import Run
from sketchfit.synthetic import DrawSettings, draw

CLASSES, PER_CLASS, TEST_PER_CLASS, FAMILIES = 60, 30, 60, 5

SETTINGS = (
    "model.input_size=48",
    "model.freeze.train=head",
    "training.epochs=1",
    "folds.k=5",
    "inference.views=[]",
    "compute.autotune=false",
    "compute.threads=1",
    "report.enabled=false",
    "audit.html=false",
)


@dataclass(frozen=True)
class Case:
    """One run."""

    seed: int
    split: Literal["family", "random"]
    names: Literal["family", "plain"]

    @property
    def title(self) -> str:
        """The case without its seed."""
        split = "other families" if self.split == "family" else "same families"
        return f"{split}, {'names with the family' if self.names == 'family' else 'plain names'}"


@dataclass(frozen=True)
class Result:
    """What one run claimed, and what was right; accuracies 0 … 1."""

    title: str
    seed: int
    out_of_fold: float
    claim: float
    claim_low: float
    claim_high: float
    label_free: float
    label_free_low: float
    label_free_high: float
    truth: float
    alarm: bool
    grouping: str


def measure(case: Case, work: Path, weights: Path) -> Result:
    """Draw, run and score one case, unless that was done."""
    folder = work / f"{case.split}-{case.names}-{case.seed}"
    stored = folder / "result.json"
    if stored.is_file():
        return Result(**json.loads(stored.read_text(encoding="utf-8")))
    draw(
        folder / "data",
        DrawSettings(
            classes=CLASSES,
            per_class=PER_CLASS,
            test_per_class=TEST_PER_CLASS,
            seed=case.seed,
            families=FAMILIES,
            split=case.split,
            names=case.names,
        ),
        fresh=True,
    )
    settings = [part for one in (*SETTINGS, f"model.weights={weights}") for part in ("--set", one)]
    command = ["run", folder / "data", "--recipe", "cpu", "--out", folder / "run", "--fresh", *settings]
    cache = folder / "cache"
    subprocess.run(
        [sys.executable, "-m", "sketchfit", *map(str, command)],
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=3600,
        env=environment(threads=1) | {"SKETCHFIT_CACHE": str(cache)},
    )
    shutil.rmtree(cache)
    result = _result(case, folder)
    stored.write_text(json.dumps(asdict(result)), encoding="utf-8")
    print(f"{case.title}, seed {case.seed}: claim {100 * result.claim:.1f}, truth {100 * result.truth:.1f}", flush=True)
    return result


def _result(case: Case, folder: Path) -> Result:
    claim = Run.open(folder / "run").claim
    truth = score(folder / "run", folder / "data" / "test_labels.csv").top1.value
    assert claim is not None
    assert claim.label_free is not None
    free = claim.label_free.accuracy
    return Result(
        title=case.title,
        seed=case.seed,
        out_of_fold=claim.out_of_fold.value,
        claim=claim.expected.value,
        claim_low=claim.expected.low,
        claim_high=claim.expected.high,
        label_free=free.value,
        label_free_low=free.low,
        label_free_high=free.high,
        truth=truth,
        alarm=claim.alarm,
        grouping=claim.grouping,
    )


def table(results: list[Result]) -> list[str]:
    """Return a Markdown table with one line per case."""
    lines = [
        "| test drawings | runs | out of fold | claim | without labels | truth | error of claim | of estimate "
        "| interval of claim holds truth | of estimate | alarms | grouped |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for title in dict.fromkeys(one.title for one in results):
        runs = [one for one in results if one.title == title]
        lines.append("| " + " | ".join([title, str(len(runs)), *_cells(runs)]) + " |")
    return lines


def _cells(runs: list[Result]) -> list[str]:
    def mean(values: Any) -> str:
        return f"{100 * fmean(values):.1f}"

    return [
        mean(one.out_of_fold for one in runs),
        mean(one.claim for one in runs),
        mean(one.label_free for one in runs),
        mean(one.truth for one in runs),
        mean(abs(one.claim - one.truth) for one in runs),
        mean(abs(one.label_free - one.truth) for one in runs),
        f"{sum(one.claim_low <= one.truth <= one.claim_high for one in runs)} of {len(runs)}",
        f"{sum(one.label_free_low <= one.truth <= one.label_free_high for one in runs)} of {len(runs)}",
        str(sum(one.alarm for one in runs)),
        str(sum(one.grouping not in ("near_duplicate", "none") for one in runs)),
    ]


def main() -> None:
    """Measure all cases and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=0, help="for seeds on which no constant was set")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    splits: tuple[Literal["family", "random"], ...] = ("family", "random")
    names: tuple[Literal["family", "plain"], ...] = ("family", "plain")
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    cases = [Case(seed, split, name) for seed, split, name in itertools.product(seeds, splits, names)]
    with ThreadPoolExecutor(given.jobs) as pool:
        results = list(pool.map(lambda case: measure(case, given.work, given.weights.resolve()), cases))
    print("\n".join(table(results)))


if __name__ == "__main__":
    main()
