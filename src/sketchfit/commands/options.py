"""What can be chosen: names with a line each, and every setting of the recipe as a page (docs/options.md)."""

from __future__ import annotations

import itertools
import types
import typing
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any, Literal

from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo

from sketchfit._timm import timm
from sketchfit.bank.closed_forms import closed_forms
from sketchfit.config.family import FamilySection, MemberOf
from sketchfit.config.policies import list_policies, policy_text
from sketchfit.config.recipe import Recipe
from sketchfit.config.schedule import ScheduleSection
from sketchfit.config.scope import inner_section, section_fields, settings
from sketchfit.config.section import Section
from sketchfit.config.training import ResizeStage
from sketchfit.config.transforms import CurriculumStage
from sketchfit.errors import UserError
from sketchfit.models.heads import heads
from sketchfit.training.losses import losses
from sketchfit.training.optimizers import list_optimizers
from sketchfit.transforms.operations import operations
from sketchfit.transforms.ops import Op

Named = list[tuple[str, str]]

_STAGES: tuple[tuple[str, type[Section]], ...] = (
    ("transforms.curriculum[…]", CurriculumStage),
    ("training.resize[…]", ResizeStage),
)


def options(family: str, like: str = "*") -> Named:
    """(name, one line) of all choices of a family whose name matches a pattern.

    Raises:
        UserError: no such family.
    """
    if family not in FAMILIES:
        raise UserError(f"there is no family {family!r}", f"Families: {', '.join(FAMILIES)}.")
    pattern = like if any(sign in like for sign in "*?[") else f"*{like}*"
    return [(name, text) for name, text in FAMILIES[family]() if fnmatchcase(name, pattern)]


def _schedules() -> Named:
    names = typing.get_args(ScheduleSection.model_fields["name"].annotation)
    fields = ScheduleSection.model_fields.items()
    return [(name, ", ".join(key for key, field in fields if name in _owners(field))) for name in names]


def _owners(field: FieldInfo) -> list[str]:
    """Schedules that a setting applies to (`step, multistep: …`)."""
    before, colon, _ = (field.description or "").partition(":")
    return [part.strip() for part in before.split(",")] if colon else []


def _models() -> Named:
    sizes = ((name, timm.get_pretrained_cfg(name)) for name in timm.list_pretrained())
    return [(name, " × ".join(map(str, config.input_size[1:])) + " px") for name, config in sizes if config]


def _policy_comment(name: str) -> str:
    comment = itertools.takewhile(lambda line: line.startswith("#"), policy_text(name).splitlines())
    return " ".join(line.lstrip("# ") for line in comment)


def _settings() -> Named:
    return [(setting.key, _one_line(setting.field.description)) for setting in settings()]


FAMILIES: dict[str, Callable[[], Named]] = {
    "optimizers": lambda: list(list_optimizers()),
    "schedules": _schedules,
    "losses": lambda: [(name, _first_line(kind)) for name, kind in losses.items()],
    "heads": lambda: [(name, _first_line(kind)) for name, kind in heads.items()],
    "closed_forms": lambda: [(name, _first_line(kind)) for name, kind in closed_forms.items()],
    "policies": lambda: [(name, _policy_comment(name)) for name in list_policies()],
    "operations": lambda: [(name, _first_line(kind)) for name, kind in operations.items()],
    "models": _models,
    "settings": _settings,
}


def markdown() -> str:
    """docs/options.md: a table a section, then the named choices."""
    parts = [
        "# Every setting of a recipe",
        "Generated from the schema by `sketchfit options --markdown > docs/options.md`; a test fails when it is stale. "
        "Set any of them in a YAML recipe or with `--set key=value`.",
        *_section_parts(Recipe, ""),
    ]
    for key, stage in _STAGES:
        parts += [f"## `{key}`", _one_line(stage.__doc__), _table(stage, "")]
    for family in ("losses", "heads", "policies"):
        lines = [f"| `{name}` | {_cell(text)} |" for name, text in options(family)]
        parts += [f"## {family.capitalize()}", "\n".join(["| name | meaning |", "| --- | --- |", *lines])]
    parts += [
        "## Operations",
        "What a policy's YAML lists, each with `p`, its probability (1 unless set).",
        _operations(),
    ]
    parts.append(
        f"`sketchfit options optimizers` lists {len(list_optimizers())} optimizers, `… models` timm's networks."
    )
    return "\n\n".join(parts) + "\n"


