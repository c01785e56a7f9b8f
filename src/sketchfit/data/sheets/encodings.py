"""Decode text tables: by their byte order mark, as UTF-8, by the user's setting, or by a guess for all tables together.

A guess is never silent: a note has a sample of the decoded text. It is checked in this order:

1. The encoding must decode every table of the data set that is neither marked nor UTF-8.
2. Names of files and folders on disk that the tables contain: they are right in one encoding only.
3. How plausible the text is (`plausible.py`).
4. Where no usual encoding gives plausible text, the best of charset-normalizer, which has many more.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import charset_normalizer

from sketchfit.data.sheets.plausible import RARE_BITS, SCRIPTS
from sketchfit.data.sheets.sheet import TableError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like UTF-16's
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_READ = 1 << 20
"""A guess uses about so many bytes of each table's lines with characters beyond ASCII."""

_BETWEEN = re.compile(r'[ \t\r\n,;|/\\"]+')
"""What separates words; a no-break space is part of one, because it may be another letter."""

_PER_BROKEN = 10
"""A text with so many right characters beyond ASCII per wrong one is UTF-8."""

_HOW = "set data.encoding if that is wrong"


@dataclass(frozen=True)
class Decoder:
    """How the text tables of a data set are decoded.

    Attributes:
        given: the user's encoding, for tables without a byte order mark; None: they are UTF-8, or the guess is used.
        guess: for tables that are neither marked nor UTF-8; None: guessed from each table alone.
    """

    given: str | None = None
    guess: str | None = None

    def decode(self, data: bytes, name: str) -> tuple[str, str, tuple[str, ...]]:
        """Return the text of a table, Python's name of its encoding, and notes.

        Raises:
            TableError: it is not text, or not in this encoding.
        """
        for mark, encoding in _MARKS:
            if data.startswith(mark):
                return _strict(data, encoding, f"{name} is marked as {encoding}"), encoding, ()
        if self.given is not None:
            text = _strict(data, self.given, f"{name} was read as {self.given}, which data.encoding sets")
            return text, self.given, _note(name, text, self.given, "as data.encoding sets")
        if _is_utf8(data):
            return data.decode("utf-8"), "utf-8", ()
        if _is_nearly_utf8(data):
            return _strict(data, "utf-8", f"{name} is UTF-8 elsewhere"), "utf-8", ()
        guess = self.guess or guess_encoding([data])
        if guess is None:
            raise TableError(_unknown(data, name))
        text = _strict(data, guess, f"{name} was read as {guess}, like the other tables")
        return text, guess, _note(name, text, guess, _HOW)


def known_encoding(name: str) -> str | None:
    """Return Python's name of a text encoding, or None if it has none of that name."""
    try:
        info = codecs.lookup(name)
        "".encode(name)
    except (LookupError, ValueError, TypeError):
        return None
    return info.name


def guess_encoding(tables: Sequence[bytes], on_disk: Iterable[str] = ()) -> str | None:
    """Return the most plausible encoding of tables that are neither marked nor UTF-8, taken together.

    Args:
        tables: content of the tables; those that are marked or UTF-8 are ignored.
        on_disk: names of files and folders that the tables may contain; only read if something is guessed.

    Returns:
        Python's name of the encoding. None: nothing to guess, or no encoding gives plausible text for all tables.
    """
    marks = tuple(mark for mark, _ in _MARKS)
    unknown = [data for data in tables if not (data.startswith(marks) or _is_utf8(data) or _is_nearly_utf8(data))]
    if not unknown:
        return None
    forms = {_by_form(data) for data in unknown}
    if forms != {None}:
        return forms.pop() or None if len(forms) == 1 else None
    sample = [_sample(data) for data in unknown]
    names = {unicodedata.normalize("NFC", name) for name in on_disk if not name.isascii()}
    ranked = []
    for order, script in enumerate(SCRIPTS):
        words = _words(sample, script.encoding)
        if words is not None:
            known = len(names & {unicodedata.normalize("NFC", word) for word in words})
            ranked.append((-known, script.surprise(words), order, words))
    ranked.sort()
    if ranked and (ranked[0][0] < 0 or ranked[0][1] < RARE_BITS * _beyond_ascii(ranked[0][3])):
        return SCRIPTS[ranked[0][2]].encoding
    return _by_normalizer(sample)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in data and b"\x1b$" not in data  # UTF-16 without a mark; ISO-2022


def _is_nearly_utf8(data: bytes) -> bool:
    """Return whether bytes are UTF-8 but for a few, which no other encoding would explain."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return 0 < _PER_BROKEN * broken <= _beyond_ascii([text]) - broken


def _by_form(data: bytes) -> str | None:
    """Return an encoding that the bytes show: UTF-16 by zero bytes, ISO-2022 by escapes; "" for what is no text."""
    if b"\x1b$" in data and data.isascii():
        return "iso2022_kr" if b"\x1b$)C" in data else "iso2022_jp_2"
    if b"\0" not in data:
        return None
    even, odd = data[::2].count(0), data[1::2].count(0)
    name = "utf-16-le" if odd > even else "utf-16-be"
    return name if 10 * min(even, odd) < max(even, odd) and _words([data], name) is not None else ""


def _sample(data: bytes) -> bytes:
    """Return the first lines with bytes beyond ASCII. A line end is no part of a character in any of the encodings."""
    lines, size = [], 0
    for line in data.splitlines(keepends=True):
        if not line.isascii() and size < _READ:
            lines.append(line)
            size += len(line)
    return b"".join(lines)


def _words(tables: Iterable[bytes], encoding: str) -> list[str] | None:
    """Return the distinct words with characters beyond ASCII, None if the encoding does not fit."""
    words: set[str] = set()
    for data in tables:
        try:
            text = data.decode(encoding)
        except (UnicodeError, LookupError):
            return None
        words.update(word for word in _BETWEEN.split(text) if not word.isascii())
    return sorted(words)


def _beyond_ascii(words: Iterable[str]) -> int:
    return sum(not character.isascii() for word in words for character in word)


def _by_normalizer(tables: Sequence[bytes]) -> str | None:
    found = charset_normalizer.from_bytes(b"".join(tables)).best()
    encoding = None if found is None else found.encoding
    return encoding if encoding and _words(tables, encoding) is not None else None


def _strict(data: bytes, encoding: str, what: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeError as error:
        place = getattr(error, "start", 0)
        where = f"byte {place} (line {data[:place].count(bytes([10])) + 1})"
        raise TableError(
            f"{what}, but {where} is not: set data.encoding to the right one, or save it as UTF-8"
        ) from error


def _note(name: str, text: str, encoding: str, why: str) -> tuple[str, ...]:
    words = [word for word in _BETWEEN.split(text) if not word.isascii()]
    if not words:
        return ()
    shown = ", ".join(repr(word) for word in list(dict.fromkeys(words))[:3])
    return (f"{name} is not UTF-8; it was read as {encoding}, e.g. {shown} ({why})",)


def _unknown(data: bytes, name: str) -> str:
    if b"\0" in data:
        return f"{name} is not text (it contains zero bytes): save it as CSV in UTF-8"
    return f"{name} is text in no recognised encoding: set data.encoding, or save it as UTF-8"
