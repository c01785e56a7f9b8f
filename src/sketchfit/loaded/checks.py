"""Checks of what a program gives to a loaded model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sketchfit.data.images import ImageError
from sketchfit.errors import DataError, UserError
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
        raise DataError(f"{image.name}: {error}") from error


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
        raise DataError([*unread[:_SHOWN], *more], "Use predict: it returns the others, and the reason for these.")
