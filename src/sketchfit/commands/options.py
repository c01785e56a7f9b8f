"""What can be chosen: names with a line each."""

from __future__ import annotations

import itertools
import typing
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

from pydantic.fields import FieldInfo

from sketchfit._timm import timm
from sketchfit.bank.closed_forms import closed_forms
from sketchfit.config.policies import list_policies, policy_text
from sketchfit.config.schedule import ScheduleSection
from sketchfit.config.scope import settings
from sketchfit.errors import UserError
from sketchfit.models.heads import heads
from sketchfit.training.losses import losses
from sketchfit.training.optimizers import list_optimizers
from sketchfit.transforms.operations import operations

Named = list[tuple[str, str]]


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
    return [(setting.key, one_line(setting.field.description)) for setting in settings()]


FAMILIES: dict[str, Callable[[], Named]] = {
    "optimizers": lambda: list(list_optimizers()),
    "schedules": _schedules,
    "losses": lambda: [(name, first_line(kind)) for name, kind in losses.items()],
    "heads": lambda: [(name, first_line(kind)) for name, kind in heads.items()],
    "closed_forms": lambda: [(name, first_line(kind)) for name, kind in closed_forms.items()],
    "policies": lambda: [(name, _policy_comment(name)) for name in list_policies()],
    "operations": lambda: [(name, first_line(kind)) for name, kind in operations.items()],
    "models": _models,
    "settings": _settings,
}


def first_line(thing: Any) -> str:
    """Return the first paragraph of a docstring in one line."""
    return one_line((thing.__doc__ or "").strip().partition("\n\n")[0])


def one_line(text: str | None) -> str:
    """Return a text without line breaks; "" where there is none."""
    return " ".join((text or "").split())
