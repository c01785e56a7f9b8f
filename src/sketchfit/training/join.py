"""Several processes of one training: how they find each other, and what happens when one is lost."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch.distributed as dist
from torch.distributed import PrefixStore  # type: ignore[attr-defined]
from torch.distributed.rendezvous import rendezvous

from sketchfit.errors import UserError
from sketchfit.interruption import handle_stop
from sketchfit.peers import LostRankError, Meeting, Peers, lost_process, watched
from sketchfit.runs.launchers import RANKS, process_count, process_rank, started_in_vain

log = logging.getLogger(__name__)

FINDING = timedelta(minutes=5)
"""Time in which all processes must have started."""

WORKING = timedelta(days=1)
"""Time for which processes wait for one that works alone, such as the main process while it decodes images. A process
that is lost is noticed without it."""

NEWS = 5.0
"""Seconds after a fault of the network in which it is known which process was lost."""

PLACE = "sketchfit/peers"
NETWORK_FAULT = re.compile(r"gloo|nccl|connection (closed|reset|refused)|broken pipe|timed out waiting", re.IGNORECASE)
"""In the messages of the RuntimeErrors that libraries raise where the connection to another process fails."""


def join_processes(backend: str) -> None:
    """Connect the processes that a launcher has started, and watch that none of them is lost.

    Args:
        backend: `gloo` for CPUs, `nccl` for GPUs.

    Raises:
        UserError: the launcher's variables are incomplete, or the processes do not find each other.
    """
    if dist.is_initialized():
        return
    count, rank = _described()
    try:
        store, _, _ = next(rendezvous("env://", timeout=FINDING))
        restart = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
        store = PrefixStore(f"sketchfit/{restart}", store)
        timeout = WORKING if _watch(store, rank, count) else None
        dist.init_process_group(backend, store=store, rank=rank, world_size=count, timeout=timeout)
    except (RuntimeError, OSError, ValueError) as error:
        address = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(
            f"the {count} processes of this training do not find each other at {address}: {first}",
            "Look at the messages of the others, and whether MASTER_ADDR and MASTER_PORT name the first one.",
        ) from error


def _described() -> tuple[int, int]:
    """Return the number of processes and that of this one, and complete the variables that torch reads."""
    count, rank = process_count(os.environ), process_rank(os.environ)
    if not any(os.environ.get(name, "").isdecimal() for name in RANKS):
        raise started_in_vain(os.environ, f"{count} processes share this training, and RANK is not set")
    if not os.environ.get("MASTER_ADDR"):
        raise UserError(
            f"{count} processes share this training, and MASTER_ADDR does not name the machine of the first one",
            "Start them with torchrun, or set MASTER_ADDR and MASTER_PORT.",
        )
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": str(count)}
    os.environ.setdefault("MASTER_PORT", "29500")
    return count, rank


def _watch(store: Any, rank: int, count: int) -> bool:
    """Watch the other processes; return whether that is possible."""
    peers = Peers(rank, count)
    if rank == 0:
        meeting = peers.listen(os.environ["MASTER_ADDR"])
        store.set(PLACE, meeting.packed())
    else:
        meeting = Meeting.unpacked(store.get(PLACE).decode())
    try:
        peers.connect(meeting)
    except OSError as error:
        log.warning(f"the processes of this training cannot watch each other: {error}")
        peers.leave()
        return False
    watched.append(peers)
    return True


@contextmanager
def lost_process_named() -> Iterator[None]:
    """Raise faults of the network in the block as the loss of a process.

    Raises:
        LostRankError: in place of such a fault.
    """
    try:
        yield
    except RuntimeError as error:
        if not NETWORK_FAULT.search(str(error)):
            raise
        handle_stop()  # a launcher ends all processes after one was lost: that is the same event
        text = f"the connection to the other processes was lost: {str(error).strip().splitlines()[0]}"
        raise lost_process(NEWS) or LostRankError(text) from error
