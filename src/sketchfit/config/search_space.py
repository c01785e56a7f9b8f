"""The settings that a search varies: some values each, or a range of numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, TypeAlias, cast

from sketchfit.config.load import load_recipe
from sketchfit.config.overrides import merge
from sketchfit.config.parse import member_recipes
from sketchfit.config.recipe import Recipe
from sketchfit.config.variants import Variant, as_yaml, check_varied_key, nested_change
from sketchfit.config.yaml_files import parse_yaml
from sketchfit.errors import RecipeError, UserError

POLICIES = ("sketch", "strokes", "medium", "randaugment")
"""Shipped policies that the usual space has, next to the recipe's own."""

SMALLER, LARGER = 0.75, 1.25
"""Input sizes that the usual space has, relative to the recipe's own, rounded away from it."""

SIZE_STEP = 32
"""Pixels. Backbones halve the size up to five times."""

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"\s*({_NUMBER})\s*\.\.\s*({_NUMBER})\s*(:\s*log)?\s*")
_EXAMPLE = "For example: --over optimizer.lr=1e-4..3e-3:log --over model.input_size=96,128"

Value: TypeAlias = float | int | str
"""Of a setting in a trial: a number of a range, or one of some values as YAML."""


@dataclass(frozen=True)
class ValueList:
    """A setting with some values.

    Attributes:
        key: dotted name of the setting.
        values: each as YAML, as it is read after `--set KEY=`.
    """

    key: str
    values: tuple[str, ...]

    @property
    def ends(self) -> tuple[Value, ...]:
        """Values with which the setting is checked: all."""
        return self.values


@dataclass(frozen=True)
class Range:
    """A setting that is a number between two others.

    Attributes:
        key: dotted name of the setting.
        low, high: ends, which are included.
        logarithmic: the numbers are equally probable on a logarithmic scale.
        integer: integers alone.
    """

    key: str
    low: float
    high: float
    logarithmic: bool = False
    integer: bool = False

    @property
    def ends(self) -> tuple[Value, ...]:
        """Values with which the setting is checked: both ends."""
        return (int(self.low), int(self.high)) if self.integer else (self.low, self.high)

    def rounded(self, value: float) -> Value:
        """Return a number with four digits, so that a recipe is easy to read; an end stays as it is."""
        if self.integer:
            return int(value)
        inside = self.low < value < self.high
        return min(max(float(f"{value:.4g}"), self.low), self.high) if inside else value


Dimension: TypeAlias = ValueList | Range
Space: TypeAlias = tuple[Dimension, ...]


def parse_space(base: Recipe, texts: Sequence[str]) -> Space:
    """Return the space that `--over` texts describe; the usual one where there are none.

    Args:
        base: a recipe of one member.
        texts: `key=a,b,c`, `key=low..high` or `key=low..high:log` each.

    Raises:
        RecipeError: everything that is wrong with them, or with a value for this recipe.
    """
    if len(member_recipes(base)) > 1:
        raise RecipeError("search varies settings of one network, and the recipe has several members")
    space = tuple(_dimension(text) for text in texts) if texts else usual_space(base)
    keys = [one.key for one in space]
    if repeated := sorted({key for key in keys if keys.count(key) > 1}):
        raise RecipeError(f"--over names {', '.join(repeated)} more than once", "Give all its values at once.")
    problems = [
        f"--over {one.key}={value}: {problem}"
        for one in space
        for value in one.ends
        for problem in _wrong(base, one.key, value)
    ]
    if problems:
        raise RecipeError(problems, "Fix the values of --over, or the base with --set.")
    return tuple(_typed(base, one) for one in space)


def _typed(base: Recipe, one: Dimension) -> Dimension:
    """Return a range of integers as one of numbers where the setting is a number: `optimizer.lr=1..3`."""
    if not (isinstance(one, Range) and one.integer):
        return one
    is_integer = isinstance(_setting(changed_recipe(base, {one.key: int(one.low)}).recipe, one.key), int)
    return replace(one, integer=is_integer)


