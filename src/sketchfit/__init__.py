"""sketchfit: from a table of labelled drawings to the best classifier that can honestly be claimed for them.

Example:
    >>> import sketchfit
    >>> result = sketchfit.run("data", recipe="cpu")  # doctest: +SKIP
    >>> print(result.top1, result.submission)  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sketchfit.pipeline.fit_one import fit
    from sketchfit.pipeline.predict import predict
    from sketchfit.pipeline.run import run

_HOMES = {"run": "sketchfit.pipeline.run", "fit": "sketchfit.pipeline.fit_one", "predict": "sketchfit.pipeline.predict"}

__all__ = ["fit", "predict", "run"]


def __getattr__(name: str) -> Any:
    """Import torch and its kind only when they are wanted: `sketchfit --help` must not wait for them."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'sketchfit' has no attribute {name!r}")
