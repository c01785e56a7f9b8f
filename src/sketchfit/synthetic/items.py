"""Plan the images of a data set: class, file name, random key and family of each one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sketchfit.synthetic.objects import OBJECTS
from sketchfit.synthetic.settings import DrawSettings

_TEST = 1 << 31
_FAMILY = 1 << 61


@dataclass(frozen=True)
class Item:
    """One image to draw. Only its keys decide the drawing, so a larger set contains the drawings of a smaller one."""

    image: str
    """File, relative to the data set's folder."""
    name: str
    """Class."""
    target: int
    """Number of the class."""
    key: tuple[int, int]
    """Of the random generator: of the complete drawing, or of the hand that draws a family's model."""
    family: int | None = None
    """Number of the family, unique across classes, from 1; None if the image shows an object of its own."""
    model: tuple[int, int] | None = None
    """Key of the random generator of the family's model."""


def independent_items(
    names: Sequence[str], settings: DrawSettings, rng: np.random.Generator
) -> tuple[list[Item], list[Item]]:
    """Return training items by class, and test items in the order of their numbers, which are random."""
    seed = settings.seed
    order = {name: k for k, name in enumerate(OBJECTS)}
    train = [
        Item(f"train/{name}/sketch_{k}.JPEG", name, target, (seed, order[name] << 32 | k))
        for target, name in enumerate(names)
        for k in range(settings.per_class)
    ]
    pairs = [(target, name, k) for target, name in enumerate(names) for k in range(settings.test_per_class)]
    shuffled = [pairs[i] for i in rng.permutation(len(pairs))]
    test = [
        Item(f"test/{number}.JPEG", name, target, (seed, order[name] << 32 | _TEST | k))
        for number, (target, name, k) in enumerate(shuffled)
    ]
    return train, test


@dataclass(frozen=True)
class _Member:
    """One drawing of a family, before it has a file name."""

    target: int
    family: int
    """Within the class, from 0."""
    number: int
    """Within the family, from 1."""


def family_items(
    names: Sequence[str], settings: DrawSettings, rng: np.random.Generator
) -> tuple[list[Item], list[Item]]:
    """Return training items by class, and test items in random order, with families."""
    train: list[_Member] = []
    test: list[_Member] = []
    for target in range(len(names)):
        mine, held = _members(target, settings, rng)
        train += mine
        test += [held[i] for i in rng.permutation(len(held))]
    test = [test[i] for i in rng.permutation(len(test))]
    families = sorted({(member.target, member.family) for member in train + test})
    # Random numbers: neighbouring families must not show that they are of one class.
    number = {family: int(k) + 1 for family, k in zip(families, rng.permutation(len(families)), strict=True)}
    digits = len(str(len(families)))

    def item(member: _Member, file: str) -> Item:
        family = number[member.target, member.family]
        stem = f"m{family:0{digits}d}-{member.number}" if settings.shows_family else file
        folder = "test" if member in held_back else f"train/{names[member.target]}"
        key = _FAMILY | list(OBJECTS).index(names[member.target]) << 40 | member.family << 20
        return Item(
            f"{folder}/{stem}.JPEG", names[member.target], member.target, (settings.seed, key | member.number), family,
            (settings.seed, key),
        )  # fmt: skip

    held_back = set(test)
    numbers = [k for _ in names for k in rng.permutation(settings.per_class)]
    return (
        [item(member, f"sketch_{k}") for member, k in zip(train, numbers, strict=True)],
        [item(member, str(k)) for k, member in enumerate(test)],
    )


def _members(target: int, settings: DrawSettings, rng: np.random.Generator) -> tuple[list[_Member], list[_Member]]:
    """Return the training and test drawings of one class."""
    if settings.by_family:
        wanted = -(-settings.test_per_class * settings.families // settings.per_class)
        train = _even(target, settings.per_class, range(settings.families))
        return train, _even(target, settings.test_per_class, range(settings.families, settings.families + wanted))
    every = _even(target, settings.per_class + settings.test_per_class, range(settings.families))
    order = rng.permutation(len(every))
    first, last = np.sort(order[: settings.per_class]), order[settings.per_class :]
    return [every[i] for i in first], [every[i] for i in last]


def _even(target: int, total: int, families: range) -> list[_Member]:
    """Return `total` drawings of the families, in sizes that differ by at most one."""
    small, larger = divmod(total, len(families))
    return [
        _Member(target, family, number + 1)
        for k, family in enumerate(families)
        for number in range(small + (k < larger))
    ]
