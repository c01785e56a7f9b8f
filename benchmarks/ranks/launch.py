"""Processes that share a training, started as launchers start them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from benchmarks.process import environment
from benchmarks.ranks.update import Answer, Case

DEADLINE = 300.0


def environments(count: int) -> list[dict[str, str]]:
    """Return the environment of each process as a launcher without an agent sets it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    common = environment(1) | {"WORLD_SIZE": str(count), "LOCAL_WORLD_SIZE": str(count)}
    common |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    return [common | {"RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(count)]


def without_launcher() -> dict[str, str]:
    """Return this environment without the variables of a launcher, of which torchrun sets its own."""
    return {name: value for name, value in os.environ.items() if name not in ("RANK", "LOCAL_RANK", "WORLD_SIZE")}


def in_processes(count: int, cases: Sequence[Case]) -> list[Answer]:
    """Return what so many processes compute together.

    Raises:
        RuntimeError: a process failed; the text is what they printed.
    """
    with tempfile.TemporaryDirectory() as folder:
        wanted, answer = Path(folder) / "cases.json", Path(folder) / "answer.pt"
        wanted.write_text(json.dumps([asdict(case) for case in cases]))
        command = [sys.executable, "-m", "benchmarks.ranks.update", str(answer), str(wanted)]
        started = [
            subprocess.Popen(command, env=one, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            for one in environments(count)
        ]
        try:
            printed = [one.communicate(timeout=DEADLINE)[0] for one in started]
        finally:
            for one in started:
                one.kill()
        if any(one.returncode for one in started):
            raise RuntimeError("\n".join(printed))
        return [Answer(**one) for one in torch.load(answer, weights_only=True)]
