"""What cannot be read where it would decide how the data are read: links to other places and to nothing, pipes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping

from sketchfit.data.images import is_image_name
from sketchfit.data.layouts.folders import join
from sketchfit.data.layouts.parts import SplitPart
from sketchfit.data.listing import ALLOW_LINKS, ListedFile, Listing
from sketchfit.data.read_settings import TableNames
from sketchfit.data.sheets import is_table_name, table_stem, table_suffix
from sketchfit.data.source import DataSource
from sketchfit.data.split_names import Role, role_of
from sketchfit.errors import DataError
from sketchfit.wording import listed

FETCH = "Fetch what they lead to (git annex get, dvc pull), or delete them."
"""What to do about links to nothing."""


def refuse_linked_tables(source: DataSource, top: str) -> None:
    """Refuse links and special files named like tables or, in the top folder, like splits: other rows would be read.

    Those that the user names are not refused.

    Raises:
        UserError: there are such links that lead outside the data folder or to nothing, or special files.
    """
    names, listing = source.settings.names, source.listing
    given = {(name or "").strip("/") for name in (names.train, names.valid, names.test, names.sample)}

    def decides(link: ListedFile) -> bool:
        if link.path in given:
            return False
        folder, _, name = link.path.rpartition("/")
        role = role_of(name) if folder == top and not os.path.splitext(name)[1] else None  # noqa: PTH122
        return _is_table(name) or (role is not None and _setting(names, role) is None)

    _refuse(listing, decides)
    special = [one.path for one in listing.walk() if one.kind == "other" and decides(one)]
    if special:
        raise DataError(
            f"special files (pipes, devices, sockets, links in a circle) in {listing.root}: {listed(sorted(special))}",
            "Put tables in their place, or delete them.",
        )


def refuse_linked_images(source: DataSource, top: str, parts: Mapping[Role, SplitPart]) -> None:
    """Refuse links to images and folders where images are rows without a table naming them, or could be.

    Raises:
        UserError: there are such links that lead outside the data folder or to nothing.
    """
    names, listing = source.settings.names, source.listing
    folders = tuple(join(part.folder, "") if part.folder else "" for part in parts.values() if part.folder is not None)

    def decides(link: ListedFile) -> bool:
        if not _may_be_images(listing, link):
            return False
        if link.path.startswith(folders):
            return True
        begin = join(top, "") if top else ""
        inside, slash, _ = link.path.removeprefix(begin).partition("/")
        role = role_of(inside) if slash and link.path.startswith(begin) else None
        return role is not None and role not in parts and _setting(names, role) is None

    _refuse(listing, decides)


def unfollowed(listing: Listing, folder: str = "") -> list[str]:
    """Return all links that lead outside or to nothing, and special files, in a folder and below, sorted."""
    return sorted(link.path for link in _links(listing, folder))


def _links(listing: Listing, folder: str = "") -> Iterator[ListedFile]:
    for one in listing.walk(folder) if listing.has_special else ():
        if one.kind in ("outside", "other"):
            yield one


def _is_lost(listing: Listing, one: ListedFile) -> bool:
    """Return whether it is a link to something that is missing; a circle of links leads to nothing that ever was."""
    if one.kind != "other":
        return False
    try:
        (listing.root / one.path).stat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def _refuse(listing: Listing, decides: Callable[[ListedFile], bool]) -> None:
    links = [one for one in _links(listing) if decides(one)]
    outside = sorted(one.path for one in links if one.kind == "outside")
    lost = sorted(one.path for one in links if _is_lost(listing, one))
    special = sorted({one.path for one in links} - {*outside, *lost})
    problems = []
    if outside:
        problems.append(f"links lead outside {listing.root}: {listed(outside)}. {ALLOW_LINKS}")
    if lost:
        problems.append(f"links in {listing.root} lead to nothing: {listed(lost)}. {FETCH}")
    if special:
        problems.append(f"{listing.root} has special files, which are no data: {listed(special)}. Move them elsewhere.")
    if problems:
        raise DataError(problems)


def _setting(names: TableNames, role: Role) -> str | None:
    """Return what the user has named as a split."""
    given: dict[Role, str | None] = {"train": names.train, "valid": names.valid, "test": names.test}
    return given[role]


def _may_be_images(listing: Listing, link: ListedFile) -> bool:
    if link.kind == "outside":
        return listing.is_data(link.path)
    is_named = is_image_name(link.path) or not os.path.splitext(link.path)[1]  # noqa: PTH122 - a folder, perhaps
    return is_named and _is_lost(listing, link)


def _is_table(name: str) -> bool:
    """Return whether a file is a table by its name; a text such as a licence is not."""
    return is_table_name(name) and (table_suffix(name) != ".txt" or role_of(table_stem(name)) is not None)
