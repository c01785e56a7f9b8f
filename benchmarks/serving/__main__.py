"""Load on services of one trained network, next to each other, on 127.0.0.1 only.

    python -m benchmarks.serving RUN IMAGES [--requests 100000] [--peer-requests 3000] [--out FILE]

RUN is a finished run; its network is exported into a temporary bundle. IMAGES is a folder. Each answer is compared with
that of the network in torch. Prints a table in Markdown, what the kill of a worker costs, and what malformed requests
are answered.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.machine import describe
from benchmarks.serving.load import Call, Expected, Load
from benchmarks.serving.measure import Killed, Measured, Memory, measure, measure_kill, measure_malformed
from benchmarks.serving.servers import Kind, fastapi, litserve, sketchfit
from benchmarks.serving.torch_network import TorchNetwork
from sketchfit.commands.bundle.write import write_bundle
from sketchfit.data.images import is_image_name
from sketchfit.processors import cores
from sketchfit.runs.finished import open_finished
from sketchfit.temporary import temporary_folder

MOST_IMAGES = 300
HEAD = (
    "| service | clients | requests | images/s | p50 ms | p95 ms | p99 ms | errors | wrong | MB before, after, most |"
)


def calls_for(run: Path, images: Path) -> list[Call]:
    """Return requests with the answers of the network in torch."""
    network = TorchNetwork.open(run)
    paths = sorted(path for path in images.rglob("*") if is_image_name(path.name))[:MOST_IMAGES]
    contents = [path.read_bytes() for path in paths]
    prob = np.concatenate([network.probabilities(network.prepared(content)[None]) for content in contents])
    ranked = np.sort(prob, axis=1)
    return [
        Call(content, Expected(network.labels[row.argmax()], float(row.max()), float(best[-1] - best[-2])))
        for content, row, best in zip(contents, prob, ranked, strict=True)
    ]


def kinds_of(run: Path, bundle: Path, peers: bool) -> list[Kind]:
    """Return the services, sketchfit's first."""
    count = cores()
    own = [
        sketchfit(bundle, count, 1),
        sketchfit(bundle, count, 1, body="JSON"),
        sketchfit(bundle, count, 1, "openvino"),
        sketchfit(bundle, 1, count),
    ]
    return [*own, *([fastapi(run), litserve(run)] if peers else [])]


def rows(found: Measured) -> list[str]:
    """Return the lines of a service in the table."""
    return [_row(found.name, load, found.memory if load is found.loads[-1] else None) for load in found.loads]


def _row(name: str, load: Load, memory: Memory | None) -> str:
    times = " | ".join(f"{load.percentile(share):.1f}" for share in (50, 95, 99))
    used = f"{memory.before:.0f}, {memory.after:.0f}, {memory.most:.0f}" if memory else ""
    count = len(load.latencies) + load.failed
    return (
        f"| {name} | {load.clients} | {count:,} | {load.rate:.0f} | {times} | {load.failed} | {load.wrong} | {used} |"
    )


def kill_line(found: Killed) -> str:
    """Return what a kill cost."""
    load = found.load
    return (
        f"SIGKILL of a worker that had {found.connections} of {load.clients} connections: {load.failed} of "
        f"{len(load.latencies) + load.failed:,} requests failed, {load.wrong} wrong; then {found.workers} workers."
    )


def malformed_line(answers: Counter[str], load: Load, memory: Memory) -> str:
    """Return what malformed requests were answered, and what the service did afterwards."""
    listed = ", ".join(f"{kind} {count}" for kind, count in sorted(answers.items()))
    return (
        f"{answers.total():,} malformed requests: {listed}. Afterwards {load.failed} errors and {load.wrong} wrong "
        f"answers in {len(load.latencies):,} requests; memory {memory.before:.0f}, {memory.after:.0f}, "
        f"at most {memory.most:.0f} MB."
    )


def report(arguments: argparse.Namespace, bundle: Path) -> list[str]:
    """Measure everything; print each line when it is known."""
    lines: list[str] = []

    def add(line: str) -> None:
        lines.append(line)
        print(line, flush=True)

    add(describe() + "\n")
    calls = calls_for(arguments.run, arguments.images)
    add(HEAD + "\n|" + " --- |" * (HEAD.count("|") - 1))
    kinds = kinds_of(arguments.run, bundle, not arguments.no_peers)
    for place, kind in enumerate(kinds):
        requests = arguments.requests if place == arguments.long else arguments.peer_requests
        for line in rows(measure(kind, calls, arguments.clients, requests)):
            add(line)
    own = sketchfit(bundle, max(2, cores()), 1)
    add("\n" + kill_line(measure_kill(own, calls, arguments.peer_requests)))
    add("\n" + malformed_line(*measure_malformed(own, calls, arguments.malformed)))
    return lines


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("images", type=Path)
    parser.add_argument("--requests", type=int, default=100_000, help="to the service of --long, over all --clients")
    parser.add_argument("--peer-requests", type=int, default=3_000, help="to each of the other services")
    parser.add_argument("--long", type=int, default=0, help="service that gets --requests, counted from 0")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--malformed", type=int, default=1_000)
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args(given)
    with temporary_folder() as folder:
        write_bundle(open_finished(arguments.run)[0], folder / "bundle")
        lines = report(arguments, folder / "bundle")
    if arguments.out:
        arguments.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