def _section_parts(section: type[Section], prefix: str) -> Iterator[str]:
    inner = {name: kind for name, field in section.model_fields.items() if (kind := inner_section(field)) is not None}
    if len(inner) < len(section.model_fields):
        yield f"## `{prefix.rstrip('.')}`" if prefix else "## Top level"
        yield _one_line(section.__doc__)
        yield _table(section, prefix)
    for name, kind in inner.items():
        yield from _section_parts(kind, f"{prefix}{name}.")


def _table(section: type[Section], prefix: str) -> str:
    lines = ["| key | default | allowed | meaning |", "| --- | --- | --- | --- |"]
    for name, field in section_fields(section).items():
        if inner_section(field) is not None:
            continue
        default = "" if field.is_required() else _default(field.get_default(call_default_factory=True))
        allowed = _allowed(field.annotation, field.metadata)
        if issubclass(section, FamilySection) and name == "name":
            default, allowed = _default(section.usual), ", ".join(f"`{member}`" for member in section.members())
        lines.append(f"| `{prefix}{name}` | {default} | {_cell(allowed)} | {_cell(_one_line(field.description))} |")
    return "\n".join(lines)


def _operations() -> str:
    """One line per operation, with its own settings and their defaults."""
    lines = ["| name | meaning | settings |", "| --- | --- | --- |"]
    for name, kind in operations.items():
        own = ((key, field) for key, field in kind.model_fields.items() if key not in Op.model_fields)
        settings = "; ".join(f"`{key}` ({_default(field.default)}) {_lower(field.description)}" for key, field in own)
        lines.append(f"| `{name}` | {_cell(_first_line(kind))} | {_cell(settings)} |")
    return "\n".join(lines)


def _lower(description: str | None) -> str:
    """A sentence as a part of a line: without its capital and its full stop."""
    text = _one_line(description).rstrip(".")
    return text[:1].lower() + text[1:]


def _default(value: Any) -> str:
    if value is None:
        return "null"
    if value in ((), [], {}, ""):
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return ", ".join(f"`{part}`" for part in value)
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _allowed(kind: Any, metadata: list[Any] | tuple[Any, ...] = ()) -> str:
    """A type in words: choices, numbers with their bounds, lists, or nothing."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        inner = [part for extra in args[1:] for part in getattr(extra, "metadata", [extra])]
        return _allowed(args[0], [*inner, *metadata])
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in args)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(dict.fromkeys("null" if arg is type(None) else _allowed(arg, metadata) for arg in args))
    if origin in (tuple, list):
        return f"list of {_allowed(args[0])}"
    if origin is dict:
        return "mapping"
    for mark in metadata:
        if isinstance(mark, MemberOf):
            return ", ".join(f"`{name}`" for name in mark.names())
    names: dict[Any, str] = {bool: "true, false", int: "integer", float: "number", str: "text"}
    if kind not in names:
        return "stages, see below" if isinstance(kind, type) and issubclass(kind, Section) else "any"
    return names[kind] + ("" if kind in (bool, str) else _bounds(metadata))


def _bounds(metadata: list[Any] | tuple[Any, ...]) -> str:
    signs = {Ge: ("≥", "ge"), Gt: (">", "gt"), Le: ("≤", "le"), Lt: ("<", "lt")}
    found = [
        f"{signs[type(item)][0]} {getattr(item, signs[type(item)][1])}" for item in metadata if type(item) in signs
    ]
    return f" {' and '.join(found)}" if found else ""


def _first_line(thing: Any) -> str:
    return _one_line((thing.__doc__ or "").strip().partition("\n\n")[0])


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
