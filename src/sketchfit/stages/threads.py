"""The threads of a run on a CPU: no more than a quota allows, and what is printed where other processes need the cores.

Results depend on the number of threads. So it is changed only where it would nearly stop the run: where a container's
quota is below the number of cores, or where threads that spin while they wait compete with other processes.
"""

from __future__ import annotations

import logging
import os

import torch

from sketchfit import waiting
from sketchfit.processors import OtherLoad, cores, crowded, own_cores
from sketchfit.tracking.console import ONCE
from sketchfit.wording import counted

log = logging.getLogger(__name__)


def fit_threads(load: OtherLoad, device: torch.device) -> None:
    """Print where the cores are not this run's alone, and lower the number of threads where that is necessary.

    Args:
        load: of other processes; it began before a part of the run that takes seconds.
        device: of the run; nothing is done for a GPU.
    """
    if device.type != "cpu":
        return
    seen, allowed, threads = len(own_cores()), cores(), torch.get_num_threads()
    if allowed < seen:
        if threads > allowed and "OMP_NUM_THREADS" not in os.environ:
            torch.set_num_threads(threads := allowed)
        log.info(f"threads: {threads}; a CPU quota allows {allowed} of {seen} cores")
    others = load.cores()
    if others is None or not crowded(others, threads):
        return
    own = counted(threads, "thread")
    busy = f"note: other processes use {others:.1f} of {counted(seen, 'core')}, and this one has {own}"
    fewer = max(1, seen - round(others))
    if waiting.THREADS_SPIN and fewer < threads:
        torch.set_num_threads(fewer)
        log.info(
            f"{busy} that do not leave their core while they wait: {fewer} is used instead. Import sketchfit before "
            "torch, or set OMP_WAIT_POLICY=passive"
        )
    else:
        log.info(
            f"{busy}: it takes longer than on an idle machine, and estimates of time are uncertain",
            extra={ONCE: "busy cores"},
        )
