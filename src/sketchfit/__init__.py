"""sketchfit: from a table of labelled drawings to the best classifier that can honestly be claimed for them.

Example:
    >>> import sketchfit
    >>> result = sketchfit.run("data", recipe="cpu")  # doctest: +SKIP
    >>> print(result.top1, result.submission)  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sketchfit.commands.fit import fit
    from sketchfit.commands.predict import predict
    from sketchfit.commands.run import run

_HOMES = {"run": "sketchfit.commands.run", "fit": "sketchfit.commands.fit", "predict": "sketchfit.commands.predict"}

__all__ = ["fit", "predict", "run"]


def __getattr__(name: str) -> Any:
    """Import torch and its kind only when they are wanted: `sketchfit --help` must not wait for them."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'sketchfit' has no attribute {name!r}")
