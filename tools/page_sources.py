"""What pages and pictures of the documentation were made from, so that a test finds those that are not current."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REPORTING = ROOT / "src" / "sketchfit" / "reporting"
KINDS = (".j2", ".css", ".js", ".svg", ".html")
RECORD = "made_from.json"
"""File next to pages or pictures: digest of the sources of each, by name."""


def digest(paths: Iterable[Path]) -> str:
    """Return a digest of the contents of text files, the same for all kinds of line ends."""
    found = hashlib.blake2b(digest_size=16)
    for path in sorted(paths):
        found.update(path.read_text(encoding="utf-8").encode() + b"\0")
    return found.hexdigest()


def templates() -> list[Path]:
    """Return the templates, styles and scripts of the report's pages."""
    return [path for path in REPORTING.rglob("*") if path.suffix in KINDS]


def write_record(folder: Path, sources: dict[str, str]) -> None:
    """Write the digests of what the files of a folder were made from."""
    (folder / RECORD).write_text(json.dumps(sources, indent=2) + "\n", encoding="utf-8")


def read_record(folder: Path) -> dict[str, str]:
    """Return the digests of what the files of a folder were made from."""
    found: dict[str, str] = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    return found
