"""Imports OpenVINO without its telemetry, and starts it once.

`openvino_telemetry` sends usage data to Google Analytics when OpenVINO is imported. It forks a process for that, which
can stay for ever where other threads run at that moment. Without the package, OpenVINO uses a stub.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import Any, cast


def import_openvino() -> Any:
    """Return the module `openvino`, an optional package.

    Raises:
        ImportError: it is not installed.
    """
    sys.modules.setdefault("openvino_telemetry", cast(Any, None))  # its import is then an ImportError
    import openvino

    return openvino


def openvino_core() -> Any:
    """Return the `openvino.Core` of this process, which stays until the end of the process.

    The CPU plugin of a core makes an alternative signal stack for its thread, and unmaps it with the core. Where two
    cores are not deleted in reverse order, or in another thread, that thread keeps an unmapped stack. The next signal,
    also Ctrl-C, is then a segmentation fault.

    Raises:
        ImportError: OpenVINO is not installed.
    """
    return _core_of(os.getpid())


@cache
def _core_of(_process: int) -> Any:
    """Return the core of a process; one that was forked makes its own, as it lacks the threads of the other one."""
    return import_openvino().Core()
