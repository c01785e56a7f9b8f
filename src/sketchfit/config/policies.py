"""Augmentation policies: lists of operations, shipped or from YAML files, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from sketchfit.config.transforms import PolicySource, TransformsSection
from sketchfit.config.yaml_files import parse_yaml, read_yaml
from sketchfit.errors import RecipeError, UserError
from sketchfit.registry import Registry, family, nearest

Spec = Mapping[str, Any]
"""An operation as a policy lists it: `{op: NAME, p: …, …}`."""

_SHIPPED = files("sketchfit") / "transforms" / "policies"


def list_policies() -> list[str]:
    """Return the names of the shipped policies, sorted."""
    return sorted(entry.name.removesuffix(".yaml") for entry in _SHIPPED.iterdir() if entry.name.endswith(".yaml"))


def policy_text(name: str) -> str:
    """Return the YAML text of a shipped policy."""
    return (_SHIPPED / f"{name}.yaml").read_text(encoding="utf-8")


def policy_of(section: TransformsSection, epoch: int = 0, epochs: int = 1) -> list[Any]:
    """Return the operations of `epoch` (from 0) of `epochs`, after the section's `drop`, `override` and `add`.

    Raises:
        UserError: no such policy, operation or key; all problems together.
    """
    return build(_changed(read_policy(section.policy_at(epoch, epochs)), section))


def policy_problems(section: TransformsSection) -> Iterator[str]:
    """Yield what is wrong with the policies of a section: unknown names, and values that an operation does not take.

    An override or a drop is a mistake where no policy of the section has the operation.
    """
    sources = {f"transforms.curriculum.{number}": stage.policy for number, stage in enumerate(section.curriculum)}
    known: set[str] = set()
    for key, source in (sources or {"transforms.policy": section.policy}).items():
        try:
            specs = read_policy(source)
            known |= _names(specs)
            build(_overridden(specs, section))
        except UserError as error:
            yield from (f"{key}: {problem}" for problem in error.problems)
    try:
        build(section.add)
    except UserError as error:
        yield from (f"transforms.add: {problem}" for problem in error.problems)
    for key, names in (("transforms.override", section.override), ("transforms.drop", section.drop)):
        yield from (
            f"{key}: the policy has no operation {name!r}{nearest(name, known)}" for name in names if name not in known
        )


def build(specs: Sequence[Spec]) -> list[Any]:
    """Return checked operations (`transforms.ops.Op`) of these specifications.

    Raises:
        UserError: an unknown operation or key, or a value out of range; all problems together.
    """
    problems: list[str] = []
    ops: list[Any] = []
    for number, spec in enumerate(specs, 1):
        name = spec.get("op") if isinstance(spec, Mapping) else None
        if not isinstance(name, str):
            problems.append(f"operation {number} must have the form {{op: NAME, …}}, and is {spec!r}")
            continue
        try:
            inner = {"of": build(spec["of"])} if isinstance(spec.get("of"), list) else {}
            ops.append(_operations().get(name).model_validate({**spec, **inner}))
        except UserError as error:
            problems += error.problems
        except ValidationError as error:
            problems += [_sentence(name, fault) for fault in error.errors()]
    if problems:
        raise RecipeError(problems, hint=f"Operations: {', '.join(_operations().names())}.")
    return ops


def read_policy(source: PolicySource) -> Sequence[Spec]:
    """Return the operations of a policy as they are written.

    Raises:
        UserError: no such policy or file, or the file is not a list of operations.
    """
    if isinstance(source, Mapping):
        return [source]
    if isinstance(source, list):
        return source
    if source in list_policies():
        specs = deepcopy(_shipped(source))
    elif source.endswith((".yaml", ".yml")) and Path(source).is_file():
        specs = read_yaml(Path(source)) or []
    else:
        raise RecipeError(
            f"there is no policy {source!r}{nearest(source, list_policies())}",
            hint=f"Shipped: {', '.join(list_policies())}; or the path of a YAML file.",
        )
    if not isinstance(specs, list):
        raise RecipeError(f"{source} must be a list of operations {{op: NAME, …}}")
    return specs


@cache
def _shipped(name: str) -> Any:
    """Return the value of a shipped policy; a run reads it a dozen times, and parsing it takes milliseconds."""
    return parse_yaml(policy_text(name), name)


def _operations() -> Registry[type[BaseModel]]:
    return family("operations")


def _changed(specs: Sequence[Spec], section: TransformsSection) -> list[Spec]:
    return [*_overridden(specs, section), *section.add]


def _overridden(specs: Sequence[Spec], section: TransformsSection) -> list[Spec]:
    """Return specifications after `drop` and `override`, also inside of a `pick`."""
    changed: list[Spec] = []
    for spec in specs:
        if not isinstance(spec, Mapping):
            changed.append(spec)
        elif spec.get("op") not in section.drop:
            merged = {**spec, **section.override.get(str(spec.get("op")), {})}
            if isinstance(merged.get("of"), list):
                merged["of"] = _overridden(merged["of"], section)
            changed.append(merged)
    return changed


def _names(specs: Sequence[Spec]) -> set[str]:
    names: set[str] = set()
    for spec in specs:
        if isinstance(spec, Mapping):
            inner = spec.get("of")
            names |= {str(spec.get("op"))} | (_names(inner) if isinstance(inner, list) else set())
    return names


def _sentence(name: str, fault: Any) -> str:
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"operation {name!r} has no key {key!r}{nearest(key, _operations().get(name).model_fields)}"
    return f"operation {name!r}, key {key!r}: {fault['msg']}; got {fault['input']!r}"
