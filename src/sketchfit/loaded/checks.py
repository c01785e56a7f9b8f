"""Checks of what a program gives to a loaded model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sketchfit.data.images import ImageError
from sketchfit.errors import UserError
from sketchfit.inference.unknown import UNKNOWN, UnknownTest
from sketchfit.loaded.classes import ClassTexts
from sketchfit.loaded.given import NamedImage, given_images
from sketchfit.loaded.prediction import ImagePredictions

_SHOWN = 5


def check_coverage(coverage: float) -> None:
    """Refuse a coverage of prediction sets that is none.

    Raises:
        UserError: it is not between 0 and 1.
    """
    if not 0 < coverage < 1:
        raise UserError(f"the coverage of sets must be between 0 and 1, not {coverage:g}", "For example: 0.95")


def check_rate(test: UnknownTest, rate: float, classes: ClassTexts) -> None:
    """Refuse a rate of rejection that a model cannot promise.

    Raises:
        UserError: it is not between the smallest possible one and 1, or a class has the name of rejected images.
    """
    if not test.smallest <= rate < 1:
        raise UserError(
            f"the rate of rejection must be at least {test.smallest:.3g} and below 1, not {rate:g}",
            f"The model is compared with {test.families:.0f} unrelated images.",
        )
    if UNKNOWN in (*classes.class_labels, *classes.class_names):
        raise UserError(f"a class is called {UNKNOWN!r}, as rejected images are", "Leave out reject.")


def one_image(x: Any) -> NamedImage:
    """Return the only image of what is given.

    Raises:
        TypeError: it is no image, or there are several.
    """
    found = list(given_images(x))
    if len(found) != 1:
        raise TypeError(f"one image is expected here, not {len(found)}")
    return found[0]


@contextmanager
def naming(image: NamedImage) -> Iterator[None]:
    """Make an error of reading an image one of the user, with its name."""
    try:
        yield
    except ImageError as error:
        raise UserError(f"{image.name}: {error}") from error


def all_read(found: ImagePredictions) -> ImagePredictions:
    """Return predictions of images that all could be read.

    Raises:
        UserError: some could not.
    """
    refuse_unread([str(one) for one in found if one.error])
    return found


def refuse_unread(unread: list[str]) -> None:
    """Refuse images that could not be read, one text each.

    Raises:
        UserError: there are some.
    """
    if unread:
        more = [f"and {len(unread) - _SHOWN} more"] if len(unread) > _SHOWN else []
        raise UserError([*unread[:_SHOWN], *more], "Use predict: it returns the others, and the reason for these.")
