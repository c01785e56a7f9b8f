"""Lost nodes, on a Ray cluster of simulated nodes on this machine.

    python -m benchmarks.workers --tries 10 [--epochs 60] [--seed 0]

Trains 5 folds × 2 members one after the other, then on four nodes of one core each, of which two are killed at random
times in each try, and compares all networks and the submission bit by bit. All nodes share the cores of this machine.
A try that fails is a line of the table, and its files stay. `benchmarks.workers_overhead` measures the overhead of Ray.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

NODES = 4
KILLED = 2
RECIPE: dict[str, Any] = {
    "model": {"backbone": "test_resnet", "pretrained": False, "input_size": 64},
    "data": {"channels": 1},
    "folds": {"k": 5},
    "training": {"batch_size": 16, "validate_every": 0},
    "compute": {"device": "cpu", "threads": 1},
    "claim": {"enabled": False},
    "inference": {"views": []},
    "report": {"enabled": False},
    "members": {"a": {}, "b": {"seed": 1}},
}
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "disabled",  # `Cluster` starts without a token, also where there is one
    "RAY_worker_niceness": "0",
}


def run(data: Path, recipe: Path, out: Path, *options: str, env: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a run."""
    command = [sys.executable, "-m", "sketchfit", "run", str(data), "--recipe", str(recipe), "--out", str(out)]
    log = (out.parent / f"{out.name}.txt").open("wb")
    return subprocess.Popen([*command, *options], env=os.environ | ENVIRONMENT | env, stdout=log, stderr=log)


def finished(process: subprocess.Popen[bytes], out: Path) -> Path:
    """Wait for the end of a run."""
    if process.wait():
        raise SystemExit((out.parent / f"{out.name}.txt").read_text())
    return out


@contextmanager
def on_core(number: int | None) -> Iterator[None]:
    """Let processes that the block starts run on one core of this machine; None: on those of this process."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, before if number is None else {number})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def cluster(nodes: int, core: int | None = None) -> Iterator[tuple[Any, list[Any]]]:
    """Start a head without cores and nodes of one core; on a core of this machine, where its number is given."""
    from ray.cluster_utils import Cluster

    os.environ.update(ENVIRONMENT)
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        with on_core(core):
            added = [made.add_node(num_cpus=1) for _ in range(nodes)]
        yield made, added
    finally:
        made.shutdown()


def one_try(place: Path, data: Path, recipe: Path, number: int, chance: random.Random, seconds: float) -> list[str]:
    """Kill two nodes while a run trains on four; return the cells of a table's row."""
    out = place / f"try{number}"
    with cluster(NODES) as (made, nodes):
        process = run(data, recipe, out, "--workers", "ray://auto", env={"RAY_ADDRESS": made.address})
        while process.poll() is None and not list(out.glob("members/*/*/last.ckpt")):
            time.sleep(0.1)
        began, kills = time.time(), []
        for wait in sorted(chance.uniform(0, seconds) for _ in range(KILLED)):
            time.sleep(max(0.0, began + wait - time.time()))
            if process.poll() is None:
                made.remove_node(nodes.pop(chance.randrange(len(nodes))), allow_graceful=False)
                kills.append(time.time())
        finished(process, out)
    lost, again = events(out)
    after = [f"{min((one - kill for one in again if one > kill), default=float('nan')):.0f}" for kill in kills]
    same = compare(out, place / "alone")
    times = ", ".join(f"{one - began:.0f}" for one in kills)
    return [str(number + 1), times, str(len(lost)), ", ".join(after), same, f"{time.time() - began:.0f}"]


def events(out: Path) -> tuple[list[float], list[float]]:
    """Return when units were found lost, and when others continued them, from the run's log."""
    lost, again = [], []
    for line in (out / "log.txt").read_text(encoding="utf-8").splitlines():
        stamp = re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", line)
        if stamp:
            when = datetime.fromisoformat(stamp[0]).timestamp()
            lost += [when] if "was lost" in line else []
            again += [when] if "continues at epoch" in line else []
    return lost, again


def compare(one: Path, other: Path) -> str:
    """Return whether two runs have the same bits."""
    from tests.contracts.executor import files_of

    names = ("submission.csv", "ensemble/oof.npz", "ensemble/test.npz")
    same = all((one / name).read_bytes() == (other / name).read_bytes() for name in names)
    found, wanted = files_of(one), files_of(other)
    return "same" if same and found == wanted else f"other: {sorted(found.items() ^ wanted.items())[:3]}"


def prepared(place: Path, epochs: int, per_class: int) -> tuple[Path, Path]:
    """Draw images and write the recipe; return their paths. The cache of all runs is next to them."""
    os.environ["SKETCHFIT_CACHE"] = str(place / "cache")
    data, recipe = place / "data", place / "recipe.yaml"
    recipe.write_text(yaml.safe_dump(RECIPE | {"training": RECIPE["training"] | {"epochs": epochs}}))
    draw = [sys.executable, "-m", "sketchfit", "draw", str(data), "--classes", "6", "--per-class", str(per_class)]
    subprocess.run(draw, check=True, stdout=subprocess.DEVNULL)
    return data, recipe


def training_seconds(out: Path) -> float:
    """Return the seconds from the first epoch's end to the last network's, from the logs of a run."""
    stamps = []
    for log in (out / "log.txt", *out.glob("members/*/*/log.txt")):
        for line in log.read_text(encoding="utf-8").splitlines():
            if re.search(r"  epoch +\d+/|: done in ", line):
                stamps.append(datetime.fromisoformat(line[:19]).timestamp())
    return max(stamps) - min(stamps)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    chosen, chance = (found := parser.parse_args()), random.Random(found.seed)
    place, failed = Path(tempfile.mkdtemp(prefix="workers-")), 0
    data, recipe = prepared(place, chosen.epochs, 20)
    alone = finished(run(data, recipe, place / "alone", env={}), place / "alone")
    seconds = training_seconds(alone)
    print(f"10 networks, one after the other: {seconds:.0f} s; load {os.getloadavg()[0]:.1f}\n")
    print("| try | nodes killed after, s | units lost | continued after, s | bits | total, s |")
    print("| ---: | --- | ---: | --- | --- | ---: |", flush=True)
    for number in range(chosen.tries):
        try:
            cells = one_try(place, data, recipe, number, chance, seconds / NODES)
        except (SystemExit, Exception) as error:  # the others still count
            cells, failed = [str(number + 1), "", "", "", f"failed: {str(error).strip()[-300:]!r}", ""], failed + 1
        print(f"| {' | '.join(cells)} |", flush=True)
    if failed:
        raise SystemExit(f"{failed} of {chosen.tries} tries failed; their files are in {place}")
    shutil.rmtree(place)


if __name__ == "__main__":
    main()
