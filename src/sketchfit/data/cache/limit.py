"""How large the cache may become: what was not used for the longest time makes room."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from sketchfit.data.cache.entries import REMOTE, CacheEntry, cache_entries
from sketchfit.data.cache.use import unused
from sketchfit.errors import DataError, UserError
from sketchfit.remains import ABANDONED, clear_remains
from sketchfit.wording import counted, size_text

VARIABLE = "SKETCHFIT_CACHE_LIMIT"

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)
_POWER = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}

log = logging.getLogger(__name__)


def parse_size(text: str) -> int:
    """Return a size in bytes.

    Raises:
        UserError: another form.

    Examples:
        >>> parse_size("20GB"), parse_size("1.5 GiB"), parse_size("800")
        (20000000000, 1610612736, 800)
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise DataError(f"{text!r} is not a size", "For example: 800MB, 20GB, 1.5TB.")
    return int(float(found[1]) * (1024 if found[3] else 1000) ** _POWER[found[2].lower()])


def cache_limit() -> int | None:
    """Return the bytes that the cache may have, by `$SKETCHFIT_CACHE_LIMIT`; None: there is no limit.

    Raises:
        UserError: the variable is not a size.
    """
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return None
    try:
        return parse_size(text)
    except UserError as error:
        raise DataError([f"{VARIABLE}: {problem}" for problem in error.problems], error.hint) from error


def clear_cache_remains(cache: Path) -> None:
    """Delete what killed processes were writing; see `clear_remains` for those of other hosts."""
    for folder in (cache, cache / REMOTE):
        clear_remains(folder.glob(".*.part"), least_age=ABANDONED)


def make_room(cache: Path, needed: int) -> None:
    """Delete entries that were not used for the longest time until the limit allows so many bytes more.

    What a process uses is never deleted, so the limit may be exceeded; that is logged. Files that killed processes left
    behind are deleted in any case.
    """
    clear_cache_remains(cache)
    limit = cache_limit()
    if limit is None:
        return
    entries = cache_entries(cache)
    surplus = sum(one.size for one in entries) + needed - limit
    deleted: list[CacheEntry] = []

    def is_enough(gone: Sequence[CacheEntry]) -> bool:
        return sum(one.size for one in gone) >= surplus

    if surplus > 0:
        deleted = delete_unused(entries, is_enough)
        log.info(
            f"the cache {cache} is limited to {size_text(limit)}: {counted(len(deleted), 'part')} of "
            f"{size_text(sum(one.size for one in deleted))} that had not been used for the longest time were deleted"
        )
    if not is_enough(deleted):
        log.warning(f"the cache {cache} exceeds its limit of {size_text(limit)}: the rest is in use")


def delete_unused(
    entries: Sequence[CacheEntry], is_enough: Callable[[Sequence[CacheEntry]], bool] = lambda _: False
) -> list[CacheEntry]:
    """Delete entries that nobody uses, in their order, until it is enough; return those that were deleted."""
    deleted: list[CacheEntry] = []
    for entry in entries:
        if is_enough(deleted):
            break
        with suppress(OSError), unused(entry.stem) as is_free:  # a cache that cannot be written
            if is_free:
                entry.delete()
                deleted.append(entry)
    return deleted
