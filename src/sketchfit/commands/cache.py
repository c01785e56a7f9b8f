"""`sketchfit cache list` and `sketchfit cache clear`: what the cache holds, and deleting parts of it."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path

from sketchfit.data.cache.entries import KINDS, PARTS, REMOTE, CacheEntry, cache_entries
from sketchfit.data.cache.folder import default_cache
from sketchfit.data.cache.limit import cache_limit, delete_unused
from sketchfit.errors import UserError
from sketchfit.text_tables import table_lines
from sketchfit.tracking.console import Console
from sketchfit.verbosity import as_results
from sketchfit.wording import counted, size_text

log = logging.getLogger(__name__)

SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


def list_cache(folder: Path | None = None) -> list[CacheEntry]:
    """Print what a cache holds, the last used first.

    Args:
        folder: of the cache; by default the usual one.

    Returns:
        Its entries in this order.
    """
    Console()  # prints the log
    cache = folder or default_cache()
    entries = cache_entries(cache)[::-1]
    with as_results():
        _print(cache, entries)
    return entries


def _print(cache: Path, entries: Sequence[CacheEntry]) -> None:
    cells = []
    for one in entries:
        used = datetime.fromtimestamp(one.used).strftime("%Y-%m-%d %H:%M")
        cells.append((one.kind, size_text(one.size), used, one.name))
    for text in table_lines(("kind", "size", "last use", "name"), cells, right=(1,), title=3):
        log.info(text)
    limit = cache_limit()
    allowed = "no limit" if limit is None else f"a limit of {size_text(limit)}"
    log.info(f"{cache}: {counted(len(entries), 'part')}, {size_text(sum(one.size for one in entries))}, {allowed}")


def clear_cache(
    folder: Path | None = None, kinds: Collection[str] = (), older_than: str | None = None
) -> list[CacheEntry]:
    """Delete what nobody uses.

    Args:
        folder: of the cache; by default the usual one.
        kinds: only these; see `cache_kinds`.
        older_than: only what was not used for so long, such as `7d`.

    Returns:
        What was deleted.

    Raises:
        UserError: a kind or a time that does not exist.
    """
    for kind in kinds:
        if kind not in cache_kinds():
            raise UserError(f"there is no kind {kind!r} of parts of a cache", f"Kinds: {', '.join(cache_kinds())}.")
    latest = time.time() - (0.0 if older_than is None else parse_age(older_than))
    Console()  # prints the log
    cache = folder or default_cache()
    wanted = [one for one in cache_entries(cache) if one.used <= latest and (not kinds or one.kind in kinds)]
    deleted = delete_unused(wanted)
    with as_results():
        log.info(f"{counted(len(deleted), 'part')} of {cache} deleted, {size_text(sum(one.size for one in deleted))}")
    if kept := len(wanted) - len(deleted):
        log.warning(f"{counted(kept, 'part')} are in use, or cannot be deleted")
    return deleted


def cache_kinds() -> list[str]:
    """Return the kinds of parts of a cache."""
    return [*dict.fromkeys(KINDS.values()), REMOTE, PARTS]


def parse_age(text: str) -> float:
    """Return a time in seconds.

    Raises:
        UserError: another form.

    Examples:
        >>> parse_age("7d"), parse_age("1.5h")
        (604800.0, 5400.0)
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw])", text.strip().lower())
    if found is None:
        raise UserError(f"{text!r} is not a time", "For example: 90m, 12h, 7d, 2w.")
    return float(found[1]) * SECONDS[found[2]]
