"""sketchfit: from a table of labelled drawings to an accurate classifier, and the accuracy to expect on new drawings.

`__all__` is the public interface; docs/api/versioning.md promises what stays stable. Names are imported when they are
first used, so that `import sketchfit` takes milliseconds.

Examples:
    >>> import sketchfit
    >>> result = sketchfit.run("data", "demo", out="runs/third", epochs=1, k=2)
    >>> result.top1.n
    32
    >>> sketchfit.load("runs/first").predict("drawing.png")[0].label in ("0", "1", "2", "3")
    True
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sketchfit import waiting as _waiting  # noqa: F401 - before torch and NumPy, which read its variables

if TYPE_CHECKING:
    from sketchfit.api.audit import audit
    from sketchfit.api.check import check
    from sketchfit.api.compare import compare
    from sketchfit.api.draw import draw
    from sketchfit.api.ensemble import ensemble
    from sketchfit.api.export import export
    from sketchfit.api.fit import fit
    from sketchfit.api.load import load
    from sketchfit.api.load_recipe import load_recipe
    from sketchfit.api.plan import plan
    from sketchfit.api.predict import predict
    from sketchfit.api.report import report
    from sketchfit.api.run import run
    from sketchfit.api.score import score
    from sketchfit.api.scout import scout
    from sketchfit.api.submit import submit
    from sketchfit.config.recipe import Recipe
    from sketchfit.errors import DataError, MissingPackageError, RecipeError, RunError, UserError
    from sketchfit.loaded.model import Model
    from sketchfit.planning.goal import Deadline
    from sketchfit.runs.run import Run
    from sketchfit.stages.products import RunResult

    __version__: str

__all__ = [
    "DataError",
    "Deadline",
    "MissingPackageError",
    "Model",
    "Recipe",
    "RecipeError",
    "Run",
    "RunError",
    "RunResult",
    "UserError",
    "__version__",
    "audit",
    "check",
    "compare",
    "draw",
    "ensemble",
    "export",
    "fit",
    "load",
    "load_recipe",
    "plan",
    "predict",
    "report",
    "run",
    "score",
    "scout",
    "submit",
]

_CLASSES = {
    "DataError": "errors",
    "Deadline": "planning.goal",
    "MissingPackageError": "errors",
    "Model": "loaded.model",
    "Recipe": "config.recipe",
    "RecipeError": "errors",
    "Run": "runs.run",
    "RunError": "errors",
    "RunResult": "stages.products",
    "UserError": "errors",
}
"""Modules of the public classes; each function is in the module of `sketchfit.api` that has its name."""


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    from importlib import import_module

    if name == "__version__":
        from sketchfit.version import version

        return version()
    if name not in __all__:
        raise AttributeError(f"module 'sketchfit' has no attribute {name!r}")
    from sketchfit.missing import installed_packages

    with installed_packages():
        return getattr(import_module(f"sketchfit.{_CLASSES.get(name, f'api.{name}')}"), name)


def __dir__() -> list[str]:
    """Return the public names and those that every module has."""
    return sorted({*(name for name in globals() if name.startswith("__")), *__all__})
