"""Tables in several files: `train-00000-of-00002.parquet` and `train-00001-of-00002.parquet` are one table `train`."""

from __future__ import annotations

import re
from pathlib import Path

from sketchfit.data.sheets.sheet import TableError
from sketchfit.wording import listed

_SHARD = re.compile(r"(?P<base>.+)-(?P<number>\d{4,6})-of-(?P<count>\d{4,6})(-[0-9a-f]{8,40})?", re.IGNORECASE)


def without_shard(stem: str) -> str:
    """Return the name of a table without the number of the shard.

    >>> without_shard("train-00000-of-00002"), without_shard("train")
    ('train', 'train')
    """
    found = _SHARD.fullmatch(stem)
    return found["base"] if found else stem


def shards_of(path: Path, suffix: str) -> list[Path]:
    """Return all files of a table, in their order; the path alone if its name is not that of a shard.

    Raises:
        TableError: shards are missing.
    """
    own = _parts(path, suffix)
    if own is None:
        return [path]
    base, _, count = own
    found: dict[int, Path] = {}
    for other in sorted(path.parent.iterdir()):
        parts = _parts(other, suffix)
        if parts is not None and parts[0] == base and parts[2] == count:
            found.setdefault(parts[1], other)
    if missing := [str(number) for number in range(count) if number not in found]:
        raise TableError(f"{path.name} is one of {count} files of a table, of which are missing: {listed(missing)}")
    return [found[number] for number in range(count)]


def _parts(path: Path, suffix: str) -> tuple[str, int, int] | None:
    """Return the table's name, the number of the shard and their count."""
    if not path.name.lower().endswith(suffix):
        return None
    found = _SHARD.fullmatch(path.name[: len(path.name) - len(suffix)])
    return (found["base"], int(found["number"]), int(found["count"])) if found else None
