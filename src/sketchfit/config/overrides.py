"""Merging of settings, and `--set key=value` texts as settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

from sketchfit.config.family import FamilySection
from sketchfit.config.head import HeadSection
from sketchfit.config.loss import LossSection
from sketchfit.config.yaml_files import parse_yaml
from sketchfit.errors import RecipeError

FAMILY_SECTIONS: Mapping[str, type[FamilySection]] = {"loss": LossSection, "head": HeadSection}
"""Sections whose settings depend on their `name`, by key."""
SHORT: Mapping[str, str] = {**dict.fromkeys((*FAMILY_SECTIONS, "optimizer", "schedule"), "name"), "kernel": "use"}
"""Sections for which a text is short for a setting, and that setting."""


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with the changes `over`: mappings are merged key by key, anything else is replaced.

    Where `over` names another loss or head, the former one's own settings are left out.
    """
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        if key in SHORT and isinstance(old, str):
            old = {SHORT[key]: old}
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            kept = FAMILY_SECTIONS[key].replaced(old, value) if key in FAMILY_SECTIONS else old
            merged[key] = merge(kept, value)
        else:
            merged[key] = value
    return merged


def nested_changes(overrides: Sequence[str] | Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return overrides as nested mappings, which are applied in this order.

    Raises:
        RecipeError: a text of another form, or one text in the place of several.
    """
    if isinstance(overrides, str):
        raise RecipeError(f"overrides is the text {overrides!r}", "Give a list of key=value texts, or nested settings.")
    return [overrides] if isinstance(overrides, Mapping) else [parse_override(text) for text in overrides]


def settings_of(overrides: Sequence[str] | Mapping[str, Any]) -> dict[str, Any]:
    """Return overrides as one nested mapping; a later text wins.

    Raises:
        RecipeError: see `nested_changes`.
    """
    return dict(overrides) if isinstance(overrides, Mapping) else reduce(merge, nested_changes(overrides), {})


def parse_override(text: str) -> dict[str, Any]:
    """Return a `key.sub=value` text as a nested mapping.

    Raises:
        UserError: the text has another form, or its value is not YAML.
    """
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise RecipeError(f"--set {text!r} is not of the form key=value", "For example: --set training.epochs=20")
    parsed: Any = parse_yaml(value, f"--set {text!r}: the value") if value.strip() else None
    if parsed == value.strip():  # neither a number for YAML nor in quotes
        parsed = _number(parsed)
    for part in reversed(key.strip().split(".")):
        parsed = {part: parsed}
    return dict(parsed)


def _number(text: str) -> str | float:
    """Return the number that a text such as `1e-3` means, which is none for YAML 1.1; other texts unchanged."""
    try:
        return float(text) if any(c.isdigit() for c in text) else text
    except ValueError:
        return text
