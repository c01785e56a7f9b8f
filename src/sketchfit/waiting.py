"""How the threads of torch, NumPy and SciPy wait, and how many there are.

Their libraries read environment variables when they are imported, so `import sketchfit` sets those that the user has
not set. A thread that waits leaves its core to other processes. Threads that spin instead make predictions and linear
algebra several times slower while another process uses a core, and two trainings nearly stop each other.
"""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping

from sketchfit.processors import cores, own_cores

PASSIVE = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}
"""Of OpenMP: the standard's, GNU's (torch from PyPI) and Intel's or LLVM's (conda, macOS). Where the user has set one
of them, none is added."""
TIMEOUT = ("OPENBLAS_THREAD_TIMEOUT", "16")
"""OpenBLAS counts in powers of two of clock cycles: its threads spin for 2^26 (25 ms) by default, for 2^16 here."""
FALLBACK = ("PYTORCH_ENABLE_MPS_FALLBACK", "1")
"""What Apple's GPU cannot compute, the CPU computes; torch warns once per operation."""
COUNTS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""Set where a CPU quota allows fewer threads than there are cores: the libraries count cores."""


def set_defaults(environment: MutableMapping[str, str], cores_allowed: int, cores_seen: int) -> None:
    """Add the variables that the user has not set.

    Args:
        environment: of this process.
        cores_allowed: by affinity and quota.
        cores_seen: by affinity alone, as the libraries count them.
    """
    if not set(PASSIVE) & set(environment):
        environment.update(PASSIVE)
    environment.setdefault(*TIMEOUT)
    environment.setdefault(*FALLBACK)
    if cores_allowed < cores_seen and COUNTS[0] not in environment:
        for name in COUNTS:
            environment.setdefault(name, str(cores_allowed))


def spins(environment: MutableMapping[str, str]) -> bool:
    """Return whether OpenMP's threads spin while they wait, by the variables."""
    policy = environment.get("OMP_WAIT_POLICY", "").lower()
    return policy != "passive" and not any(environment.get(name) == "0" for name in ("GOMP_SPINCOUNT", "KMP_BLOCKTIME"))


def _set_before_torch() -> bool:
    """Set the variables of this process; return whether torch was imported before, with threads that spin."""
    spinning = "torch" in sys.modules and spins(os.environ)
    set_defaults(os.environ, cores(), len(own_cores()))
    return spinning or spins(os.environ)


THREADS_SPIN = _set_before_torch()
"""Whether the threads of this process spin: the user has set so, or torch was imported before sketchfit."""
