"""The public surface of the package: names and signatures, one per line.

python -m tools.public_surface          # print it
python -m tools.public_surface --write  # store it; a test compares the stored one with the present one
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from functools import cached_property
from importlib import import_module
from pathlib import Path

import sketchfit

STORED = Path(__file__).parents[1] / "tests" / "api" / "public_surface.txt"

RETURNED = {
    "AuditResult": "sketchfit.api.audit",
    "CheckReport": "sketchfit.stages.check_report",
    "ComparisonResult": "sketchfit.api.compare",
    "Difference": "sketchfit.runs.estimates",
    "DrawnDataset": "sketchfit.synthetic.dataset",
    "Estimate": "sketchfit.runs.estimates",
    "ExportResult": "sketchfit.api.export",
    "ImageExplanation": "sketchfit.loaded.explanation",
    "ImagePrediction": "sketchfit.loaded.prediction",
    "ImagePredictions": "sketchfit.loaded.prediction",
    "Preview": "sketchfit.stages.planned.preview",
    "Probabilities": "sketchfit.runs.probabilities",
    "ReportResult": "sketchfit.api.report",
    "RunTables": "sketchfit.runs.run_tables",
    "Score": "sketchfit.commands.score",
    "ScoutResult": "sketchfit.api.scout",
}
"""Classes of what public functions return, which nobody makes, and their modules."""

INTERNAL = ("CheckReport.log", "Model.in_sets", "Model.unknown_test")
"""Members without an underscore that are used only inside the package."""


def surface() -> str:
    """Return the surface: public names, then members of the classes that public functions return."""
    lines = [line for name in sketchfit.__all__ for line in _lines(name, getattr(sketchfit, name))]
    for name, module in RETURNED.items():
        lines += list(_members(name, getattr(import_module(module), name)))
    return "\n".join(lines) + "\n"


def _lines(name: str, thing: object) -> Iterator[str]:
    if isinstance(thing, type):
        yield f"class {name}({', '.join(base.__name__ for base in thing.__bases__)})"
        yield from _members(name, thing)
    elif callable(thing):
        yield f"{name}{inspect.signature(thing)}"
    else:
        yield name


def _members(owner: str, kind: type) -> Iterator[str]:
    """Yield the public members of a class, those of base classes outside the package excluded."""
    found: dict[str, str] = {}
    for one in reversed([base for base in kind.__mro__ if base.__module__.startswith("sketchfit")]):
        found |= {name: _type(note) for name, note in inspect.get_annotations(one).items()}
        found |= {name: text for name, member in vars(one).items() if (text := _member(one, name, member)) is not None}
    for name, text in sorted(found.items()):
        if not name.startswith(("_", "model_")) and f"{owner}.{name}" not in INTERNAL:
            yield f"{owner}.{name}{text}"


def _member(owner: type, name: str, member: object) -> str | None:
    """Return the type or the signature of a property or method; None for anything else."""
    if isinstance(member, property | cached_property):
        getter = member.fget if isinstance(member, property) else member.func
        return _type(getter.__annotations__["return"]) if getter is not None else ""
    if isinstance(member, classmethod | staticmethod) or inspect.isfunction(member):
        return str(inspect.signature(getattr(owner, name)))
    return None


def _type(note: object) -> str:
    """Return a type after a colon; of a section of the recipe nothing, since docs/options describes it."""
    text = note if isinstance(note, str) else getattr(note, "__name__", str(note))
    return "" if text.startswith("Annotated") else f": {text}"


def main() -> None:
    """Print or store the surface."""
    if "--write" in sys.argv[1:]:
        STORED.write_text(surface(), encoding="utf-8")
    else:
        sys.stdout.write(surface())


if __name__ == "__main__":
    main()
