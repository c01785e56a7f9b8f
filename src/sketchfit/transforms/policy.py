"""Policies: lists of operations, from YAML, with errors that name what is wrong and what was probably meant."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from sketchfit.config.transforms import PolicySource, TransformsSection
from sketchfit.errors import UserError
from sketchfit.registry import nearest
from sketchfit.transforms.operations import operations
from sketchfit.transforms.ops import Op

_SHIPPED = files("sketchfit.transforms") / "policies"


def list_policies() -> list[str]:
    """Names of the shipped policies."""
    return sorted(entry.name.removesuffix(".yaml") for entry in _SHIPPED.iterdir() if entry.name.endswith(".yaml"))


def policy_of(section: TransformsSection, epoch: int = 0, epochs: int = 1) -> list[Op]:
    """The operations of `epoch` (from 0) of `epochs`, after the section's `drop`, `override` and `add`.

    Raises:
        UserError: no such policy, operation or key; every problem found is named.
    """
    specs = _read(section.policy_at(epoch, epochs))
    specs = _changed(specs, section)
    return build(specs)


def check(section: TransformsSection) -> None:
    """Builds every policy that the section names, so that a mistake shows before training starts.

    Raises:
        UserError: as `policy_of`; also for an override or a drop that no policy of the section has a use for.
    """
    sources = [stage.policy for stage in section.curriculum] or [section.policy]
    known: set[str] = set()
    for source in sources:
        specs = _read(source)
        known |= _names(specs)
        build(_changed(specs, section))
    build(section.add)
    unused = [name for name in (*section.override, *section.drop) if name not in known]
    if unused:
        raise UserError([f"transforms: the policy has no operation {name!r}{nearest(name, known)}" for name in unused])


def build(specs: Sequence[dict[str, Any]]) -> list[Op]:
    """Checked operations from `{op: NAME, …}`.

    Raises:
        UserError: an unknown operation or key, or a value out of range; every problem found is named.
    """
    problems: list[str] = []
    ops: list[Op] = []
    for number, spec in enumerate(specs, 1):
        name = spec.get("op") if isinstance(spec, dict) else None
        if not isinstance(name, str):
            problems.append(f"operation {number} of the policy must read {{op: NAME, …}}; got {spec!r}")
            continue
        try:
            if isinstance(spec.get("of"), list):
                spec = {**spec, "of": build(spec["of"])}
            ops.append(operations.get(name).model_validate(spec))
        except UserError as error:
            problems += error.problems
        except ValidationError as error:
            problems += [_said(name, fault) for fault in error.errors()]
    if problems:
        raise UserError(problems, hint=f"Operations: {', '.join(operations.names())}.")
    return ops


def _read(source: PolicySource) -> list[dict[str, Any]]:
    if isinstance(source, dict):
        return [source]
    if isinstance(source, list):
        return source
    if source in list_policies():
        text = (_SHIPPED / f"{source}.yaml").read_text(encoding="utf-8")
    elif source.endswith((".yaml", ".yml")) and Path(source).is_file():
        text = Path(source).read_text(encoding="utf-8")
    else:
        raise UserError(
            f"there is no policy {source!r}{nearest(source, list_policies())}",
            hint=f"Shipped: {', '.join(list_policies())}; or the path of a YAML file.",
        )
    try:
        specs = yaml.safe_load(text) or []
    except yaml.YAMLError as error:
        raise UserError(f"{source} is not valid YAML: {error}") from error
    if not isinstance(specs, list):
        raise UserError(f"{source} must be a list of operations {{op: NAME, …}}")
    return specs


def _changed(specs: list[dict[str, Any]], section: TransformsSection) -> list[dict[str, Any]]:
    return [*_overridden(specs, section), *section.add]


def _overridden(specs: list[dict[str, Any]], section: TransformsSection) -> list[dict[str, Any]]:
    """Specs after `drop` and `override`, also inside of a `pick`."""
    changed = []
    for spec in specs:
        if not isinstance(spec, dict):
            changed.append(spec)
        elif spec.get("op") not in section.drop:
            spec = {**spec, **section.override.get(str(spec.get("op")), {})}
            if isinstance(spec.get("of"), list):
                spec["of"] = _overridden(spec["of"], section)
            changed.append(spec)
    return changed


def _names(specs: list[dict[str, Any]]) -> set[str]:
    names: set[str] = set()
    for spec in specs:
        if isinstance(spec, dict):
            inner = spec.get("of")
            names |= {str(spec.get("op"))} | (_names(inner) if isinstance(inner, list) else set())
    return names


def _said(name: str, fault: Any) -> str:
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"operation {name!r} has no key {key!r}{nearest(key, operations.get(name).model_fields)}"
    return f"operation {name!r}, key {key!r}: {fault['msg']}; got {fault['input']!r}"
