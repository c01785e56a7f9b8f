"""The version of this package, from the metadata of its distribution: pyproject.toml alone states it."""

from __future__ import annotations

import importlib.metadata

UNKNOWN = "0+unknown"
"""Of a copy of the source that is not installed."""


def version() -> str:
    """Return the version, such as `0.1.0`."""
    try:
        return importlib.metadata.version("sketchfit")
    except importlib.metadata.PackageNotFoundError:
        return UNKNOWN
