"""Imports OpenVINO without its telemetry.

`openvino_telemetry` sends usage data to Google Analytics when OpenVINO is imported. It forks a process for that, which
can stay for ever where other threads run at that moment. Without the package, OpenVINO uses a stub.
"""

from __future__ import annotations

import sys
from typing import Any, cast


def import_openvino() -> Any:
    """Return the module `openvino`, an optional package.

    Raises:
        ImportError: it is not installed.
    """
    sys.modules.setdefault("openvino_telemetry", cast(Any, None))  # its import is then an ImportError
    import openvino

    return openvino
