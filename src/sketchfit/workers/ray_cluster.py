"""Ray: a cluster of this machine alone, which ends with the run, or one that is there already."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayActorError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from sketchfit.errors import DataError, RunError
from sketchfit.workers.inbox import Outgoing
from sketchfit.workers.messages import UnitEnd
from sketchfit.workers.node_facts import Visitor, node_facts
from sketchfit.workers.node_stores import SAME
from sketchfit.workers.parcel import SharedParcel, UnitParcel
from sketchfit.workers.resources import NodeSize

PORT = 10001
"""Of Ray's server for clients."""

HERE = "ray://auto"
"""A cluster that runs on this machine."""

REACHED = 10.0
"""Seconds within which the head node answers."""

PROBING = 180.0
"""Seconds within which a node starts a process."""

SETTINGS = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0", "RAY_worker_niceness": "0"}
"""Environment of a cluster of this machine: nothing is sent to anybody, and units have the priority of the command, not
a low one, with which other processes of the machine would leave them a small part of its cores."""


@contextmanager
def local_cluster(node: NodeSize) -> Iterator[None]:
    """Start Ray on this machine for the block; nothing of it is left afterwards."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    short = Path(tempfile.gettempdir())  # paths of sockets have at most 107 characters
    folder = tempfile.mkdtemp(prefix="ray-", dir=short if len(str(short)) < 24 else None)
    logging.getLogger("ray").setLevel(logging.ERROR)
    try:
        with own_signals():
            ray.init(
                address="local",
                num_cpus=node.cores,
                num_gpus=node.gpus,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
                configure_logging=False,
                _temp_dir=folder,
                _memory=node.memory,
            )
        yield
    finally:
        with own_signals():
            ray.shutdown()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Connect to a cluster for the block.

    Args:
        address: `ray://HOST` or `ray://HOST:PORT`; `ray://auto`: a cluster that runs on this machine.

    Raises:
        UserError: there is none, or its Python or Ray is another one.
    """
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR, "configure_logging": False}
    logging.getLogger("ray").setLevel(logging.ERROR)
    try:
        with own_signals():
            ray.init(address="auto" if address == HERE else _reached(address), **options)
    except Exception as error:  # Ray raises many kinds
        first = str(error).strip().partition("\n")[0]
        raise RunError(
            f"there is no Ray cluster at {address}, or it has another version: {type(error).__name__}: {first}",
            f"Start one there (ray start --head --ray-client-server-port={PORT}) with the same Python, Ray "
            f"{ray.__version__} and sketchfit.",
        ) from error
    try:
        yield
    finally:
        with own_signals():
            ray.shutdown()


def _reached(address: str) -> str:
    """Return an address with its port once something answers there: Ray itself waits for long.

    Raises:
        OSError: nothing does.
    """
    complete = address if address.rpartition(":")[2].isdecimal() else f"{address}:{PORT}"
    host, _, port = complete.removeprefix("ray://").rpartition(":")
    socket.create_connection((host.strip("[]"), int(port)), timeout=REACHED).close()
    return complete


@contextmanager
def own_signals() -> Iterator[None]:
    """Keep the handlers of signals, which Ray replaces when it starts and ends."""
    try:
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:
                try:
                    signal.signal(number, handler)
                except ValueError:  # not the main thread, where none was replaced
                    break


def alive_nodes() -> list[dict[str, Any]]:
    """Return the nodes of the cluster that can train something."""
    return [one for one in ray.nodes() if one["Alive"] and one["Resources"].get("CPU", 0) >= 1]


def node_sizes() -> list[NodeSize]:
    """Return what the nodes have."""
    found = [one["Resources"] for one in alive_nodes()]
    return [NodeSize(int(one["CPU"]), int(one.get("GPU", 0)), int(one.get("memory", 1 << 62))) for one in found]


def check_nodes(root: Path) -> None:
    """Compare the nodes with this machine, before they get work.

    Args:
        root: of the data.

    Raises:
        UserError: other versions, or no data, all that was found; or a node does not answer, or refuses messages.
    """
    visitor = ray.remote(Visitor).options(num_cpus=0).remote()
    probe = ray.remote(node_facts)
    requested = [
        probe.options(
            num_cpus=0,
            max_retries=0,
            scheduling_strategy=NodeAffinitySchedulingStrategy(one["NodeID"], soft=False),
        ).remote(str(root))
        for one in alive_nodes()
    ]
    own = node_facts(str(root))
    try:
        answers = ray.get(requested, timeout=PROBING)
        ray.get(visitor.wait.remote(), timeout=PROBING)
    except RayActorError as error:
        raise RunError(
            "this command and the Ray cluster refuse messages of each other: one of them has a token, or another one",
            "For a cluster without a token set RAY_AUTH_MODE=disabled here; otherwise copy its ~/.ray/auth_token.",
        ) from error
    except GetTimeoutError as error:
        raise RunError(
            f"a node of the cluster did not start a process within {PROBING:.0f} s",
            "Try again when the nodes are less busy; `ray status` lists them.",
        ) from error
    if problems := [text for one in answers for text in own.differences(one)]:
        raise RunError(sorted(set(problems)), "Install the same versions on every node.")
    if missing := sorted({one.host for one in answers if not one.has_data}):
        raise DataError(
            [f"{host}: {root} is not there" for host in missing],
            SAME,
        )


def train_remotely(shared: SharedParcel, parcel: UnitParcel, unit: int, attempt: int, mailbox: Any) -> UnitEnd:
    """Train a unit; runs on a worker."""
    from sketchfit.workers.train_parcel import train_parcel

    return train_parcel(shared, parcel, Outgoing(mailbox, unit, attempt))