def usual_space(base: Recipe) -> Space:
    """Return the space of a search that names none: learning rate, weight decay, smoothing, policy, input size."""
    optimizer, loss, transforms = base.optimizer, base.loss.model_dump(), base.transforms
    found: list[Dimension] = [Range("optimizer.lr", optimizer.lr / 4, optimizer.lr * 4, logarithmic=True)]
    if optimizer.weight_decay > 0:
        decay = optimizer.weight_decay
        found.append(Range("optimizer.weight_decay", decay / 5, decay * 5, logarithmic=True))
    if "smoothing" in loss:
        found.append(Range("loss.smoothing", 0.0, 0.2))
    if not (transforms.curriculum or transforms.override or transforms.drop):  # they hold for their policy alone
        own = as_yaml(transforms.model_dump(mode="json")["policy"])
        found.append(ValueList("transforms.policy", tuple(dict.fromkeys((own, *POLICIES)))))
    sizes = sorted({_below(base.model.size), base.model.size, _above(base.model.size)})
    found.append(ValueList("model.input_size", tuple(str(size) for size in sizes)))
    return tuple(found)


def in_space(base: Recipe, space: Space) -> dict[str, Value] | None:
    """Return the values of a recipe, where all of them are in the space."""
    found: dict[str, Value] = {}
    for one in space:
        value = _value_of(base, one)
        if value is None:
            return None
        found[one.key] = value
    return found


def _value_of(base: Recipe, one: Dimension) -> Value | None:
    """Return the value that a recipe has, if it is one of those that are tried."""
    if isinstance(one, ValueList):
        same = (value for value in one.values if changed_recipe(base, {one.key: value}).recipe == base)
        return next(same, None)
    value = _setting(base, one.key)
    return one.rounded(value) if isinstance(value, int | float) and one.low <= value <= one.high else None


def _setting(recipe: Recipe, key: str) -> Any:
    return reduce(lambda part, name: getattr(part, name, None), key.split("."), cast(Any, recipe))


def changed_recipe(base: Recipe, values: dict[str, Value]) -> Variant:
    """Return the recipe of a trial under a name that lists its values.

    Raises:
        RecipeError: these values make no valid recipe together.
    """
    settings = reduce(merge, (_change(base, key, value) for key, value in values.items()), base.model_dump(mode="json"))
    return Variant(" ".join(f"{key}={value}" for key, value in values.items()) or "base", load_recipe(settings))


def changes_of(base: Recipe, values: dict[str, Value]) -> dict[str, Any]:
    """Return what a trial changes in the recipe, as nested settings."""
    nothing: dict[str, Any] = {}
    return reduce(merge, (_change(base, key, value) for key, value in values.items()), nothing)


def _change(base: Recipe, key: str, value: Value) -> dict[str, Any]:
    return nested_change(base, key, parse_yaml(value, key) if isinstance(value, str) else value)


def _wrong(base: Recipe, key: str, value: Value) -> Sequence[str]:
    try:
        changed_recipe(base, {key: value})
    except UserError as error:
        return error.problems
    return ()


def _dimension(text: str) -> Dimension:
    key, equals, values = text.partition("=")
    key = key.strip()
    if not key or not equals or not values.strip():
        raise RecipeError(f"--over {text!r} is not of the form key=value,value or key=low..high", _EXAMPLE)
    check_varied_key(f"--over {key}", key)
    if found := _RANGE.fullmatch(values):
        return _range(key, found)
    if ".." in values and "," not in values:
        raise RecipeError(f"--over {text!r} is no range of numbers", _EXAMPLE)
    parsed = [as_yaml(value) for value in parse_yaml(f"[{values}]", f"--over {text!r}: the list of values")]
    if len(set(parsed)) < 2:
        raise RecipeError(f"--over {text!r} has one value: a search needs two or more", _EXAMPLE)
    return ValueList(key, tuple(dict.fromkeys(parsed)))


def _range(key: str, found: re.Match[str]) -> Range:
    ends, logarithmic = (found[1], found[2]), found[3] is not None
    low, high = (float(end) for end in ends)
    if not low < high:
        raise RecipeError(f"--over {key}: {found[1]} is not below {found[2]}", _EXAMPLE)
    if logarithmic and low <= 0:
        raise RecipeError(f"--over {key}: a logarithmic range has ends above 0, and {found[1]} is none", _EXAMPLE)
    return Range(key, low, high, logarithmic, integer=all(end.lstrip("+-").isdigit() for end in ends))


def _below(size: int) -> int:
    return max(SIZE_STEP, math.floor(size * SMALLER / SIZE_STEP) * SIZE_STEP)


def _above(size: int) -> int:
    return math.ceil(size * LARGER / SIZE_STEP) * SIZE_STEP
