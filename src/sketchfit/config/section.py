"""Base class of the recipe's sections, and the marks that a field can carry."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict

Effect = Literal["training", "results", "nothing"]
"""What a setting decides: the trained weights, what is computed from trained networks, or neither."""


class Section(BaseModel):
    """A section of the recipe. A field's docstring is its help, in `sketchfit options` and in docs/options."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, validate_default=True)


@dataclass(frozen=True)
class Scope:
    """Mark of a field: who can set it and what it decides. What is None is as in the section around the field.

    Attributes:
        owner: `member`: each member can have its own value; `run`: all members share it.
        decides: `training` settings are part of a training's fingerprint; `nothing` settings are not compared.
    """

    owner: Literal["member", "run"] | None = None
    decides: Effect | None = None


@dataclass(frozen=True)
class FreeText:
    """Mark of a text field in which every value has a meaning.

    Attributes:
        meaning: what the text is, for instance the title of a project.
    """

    meaning: str


@dataclass(frozen=True)
class CheckedBy:
    """Mark of a text field whose values are not known to the schema.

    Attributes:
        check: `table`: compared with the tables' columns; `trial`: used by the trial step of each network.
    """

    check: Literal["table", "trial"]


T = TypeVar("T", bound=Hashable)


def _distinct(values: Sequence[T]) -> Sequence[T]:
    twice = dict.fromkeys(value for value in values if list(values).count(value) > 1)
    if twice:
        raise ValueError(f"each value once; {', '.join(map(repr, twice))} occurs more than once")
    return values


Distinct = AfterValidator(_distinct)
"""Mark of a list in which no value occurs twice."""
