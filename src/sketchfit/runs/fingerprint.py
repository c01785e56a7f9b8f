"""What decides a trained network, as digests: equal fingerprints mean that nothing has to be trained again."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

FIT_SECTIONS = (
    "seed",
    "data",
    "folds",
    "model",
    "transforms",
    "loss",
    "optimizer",
    "schedule",
    "training",
    "averaging",
    "members",
)
"""What decides the trained networks: a run whose recipe changes in these is another run."""

FREE_KEYS = (("data", "cache"), ("folds", "train"), ("training", "checkpoint_minutes"))
"""Settings within those sections that change nothing that is trained."""


def fit_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a recipe that decides the trained networks."""
    kept = {name: settings.get(name) for name in FIT_SECTIONS}
    for section, key in FREE_KEYS:
        if isinstance(part := kept.get(section), dict):
            kept[section] = {name: value for name, value in part.items() if name != key}
    # Precision and memory format change the arithmetic; device and threads change nothing that is promised.
    compute = settings.get("compute") or {}
    kept["compute"] = {name: compute.get(name) for name in ("precision", "channels_last")}
    kept["audit"] = {"enabled": (settings.get("audit") or {}).get("enabled")}
    return kept


def differing_keys(before: Any, after: Any, prefix: str = "") -> list[tuple[str, Any, Any]]:
    """Return (key with dots, value before, value after) of every difference between two nested mappings."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return [] if before == after else [(prefix, before, after)]
    found = []
    for key in dict.fromkeys([*before, *after]):
        found += differing_keys(before.get(key), after.get(key), f"{prefix}.{key}" if prefix else str(key))
    return found


def digest(*parts: object) -> str:
    """Return the hexadecimal digest of plain values."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def file_digest(path: Path) -> str:
    """Return the hexadecimal digest of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
