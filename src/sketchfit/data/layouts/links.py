"""Links that lead outside the data folder, where they would decide how the data are read."""

from __future__ import annotations

from sketchfit.data.listing import ALLOW_LINKS, Listing
from sketchfit.data.sheets import is_table_name, table_stem, table_suffix
from sketchfit.data.split_names import role_of
from sketchfit.errors import UserError
from sketchfit.wording import listed


def refuse_linked_tables(listing: Listing, folder: str) -> None:
    """Refuse tables of a folder that are links to other places: without them the images would be read in another way.

    Raises:
        UserError: there are such tables.
    """
    tables = [path for path in links_outside(listing, folder) if _is_table(path) and _folder(path) == folder]
    if tables:
        raise UserError(f"tables in {listing.root} are links that lead outside: {listed(tables)}", ALLOW_LINKS)


def links_outside(listing: Listing, folder: str) -> list[str]:
    """Return all links in a folder and below that lead outside the data folder, sorted."""
    return sorted(one.path for one in listing.walk(folder) if one.kind == "outside")


def _is_table(path: str) -> bool:
    """Return whether a file is a table by its name; a text such as a licence is not."""
    return is_table_name(path) and (table_suffix(path) != ".txt" or role_of(table_stem(path)) is not None)


def _folder(path: str) -> str:
    return path.rpartition("/")[0]
