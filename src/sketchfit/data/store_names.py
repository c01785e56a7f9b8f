"""The name of an image store: a digest of the content of the image files and of the settings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from sketchfit.data.decoders.formats import additional_formats, installed_decoders, jpeg_decoders
from sketchfit.data.digests import ContentDigests

VERSION = 2
"""Increased when the same settings would give other pixels."""


def store_names(content: Sequence[ContentDigests], settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the name of a store, and those that other versions and installations gave to the same pixels.

    With another decoder installed, files can be read that could not be read before. So those count whose formats occur
    among the files; earlier versions counted all.

    Args:
        content: of each file.
        settings: of the store.
    """
    decoders = _decoders(content)
    # Earlier versions did not halve large images, so their names must not be found.
    return tuple(
        dict.fromkeys(
            _name(content, settings, one)
            for one in (decoders[:1] if any(file.is_large for file in content) else decoders)
        )
    )


def _decoders(content: Sequence[ContentDigests]) -> list[tuple[str, ...]]:
    """Return the additional decoders that count for files, and those that may have counted for the same pixels."""
    installed, occurring = installed_decoders(), {one.additional for one in content} - {""}
    used, jpeg = tuple(name for name in installed if name in occurring), jpeg_decoders()
    if jpeg:
        return [used + jpeg]
    return [used, installed] if occurring else [used, installed, additional_formats()]


def _name(content: Sequence[ContentDigests], settings: Mapping[str, Any], decoders: Sequence[str]) -> str:
    digest = hashlib.blake2b(json.dumps([VERSION, dict(settings), decoders]).encode(), digest_size=12)
    for one in content:
        digest.update(one.long + (b"halved" if one.is_large else b""))
    return f"store-{digest.hexdigest()}"
