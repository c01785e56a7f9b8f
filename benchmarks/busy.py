"""What waiting threads cost when several trainings share a machine: 1, 2 and 4 at the same time.

    python -m benchmarks.busy [--backbone resnet18] [--size 128] [--steps 8] [--repeats 3]

Each training has as many threads as there are cores, as separate runs have. `passive` is what `import sketchfit` sets,
`spinning` the default of OpenMP. The figures are images per second of all trainings together, as a ratio to one
training with passive threads; rounds of both alternate.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from statistics import median

AT_ONCE = (1, 2, 4)
POLICIES: dict[str, dict[str, str]] = {
    "passive": {},
    "spinning": {"OMP_WAIT_POLICY": "active"},
    "usual of OpenMP": {"GOMP_SPINCOUNT": "300000"},
}
"""Environment by name; the last one is what GNU's library does without variables."""
BATCH = 16


def train(backbone: str, size: int, steps: int) -> float:
    """Make training steps; return images per second."""
    import torch

    from sketchfit.config.load import load_recipe
    from sketchfit.training.step_rates import FEW, measure_steps

    settings = {
        "model": {"backbone": backbone, "pretrained": False, "input_size": size},
        "transforms": {"policy": "none"},
    }
    recipe = load_recipe(settings | {"training": {"epochs": 1, "batch_size": max(BATCH, FEW)}})
    found = [measure_steps(recipe, 10, torch.device("cpu")).training for _ in range(steps)]
    return 1 / median(found)


def rate(policy: Mapping[str, str], at_once: int, work: Sequence[str]) -> float:
    """Return images per second of several trainings together."""
    hidden = {"OMP_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden} | dict(policy)
    command = [sys.executable, "-m", "benchmarks.busy", "--work", *work]
    started = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(at_once)]
    return sum(float(json.loads(one.communicate()[0])) for one in started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbone", default="resnet18")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--work", action="store_true", help="train in this process, and print the rate")
    given = parser.parse_args()
    if given.work:
        import sketchfit  # noqa: F401 - first: it sets how threads wait

        print(json.dumps(train(given.backbone, given.size, given.steps)))
        return
    work = ["--backbone", given.backbone, "--size", str(given.size), "--steps", str(given.steps)]
    print(f"load before: {os.getloadavg()[0]:.1f}; {time.strftime('%Y-%m-%d')}", flush=True)
    found: dict[tuple[str, int], list[float]] = {}
    for _ in range(given.repeats):
        for at_once in AT_ONCE:
            for name, policy in POLICIES.items():
                found.setdefault((name, at_once), []).append(rate(policy, at_once, work))
    one = median(found["passive", 1])
    for (name, at_once), rates in found.items():
        low, high = min(rates) / one, max(rates) / one
        print(f"{name}, {at_once} at once: {median(rates) / one:.2f} ({low:.2f} to {high:.2f}) of one training")


if __name__ == "__main__":
    main()
