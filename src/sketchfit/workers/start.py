"""Who trains the networks of a run: this process, or workers; and with how many threads."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from sketchfit.config.parse import member_recipes
from sketchfit.config.recipe import Recipe
from sketchfit.config.training import ComputeSection
from sketchfit.data.table import Table
from sketchfit.errors import MissingPackageError, UserError
from sketchfit.memory import available_memory
from sketchfit.processors import cores
from sketchfit.runs.artefacts import WorkersRecord
from sketchfit.training.context import OneByOne, RunContext, TrainingExecutor
from sketchfit.wording import counted
from sketchfit.workers.resources import NodeSize, UnitShare, unit_share
from sketchfit.workers.threads import unit_threads

log = logging.getLogger(__name__)

TOKENS, TOKEN_FILE = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"), Path("~/.ray/auth_token")
"""Where Ray looks for the token of a cluster."""

Cluster = Callable[[], AbstractContextManager[None]]


def check_workers(section: ComputeSection) -> None:
    """Refuse workers that cannot be, before anything is read.

    Raises:
        UserError: Ray is not installed.
    """
    if section.workers not in (1, "auto"):
        _needs_ray()


def check_auto(context: RunContext, units: int) -> None:
    """Refuse `--workers auto` where it means several workers and Ray is not installed, before long work starts.

    Args:
        context: of the run.
        units: networks that can be trained at the same time.

    Raises:
        UserError: Ray is needed and not installed.
    """
    if context.recipe.compute.workers == "auto":
        nodes, gpu, _ = _local(context)
        decided = _decided_threads(WorkersRecord.find(context.run.path))
        if unit_share(None, nodes, units, gpu=gpu, threads=decided).at_once > 1:
            _needs_ray()


def _needs_ray() -> None:
    if find_spec("ray") is None:
        raise MissingPackageError(
            "several workers need ray, which is not installed", "pip install 'sketchfit[cluster]', or set --workers 1"
        )


@contextmanager
def unit_executor(context: RunContext, units: int | None = None) -> Iterator[TrainingExecutor]:
    """Yield what trains the networks of a run; the block computes with the threads of a unit.

    A run that was begun with workers keeps the threads of its units, however it is continued: the bits depend on them.

    Args:
        context: of the run.
        units: networks that can be trained at the same time; None: those of the recipe's members.

    Raises:
        UserError: Ray is needed and not installed, there is no such cluster, or its nodes differ.
    """
    workers, record = context.recipe.compute.workers, WorkersRecord.find(context.run.path)
    if workers == 1:
        with _begun_threads(record):
            yield OneByOne()
        return
    if context.engine.processes > 1:
        raise UserError(
            f"{counted(context.engine.processes, 'process')} of one training can't have --workers",
            "Start one process with --workers, or several without.",
        )
    with ExitStack() as stack:
        address = workers if isinstance(workers, str) and workers != "auto" else None
        nodes, gpu, cluster = _local(context) if address is None else _remote(context, address, stack)
        number = workers if isinstance(workers, int) else None
        units = units or wave_size(context.recipe, context.table)
        share = unit_share(number, nodes, units, gpu=gpu, threads=_decided_threads(record))
        if address is None and share.at_once == 1:
            _log_alone(workers, units)
            stack.enter_context(_begun_threads(record))
            yield OneByOne()
            return
        _needs_ray()
        from sketchfit.workers.ray_executor import RayExecutor

        context.run.write(WorkersRecord(threads=share.threads, gpus=share.gpus))
        _log_share(share, len(nodes))
        stack.enter_context(unit_threads(share.threads))
        executor = RayExecutor(context, share, cluster, remote=address is not None)
        stack.callback(executor.close)
        yield executor


def _local(context: RunContext) -> tuple[list[NodeSize], bool, Cluster]:
    """Return this machine as the only node.

    Raises:
        UserError: it has Apple's GPU, which one process uses at a time.
    """
    device, workers = context.engine.device.type, context.recipe.compute.workers
    if device == "mps" and workers != "auto":
        raise UserError("Apple's GPU trains one network at a time", "Leave --workers out, or set compute.device=cpu.")
    gpus = {"cuda": torch.cuda.device_count(), "mps": 1}.get(device, 0)
    node = NodeSize(cores(), gpus, available_memory())

    def cluster() -> AbstractContextManager[None]:
        from sketchfit.workers.ray_cluster import local_cluster

        return local_cluster(node)

    return [node], gpus > 0, cluster


def _remote(context: RunContext, address: str, stack: ExitStack) -> tuple[list[NodeSize], bool, Cluster]:
    """Connect to a cluster, and return its nodes."""
    _needs_ray()
    _send_token()
    from sketchfit.workers.ray_cluster import check_nodes, connected, node_sizes

    stack.enter_context(connected(address))
    check_nodes(context.table.root.resolve())
    nodes = node_sizes()
    gpu = context.recipe.compute.device in ("auto", "cuda") and any(node.gpus for node in nodes)
    return nodes, gpu, partial(nullcontext, None)


def _send_token() -> None:
    """Let Ray send the token of a cluster where there is one; it looks at the mode when it is imported."""
    if any(name in os.environ for name in TOKENS) or TOKEN_FILE.expanduser().is_file():
        os.environ.setdefault("RAY_AUTH_MODE", "token")  # otherwise a client sends none, and waits in vain


def wave_size(recipe: Recipe, table: Table) -> int:
    """Return the number of networks that a run first has to train: its members' networks of all folds."""
    section = recipe.folds
    folds = section.count or len(np.unique(table.columns.get(section.column or "", ())))
    if section.train is not None:
        folds = len(section.train)
    networks = sum(member.training.epochs > 0 for member in member_recipes(recipe).values())
    return max(1, networks * folds)


def _begun_threads(record: WorkersRecord | None) -> AbstractContextManager[None]:
    """Return the context with the threads of a run that was begun with workers; otherwise one that changes nothing."""
    return nullcontext() if record is None else unit_threads(record.threads)


def _decided_threads(record: WorkersRecord | None) -> int | None:
    """Return the threads that the run has begun with, or those that the user has set for every program."""
    if record is not None:
        return record.threads
    given = os.environ.get("OMP_NUM_THREADS", "")
    return int(given) if given.isdecimal() and int(given) else None


def _log_alone(workers: object, units: int) -> None:
    if units == 1:
        log.info("workers: there is one network to train, and it is trained in this process")
    elif workers != "auto":
        log.info("workers: this machine trains one network at a time: it has one core, or its memory is small")


def _log_share(share: UnitShare, nodes: int) -> None:
    device = f"{share.gpus:g} GPU and " if share.gpus else ""
    where = "" if nodes == 1 else f" on {nodes} nodes"
    log.info(
        f"workers: {share.at_once} networks at the same time{where}, each with {device}"
        f"{counted(share.threads, 'thread')}; the bits are those of OMP_NUM_THREADS={share.threads} without workers"
    )
