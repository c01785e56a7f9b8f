"""Files of a bundle: facts of those that are written, and reading with the digest compared."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sketchfit.bundle.manifest import BundleFile, BundleManifest
from sketchfit.errors import RunError
from sketchfit.regular import read_regular

DIGEST_BYTES = 16
MOST_BYTES = 1 << 31
"""A larger file is not read: ONNX graphs of one file are smaller."""

AGAIN = "Make the bundle again: sketchfit export RUN --out FOLDER"


def digest(content: bytes) -> str:
    """Return the BLAKE2b digest of a content, hexadecimal."""
    return hashlib.blake2b(content, digest_size=DIGEST_BYTES).hexdigest()


def facts_of(path: Path, what: str = "") -> BundleFile:
    """Return size and digest of a file that was written.

    Args:
        path: the file.
        what: what it is, for people.
    """
    content = read_regular(path, MOST_BYTES)
    return BundleFile(bytes=len(content), digest=digest(content), what=what)


def open_manifest(folder: Path) -> BundleManifest:
    """Read the manifest of a bundle.

    Raises:
        UserError: the folder is no bundle, or its manifest is damaged.
    """
    if not BundleManifest.exists(folder):
        state = "has no bundle.json" if folder.is_dir() else "is no folder"
        raise RunError(f"{folder} is no bundle: it {state}", "Make one: sketchfit export RUN --out FOLDER")
    return BundleManifest.read(folder)


def read_verified(folder: Path, manifest: BundleManifest, name: str) -> bytes:
    """Return the content of a file that the manifest names.

    Raises:
        UserError: the manifest does not name it, it cannot be read, or its content is another.
    """
    facts, path = manifest.files.get(name), folder / name
    if facts is None:
        raise RunError(f"{folder} has no {name}", AGAIN)
    try:
        content = read_regular(path, MOST_BYTES)
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error.strerror or error}", AGAIN) from error
    if len(content) != facts.bytes or digest(content) != facts.digest:
        raise RunError(f"{path} is damaged: its content is not that of {BundleManifest.PLACE}", AGAIN)
    return content
