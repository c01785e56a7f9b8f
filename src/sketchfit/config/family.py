"""A section whose settings depend on its `name`: a discriminated union that other distributions can extend."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pydantic import GetCoreSchemaHandler, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from sketchfit.config.section import Section
from sketchfit.registry import family, nearest


class FamilySection(Section):
    """Base class of the sections that name one member of a family, with the settings of that member.

    The base class of a family (`LossSection`) sets `family` and `usual`, and has the settings that all members share.
    Each member is a subclass with its own settings and a `name` of type `Literal["NAME"]`. Validating the base class
    returns an instance of the member that `name` chooses. `focal` is short for `{name: focal}`.
    """

    family: ClassVar[str]
    """Key of the family in `registry.FAMILIES`."""
    usual: ClassVar[str]
    """Name of the member where none is given."""

    name: str

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        if "family" not in cls.__dict__:
            return handler(source)
        return core_schema.no_info_plain_validator_function(
            cls._chosen, serialization=core_schema.simple_ser_schema("any")
        )

    @classmethod
    def standard(cls) -> Self:
        """Return the usual member with its default settings."""
        return cls.model_validate(cls.usual)

    @classmethod
    def members(cls) -> dict[str, type[FamilySection]]:
        """Return all members of the family by name; imports them."""
        return dict(family(cls.family).items())

    @classmethod
    def all_fields(cls) -> dict[str, FieldInfo]:
        """Return the shared settings and those of each member by key; a member's descriptions begin with its name."""
        fields = dict(cls.model_fields)
        for name, member in cls.members().items():
            for key, field in member.model_fields.items():
                if key not in cls.model_fields:
                    fields[key] = copy(field)
                    fields[key].description = f"`{name}`: {field.description}"
        return fields

    @classmethod
    def replaced(cls, before: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings `before` that still apply after `change`: without those of another member's own."""
        name = change.get("name", before.get("name", cls.usual))
        registry = family(cls.family)
        if name == before.get("name", cls.usual) or name not in registry:
            return dict(before)
        return {key: value for key, value in before.items() if key in registry.get(name).model_fields}

    @classmethod
    def _chosen(cls, value: Any) -> FamilySection:
        """Return `value` as an instance of the member that it names."""
        if isinstance(value, cls):
            return value
        settings = {"name": value} if isinstance(value, str) else value
        if not isinstance(settings, Mapping):
            raise PydanticCustomError("member_type", "Input should be a name or a mapping with a name")
        name, registry = settings.get("name", cls.usual), family(cls.family)
        if name not in registry:
            known = registry.names()
            close = nearest(name, known) if isinstance(name, str) else ""
            text = f"Input should be one of {', '.join(known)}{close}"
            raise _error(cls.__name__, "unknown_member", text, "name", name)
        member: type[FamilySection] = registry.get(name)
        return member.model_validate(cls._without_others(member, {**settings, "name": name}))

    @classmethod
    def _without_others(cls, member: type[FamilySection], settings: Mapping[str, Any]) -> dict[str, Any]:
        """Drop settings of other members that have their defaults, as complete recipes of earlier versions have them;
        refuse those with other values."""
        unknown = [key for key in settings if key not in member.model_fields]
        kept = dict(settings)
        for key in unknown:
            owners = {name: other for name, other in cls.members().items() if key in other.model_fields}
            if not owners:
                continue  # the member refuses it, as it refuses any unknown key
            if all(settings[key] != other.model_fields[key].default for other in owners.values()):
                text = f"Input should be left out, as {kept['name']} has no such setting, only {' and '.join(owners)}"
                raise _error(cls.__name__, "other_member", text, key, settings[key])
            del kept[key]
        return kept


@dataclass(frozen=True)
class MemberOf:
    """Mark of a text field whose value is the name of a member of a family.

    Attributes:
        family: key of the family in `registry.FAMILIES`.
        usual: names that are known without importing the family.
    """

    family: str
    usual: tuple[str, ...]

    def names(self) -> tuple[str, ...]:
        """Return all names, the usual ones first."""
        return tuple(dict.fromkeys((*self.usual, *family(self.family).names())))

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._known, handler(source))

    def _known(self, name: str) -> str:
        if name in self.usual or name in (names := self.names()):
            return name
        text = f"Input should be one of {', '.join(names)}{nearest(name, names)}"
        raise PydanticCustomError("unknown_member", "{text}", {"text": text})


def _error(title: str, kind: Any, text: str, key: str, value: object) -> ValidationError:
    error = PydanticCustomError(kind, "{text}", {"text": text})
    return ValidationError.from_exception_data(title, [InitErrorDetails(type=error, loc=(key,), input=value)])
