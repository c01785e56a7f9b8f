"""Choose one text encoding for all tables of a data set."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from encodings.aliases import aliases
from pathlib import Path, PurePosixPath

from sketchfit.data.listing import Listing
from sketchfit.data.sheets import Decoder, TableError
from sketchfit.data.sheets.encodings import guess_encoding, known_encoding
from sketchfit.data.sheets.names import PARQUET, WORKBOOKS, table_suffix
from sketchfit.data.sheets.packed import read_content
from sketchfit.data.sheets.stroke_tables import is_stroke_table
from sketchfit.errors import DataError


def data_decoder(tables: Iterable[Path | None], listing: Listing, given: str | None) -> Decoder:
    """Return how the text tables of a data set are decoded: as the user set it, else by one guess for all of them.

    Args:
        tables: files of the data set; None for a part that has no table.
        listing: content of the data folder: names on disk that the tables contain decide between encodings.
        given: the user's encoding, if any.

    Raises:
        UserError: the given encoding does not exist.
    """
    if given is not None:
        known = known_encoding(given)
        if known is None:
            near = difflib.get_close_matches(given.lower(), {*aliases, *aliases.values()}, n=1)
            nearest = f"; the nearest is {near[0]!r}" if near and known_encoding(near[0]) else ""
            raise DataError(f"data.encoding: there is no text encoding {given!r}{nearest}", "For example: cp949")
        return Decoder(given=known)
    return Decoder(guess=guess_encoding(list(_contents(tables)), _names(listing)))


def _contents(tables: Iterable[Path | None]) -> Iterator[bytes]:
    for path in tables:
        if path is not None and table_suffix(path.name) not in (*PARQUET, *WORKBOOKS) and not is_stroke_table(path):
            try:
                yield read_content(path, path.name)
            except (TableError, OSError):
                continue  # reported when the table is read


def _names(listing: Listing) -> Iterator[str]:
    for image in listing.images():
        path = PurePosixPath(image)
        yield from (*path.parts, path.stem)
