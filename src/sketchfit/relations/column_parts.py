r"""Columns of a table that look like the origin of rows: patient, drawer, session, source, url, date.

A column is a candidate if its name has a word such as `patient`, or if it has 20 or more different texts that are no
numbers: fewer are rather a trait, such as the part of the body or the kind of pen. Of urls, dates and names of files,
the parts that several rows can share are taken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sketchfit.relations.name_patterns import name_patterns
from sketchfit.relations.origins import known_text

# fmt: off
_WORDS = frozenset((
    "id", "uid", "uuid", "patient", "subject", "participant", "person", "individual", "user", "author", "artist",
    "drawer", "writer", "painter", "creator", "owner", "player", "annotator", "photographer", "source", "origin",
    "site", "hospital", "clinic", "centre", "center", "lab", "session", "visit", "scan", "study", "series",
    "sequence", "scene", "shot", "burst", "video", "clip", "movie", "recording", "device", "camera", "scanner",
    "serial", "photo", "photograph", "picture", "original", "parent", "object", "instance", "item", "specimen",
    "plant", "animal", "tree", "product", "model", "reference", "template", "prompt", "family", "cluster", "group",
    "batch", "event", "day", "date", "location", "place", "plot", "book", "page", "document", "album", "host",
    "who", "hand", "operator", "worker", "volunteer", "student", "contributor", "domain", "url", "link", "key",
    "code",
))
# fmt: on
_MOST, _FEWEST_CODES, _TEXTS = 0.9, 20, 2000
_DAY = r"^(\d{4}[-:/.]?\d{1,2}[-:/.]?\d{1,2})"
_DATE_TIME = re.compile(r"^\d{4}[-:/.]\d{1,2}[-:/.]\d{1,2}([T ].*)?$|^\d{4}[01]\d[0-3]\d[T ]?\d{6}")
_URL, _NUMBER, _SECONDS = (
    re.compile(r"^\w+://"),
    re.compile(r"^[-+]?\d*[.,]?\d+$"),
    re.compile(r"^1\d{9}(\d{3})?(\.\d+)?$"),
)


def column_parts(columns: Mapping[str, NDArray[np.str_]]) -> tuple[str, ...]:
    r"""Return parts of `folds.group`, such as `patient` or `url:^\w+://([^/?#]+)`, of all columns that may identify.

    Args:
        columns: further columns of the training table, text [N].
    """
    return tuple(part for name, values in columns.items() for part in _parts(name, values))


def _parts(name: str, values: NDArray[np.str_]) -> list[str]:
    texts = [text for value in values.tolist() if (text := known_text(value))]
    distinct = len(set(texts))
    if distinct < 2:
        return []
    sample = texts[:: max(1, len(texts) // _TEXTS)]
    cut = _cuts(sample, distinct > _MOST * len(texts))
    complete = [name] if _identifies(name, sample, distinct) else []
    return complete + [f"{name}:{pattern}" for pattern in cut]


def _cuts(sample: list[str], all_differ: bool) -> list[str]:
    """Return the expressions for parts of the texts that several rows can share."""
    if _share(_URL, sample):
        return [r"^\w+://([^/?#]+)", r"^\w+://([^/?#]+/[^/?#]+)/", r"^(.+)/[^/]*$"]
    if _share(_DATE_TIME, sample):
        return [_DAY]
    if _share(_SECONDS, sample):  # since 1970: 100,000 seconds are a little more than a day
        return [r"^(\d{5})\d{5}(?:\.\d+)?$" if len(sample[0].partition(".")[0]) == 10 else r"^(\d{5})\d{8}$"]
    if any("/" in text for text in sample) and all_differ:
        return [r"^(.+)/[^/]*$"]
    return list(name_patterns(sample)) if all_differ and not _share(_NUMBER, sample) else []


def _identifies(name: str, sample: list[str], distinct: int) -> bool:
    """Return whether the complete text may identify an origin."""
    words = re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).casefold())
    named = any(word in _WORDS or word.removesuffix("s") in _WORDS for word in words)
    if _share(_NUMBER, sample):
        return named and not any("." in text for text in sample)
    return named or distinct >= _FEWEST_CODES


def _share(pattern: re.Pattern[str], sample: list[str]) -> bool:
    return sum(pattern.search(text) is not None for text in sample) >= _MOST * len(sample)
