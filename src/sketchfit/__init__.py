"""sketchfit: from a table of labelled drawings to the best classifier that can honestly be claimed for them.

Example:
    >>> import sketchfit
    >>> result = sketchfit.run("data", recipe="cpu")  # doctest: +SKIP
    >>> print(result.top1, result.submission)  # doctest: +SKIP
    >>> sketchfit.Run.open(result.folder).oof().prob  # doctest: +SKIP
    >>> sketchfit.load(result.folder).predict("drawing.png")[0].label  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sketchfit import waiting as _waiting  # noqa: F401 - before torch and NumPy, which read its variables

if TYPE_CHECKING:
    from sketchfit.commands.check import check
    from sketchfit.commands.fit import fit
    from sketchfit.commands.predict import predict
    from sketchfit.commands.run import run
    from sketchfit.errors import UserError
    from sketchfit.loaded.load import load
    from sketchfit.runs.run import Run

_HOMES = {
    "Run": "sketchfit.runs.run",
    "UserError": "sketchfit.errors",
    "check": "sketchfit.commands.check",
    "fit": "sketchfit.commands.fit",
    "load": "sketchfit.loaded.load",
    "predict": "sketchfit.commands.predict",
    "run": "sketchfit.commands.run",
}

__all__ = ["Run", "UserError", "check", "fit", "load", "predict", "run"]


def __getattr__(name: str) -> Any:
    """Import a name when it is first used: `sketchfit --help` must not wait for torch."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'sketchfit' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the public names, imported or not."""
    return sorted({*globals(), *__all__})
