"""A plugin of pytest that collects the tests as on Windows: `pytest -p tests.collected_on_windows --collect-only`.

The modules of the tests see the modules that Windows lacks as missing; see `tests.windows`. Functions are not run.
"""

from __future__ import annotations

import builtins
import multiprocessing
import sys
import types
from typing import Any

from _pytest.assertion.rewrite import AssertionRewritingHook

from tests.windows import ModulesOnWindows, import_on_windows

_real_exec, _real_context = AssertionRewritingHook.exec_module, multiprocessing.get_context


def _exec_module(hook: AssertionRewritingHook, module: types.ModuleType) -> None:
    vars(module)["__builtins__"] = vars(builtins) | {"__import__": import_on_windows}
    _real_exec(hook, module)


def _get_context(method: str | None = None) -> Any:
    if method not in (None, "spawn"):
        raise ValueError(f"cannot find context for {method!r}")
    return _real_context(method)


AssertionRewritingHook.exec_module = _exec_module  # type: ignore[method-assign]
multiprocessing.get_context = _get_context  # type: ignore[assignment]
sys.meta_path.insert(0, ModulesOnWindows("tests"))
