"""The syntax of `folds.group`: parse it, and compute the groups that it describes.

One part, or several joined by ` + ` (rows that share any of them are in one group):

    none                 every row alone
    near_duplicate       copies that the audit found
    cluster              tight clusters of drawings within a class
    COLUMN               rows with the same text in a column of the table
    COLUMN:REGEX         the same part of the text, for example  url:^https?://([^/]+)
    name:REGEX           the same part of the file name without folder and suffix, for example  name:^(.+)-\\d+$
    folder:REGEX         the same part of the folder, below the folder that contains all rows
    exif:TAG[:REGEX]     the same EXIF field
    class/PART           the same value of PART within one class, for example  class/name:^photo-(\\d+)$

A regular expression is searched in the text. The value is what its brackets captured; rows that do not match, and rows
whose text is empty or a usual word for a missing value, are alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sketchfit.errors import UserError
from sketchfit.registry import nearest
from sketchfit.relations.key import NO_VALUE, Groups, Key, joined, key_of, nested_in_class
from sketchfit.relations.origins import Facts, Origins, known_text
from sketchfit.wording import listed

WORDS = ("none", "near_duplicate", "cluster")
_TEXTS = ("name", "folder", "exif")
_JOINT = re.compile(r"\s+\+\s+|\s*\+\s*(?=(?:near_duplicate|cluster|none)\s*(?:\+|$)|(?:class/)?(?:name|folder|exif):)")


@dataclass(frozen=True)
class GroupPart:
    """One part of a grouping.

    Attributes:
        text: as the user wrote it.
        source: `none`, `near_duplicate`, `cluster`, `name`, `folder`, `exif` or `column`.
        field: name of the column or the EXIF tag; else empty.
        pattern: cuts the value out of the text; None takes all of it.
        nested: whether values count within their class.
    """

    text: str
    source: str
    field: str = ""
    pattern: re.Pattern[str] | None = None
    nested: bool = False


@dataclass(frozen=True)
class KnownGroups:
    """Groups of the training rows that are not in their names.

    Attributes:
        near_duplicate: int64 [N], from the audit; None where it is off: every row is alone.
        cluster: int64 [N], tight clusters; -1 or a number of its own for a row outside; None where there are none.
    """

    near_duplicate: Groups | None = None
    cluster: Groups | None = None


def parse_group(text: str, columns: Sequence[str] | None = None) -> tuple[GroupPart, ...]:
    """Parse a grouping.

    Args:
        text: value of `folds.group`, other than `auto`.
        columns: columns of the table; None if they are not known yet: then any name may be a column.

    Raises:
        UserError: an empty part, a text that is no regular expression or captures nothing, an unknown column.
    """
    pieces = [text] if columns is not None and text in columns else _JOINT.split(text)
    parts = tuple(_parse_part(piece.strip(), columns) for piece in pieces)
    if len(parts) > 1 and any(part.source == "none" for part in parts):
        raise UserError(f"folds.group: {text!r} joins 'none' with other parts", "Leave 'none' out.")
    return parts


def group_of(text: str, origins: Origins, known: KnownGroups | None = None) -> Key:
    """Return the groups that `folds.group` describes; `own_groups` numbers the rows that are alone.

    Args:
        text: value of `folds.group`, other than `auto`.
        origins: facts about the rows.
        known: near-duplicates and clusters.

    Returns:
        A key with the text as its name. Near-duplicates and clusters are not known for test rows (-1).

    Raises:
        UserError: see `parse_group`; an unknown EXIF tag; or a part that gives no row a value.
    """
    keys = keys_of(text, origins, known)
    return keys[0] if len(keys) == 1 else joined(text, keys)


def keys_of(text: str, origins: Origins, known: KnownGroups | None = None) -> list[Key]:
    """Return the key of each part of `folds.group` (arguments and errors: see `group_of`)."""
    parts = parse_group(text, tuple(origins.train.columns))
    return [_key(part, origins, known or KnownGroups()) for part in parts]


def _parse_part(text: str, columns: Sequence[str] | None) -> GroupPart:
    if not text:
        raise UserError("folds.group has an empty part", _hint(columns))
    if text in WORDS:
        return GroupPart(text, text)
    if columns is not None and text in columns:
        return GroupPart(text, "column", text)
    if text.startswith("class/"):
        inner = _parse_part(text.removeprefix("class/").strip(), columns)
        if inner.source in WORDS or inner.nested:
            raise UserError(f"folds.group: {text!r} has no value to join with the class", _hint(columns))
        return GroupPart(text, inner.source, inner.field, inner.pattern, nested=True)
    source, colon, rest = text.partition(":")
    if source in ("name", "folder") and colon:
        return GroupPart(text, source, "", _pattern(text, rest))
    if source == "exif" and colon:
        tag, colon, rest = rest.partition(":")
        return GroupPart(text, source, tag, _pattern(text, rest) if colon else None)
    return _column_part(text, columns)


def _column_part(text: str, columns: Sequence[str] | None) -> GroupPart:
    """Parse `COLUMN` or `COLUMN:REGEX`; the longest column that fits is taken, as its name may contain a colon."""
    if columns is None:
        name, colon, rest = text.partition(":")
    else:
        fitting = [column for column in columns if text.startswith(f"{column}:")]
        name = max(fitting, key=len, default=text.partition(":")[0])
        if name not in columns:
            raise UserError(f"folds.group: there is no column {name!r}{nearest(name, _names(columns))}", _hint(columns))
        colon, rest = ":", text[len(name) + 1 :]
    return GroupPart(text, "column", name, _pattern(text, rest) if colon else None)


def _pattern(text: str, regex: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(regex)
    except re.error as error:
        place = "" if error.pos is None else f" at character {error.pos + 1}"
        raise UserError(
            f"folds.group: {regex!r} in {text!r} is not a regular expression: {error.msg}{place}",
            r"For example: name:^(.+)-\d+$",
        ) from error
    if not pattern.groups:
        raise UserError(
            f"folds.group: {text!r} captures nothing", r"Put brackets around what is shared: name:^(.+)-\d+$"
        )
    return pattern


def _key(part: GroupPart, origins: Origins, known: KnownGroups) -> Key:
    rows, test_rows = len(origins.train), len(origins.test)
    alone, unknown = np.full(rows, NO_VALUE, np.int64), np.full(test_rows, NO_VALUE, np.int64)
    if part.source == "none":
        return Key(part.text, "none", alone, unknown)
    if part.source == "near_duplicate":
        return Key(
            part.text, "near_duplicate", alone if known.near_duplicate is None else known.near_duplicate, unknown
        )
    if part.source == "cluster":
        return Key(part.text, "cluster", alone if known.cluster is None else known.cluster, unknown)
    if part.source == "exif" and part.field not in origins.train.exif:
        tags = tuple(origins.train.exif)
        raise UserError(
            f"folds.group: no training image has the EXIF field {part.field!r}{nearest(part.field, tags)}",
            f"Fields that were read: {listed(tags) or 'none'}.",
        )
    key = values_key(part, origins)
    if (key.train == NO_VALUE).all():
        examples = [text for text in texts_of(part, origins.train) if text][:3]
        raise UserError(
            f"folds.group: {part.text!r} matches no training row",
            f"Texts are, for example: {listed(examples) or '(empty)'}",
        )
    return key


def values_key(part: GroupPart, origins: Origins) -> Key:
    """Return the key of a part that reads texts, even if it matches no row."""
    values = [_values(part, texts_of(part, facts)) for facts in (origins.train, origins.test)]
    name = part.text.removeprefix("class/") if part.nested else part.text
    origin = {"name": "name", "folder": "folder", "exif": "exif"}.get(part.source, "column")
    key = key_of(name, origin, *values)  # type: ignore[arg-type]
    return nested_in_class(key, origins.label) if part.nested else key


def texts_of(part: GroupPart, facts: Facts) -> Sequence[str]:
    """Return the text of each row that a part reads; empty where there is none."""
    if part.source == "name":
        return facts.stems
    if part.source == "folder":
        return facts.folders
    texts = facts.columns if part.source == "column" else facts.exif
    if part.field in texts:
        return [known_text(text) for text in texts[part.field].tolist()]
    return [""] * len(facts)


def _values(part: GroupPart, texts: Sequence[str]) -> list[str | None]:
    if part.pattern is None:
        return [text or None for text in texts]
    matches = [part.pattern.search(text) if text else None for text in texts]
    return [None if match is None else "\0".join(group or "" for group in match.groups()) for match in matches]


def _names(columns: Sequence[str]) -> tuple[str, ...]:
    return (*columns, *WORDS, *_TEXTS)


def _hint(columns: Sequence[str] | None) -> str:
    known = f" Columns of the table: {listed(columns) or 'none but image and label'}." if columns is not None else ""
    return f"Write none, near_duplicate, a column, or name:REGEX, folder:REGEX, exif:TAG, joined by ' + '.{known}"
