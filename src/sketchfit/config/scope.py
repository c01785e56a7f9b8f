"""Every setting of the recipe with its scope, and what follows from the scopes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic.fields import FieldInfo

from sketchfit.config.family import FamilySection
from sketchfit.config.recipe import Recipe
from sketchfit.config.section import Effect, Scope, Section

ADDED: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "compute": {"products": ("auto", "fp32")},
    "freeze": {"depthwise": ("follow",)},
}
"""Settings by their section with the values that change no training: earlier trainings did not have these settings, and
keep their fingerprints."""

COMPLETED: Mapping[str, Mapping[str, Any]] = {
    "loss": {
        "focal_gamma": 2.0,
        "sce_alpha": 1.0,
        "sce_beta": 0.1,
        "poly_epsilon": 1.0,
        "bitempered_t1": 0.9,
        "bitempered_t2": 1.05,
        "asymmetric_gamma_positive": 1.0,
        "asymmetric_gamma_negative": 4.0,
        "asymmetric_clip": 0.05,
        "bce_threshold": None,
        "arcface_margin": 0.3,
    },
    "head": {"hidden": 0, "norm": True, "scale": 30.0},
}
"""What fingerprints include for any loss and head: all losses shared one section once, and trainings of then are still
valid. Settings of new losses and heads do not belong here."""


@dataclass(frozen=True)
class Setting:
    """A setting: its dotted key, its field, and its scope with nothing left open."""

    key: str
    field: FieldInfo
    scope: Scope


def settings(section: type[Section] = Recipe, prefix: str = "", around: Scope | None = None) -> Iterator[Setting]:
    """Yield every setting below a section, without the sections themselves.

    Args:
        prefix: of the keys, with its dot.
        around: scope of the section; by default that of settings that decide nothing of a training.
    """
    around = around or Scope("run", "results")
    for name, field in section_fields(section).items():
        scope = _scope(field, around)
        if (inner := inner_section(field)) is not None:
            yield from settings(inner, f"{prefix}{name}.", scope)
        else:
            yield Setting(f"{prefix}{name}", field, scope)


def section_fields(section: type[Section]) -> Mapping[str, FieldInfo]:
    """Return the fields of a section by name; of a family, those of all its members."""
    return section.all_fields() if issubclass(section, FamilySection) else section.model_fields


def inner_section(field: FieldInfo) -> type[Section] | None:
    """The section that a field holds; None where it holds a value."""
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, Section) else None


def member_sections() -> frozenset[str]:
    """Top-level keys of the recipe that a member can change."""
    return frozenset(
        name for name, field in Recipe.model_fields.items() if _scope(field, Scope("run", "results")).owner == "member"
    )


def owned_by_run(keys: Iterable[str]) -> list[str]:
    """Return those of some dotted keys that a member cannot set, although it can set others of their section."""
    inner = {setting.key for setting in settings() if setting.scope.owner == "run"}
    return [key for key in keys if key in inner and key.partition(".")[0] in member_sections()]


def can_be_varied(key: str) -> bool:
    """Whether a dotted key is in a section with settings of a member's training, the seed excepted."""
    section = key.partition(".")[0]
    if owned_by_run([key]):
        return False
    return any(
        setting.key.startswith(f"{section}.") and setting.scope == Scope("member", "training") for setting in settings()
    )


def keys_that_decide(*effects: Effect) -> frozenset[str]:
    """Dotted keys of the settings with one of these effects."""
    return frozenset(setting.key for setting in settings() if setting.scope.decides in effects)


def training_settings(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a recipe that decides the trained networks; two recipes that agree in it train the same.

    Args:
        recipe: settings as nested mappings, for instance `Recipe.model_dump(mode="json")`.
    """
    return _deciding(recipe, Recipe, Scope("run", "results"))


def _deciding(values: Mapping[str, Any], section: type[Section], around: Scope) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, value in values.items():
        field = section.model_fields.get(name)
        scope = around if field is None else _scope(field, around)
        inner = None if field is None else inner_section(field)
        if inner is not None and isinstance(value, Mapping):
            known = {**COMPLETED.get(name, {}), **value}
            known = {key: one for key, one in known.items() if one not in ADDED.get(name, {}).get(key, ())}
            if found := _deciding(known, inner, scope):
                kept[name] = found
        elif scope.decides == "training":
            kept[name] = value
    return kept


def _scope(field: FieldInfo, around: Scope) -> Scope:
    own = next((mark for mark in field.metadata if isinstance(mark, Scope)), Scope())
    return Scope(own.owner or around.owner, own.decides or around.decides)
