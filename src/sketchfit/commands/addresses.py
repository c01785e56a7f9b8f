"""Data and images of a command at an address (`s3://bucket/folder`): a copy on this machine."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from sketchfit.errors import DataError
from sketchfit.wording import listed

_KIND = re.compile(r"[a-z][a-z0-9+.-]+:/")
"""Beginning of an address. Drives of Windows have one letter."""


def local_place(given: str | Path) -> Path:
    """Return a place on this machine: a path, or that of a copy where an address is given.

    Raises:
        DataError: an address of a kind that cannot be read, or that cannot be copied.
        MissingPackageError: an additional package reads such addresses.
    """
    if not is_address(given):
        return Path(given)
    from sketchfit.data.cache.folder import default_cache
    from sketchfit.data.remote import copy_remote  # most data are in a folder

    return copy_remote(readable_address(given), default_cache())


def local_images(given: str | Path) -> tuple[Path, Callable[[Sequence[str]], Sequence[str]]]:
    """Return the place of images, as `local_place`, and what replaces the folder of a copy in names by its address."""
    place = local_place(given)
    if not is_address(given):
        return place, lambda names: names
    from sketchfit.data.remote import names_at

    return place, partial(names_at, readable_address(given), place)


def is_address(given: str | Path) -> bool:
    """Return whether a text is an address, and not the path of something that is there."""
    return _KIND.match(str(given)) is not None and not Path(given).exists()


def readable_address(given: str | Path) -> str:
    """Return an address that can be read.

    Raises:
        DataError: it is of another kind.
    """
    from sketchfit.data.remote import remote_address
    from sketchfit.data.remote_folder import PACKAGES
    from sketchfit.redact import redact

    if (address := remote_address(given)) is not None:
        return address
    kinds = listed([f"{kind}://" for kind in PACKAGES], len(PACKAGES))
    text = re.sub(":/+", "://", str(given), count=1)  # a `Path` has one slash of two
    raise DataError(
        f"{redact(text)} is not an address of data that can be read",
        f"Give a folder, a table, or an address that begins with one of {kinds}",
    )
