"""Pictures over which a kernel head averages the features of an image: the entire one, and the mirrored one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.bank.extractor import MakePicture
from sketchfit.config.recipe import Recipe
from sketchfit.config.views import IDENTITY
from sketchfit.inference.tta import View, parse_views
from sketchfit.transforms.mirroring import Mirroring

MIRRORED = "hflip"


@dataclass(frozen=True)
class NamedPicture:
    """A picture of an image.

    Attributes:
        name: of its stored features; empty for the entire image.
        make: makes it.
    """

    name: str
    make: MakePicture


def averages_mirrored(recipe: Recipe, mirroring: Mirroring) -> bool:
    """Return whether the recipe's kernel head averages over the mirrored picture, and no class forbids it."""
    directed = MIRRORED in mirroring.becomes or any(MIRRORED in names for names in mirroring.left_out.values())
    return wants_mirrored(recipe) and not directed


def wants_mirrored(recipe: Recipe) -> bool:
    """Return whether the recipe has a kernel head that averages over the mirrored picture where no class forbids it."""
    section, frozen = recipe.training.kernel, recipe.training.epochs == 0
    return section.use != "none" and (frozen if section.mirrored == "auto" else section.mirrored == "always")


def head_pictures(mirrored: bool) -> tuple[NamedPicture, ...]:
    """Return the pictures of a head for the entire image."""
    (entire,) = parse_views(())
    return view_pictures_of(entire, mirrored)[0]


def view_pictures_of(view: View, mirrored: bool) -> list[tuple[NamedPicture, ...]]:
    """Return the pictures of a test-time view; for each of them those over which features are averaged."""
    found = list[tuple[NamedPicture, ...]]()
    for number, make in enumerate(view.pictures):
        name = view.name if len(view.pictures) == 1 else f"{view.name}/{number}"
        plain = NamedPicture("" if name == IDENTITY else name, make)
        found.append((plain, _mirrored(plain)) if mirrored else (plain,))
    return found


def _mirrored(plain: NamedPicture) -> NamedPicture:
    def make(image: NDArray[np.uint8], paper: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
        return np.ascontiguousarray(plain.make(image, paper, size)[:, ::-1])

    names = {"": MIRRORED, MIRRORED: ""}
    return NamedPicture(names.get(plain.name, f"{plain.name}, mirrored"), make)
