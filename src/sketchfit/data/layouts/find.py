"""Recognise the layout of a data set: the tables and folders of its training, validation and test rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sketchfit.data.layouts.choose_tables import (
    ambiguous,
    fitting_tables,
    guessed_tables,
    named_tables,
    unnamed_tables,
)
from sketchfit.data.layouts.class_folders import by_split, class_parts, each_a_class, unnamed_folders
from sketchfit.data.layouts.folders import ImageFolders, archives, by_role, join
from sketchfit.data.layouts.found import Contents, Layout
from sketchfit.data.layouts.links import FETCH, refuse_linked_images, refuse_linked_tables, unfollowed
from sketchfit.data.layouts.other_formats import refuse_other_formats
from sketchfit.data.layouts.parts import SplitPart
from sketchfit.data.layouts.tables import FoundTable, find_tables
from sketchfit.data.listing import ALLOW_LINKS, Listing
from sketchfit.data.path_text import PathError
from sketchfit.data.read_settings import NONE
from sketchfit.data.sheets import table_stem, table_suffix
from sketchfit.data.sheets.stroke_tables import stroke_tables
from sketchfit.data.source import DataSource
from sketchfit.data.split_names import Role, role_of
from sketchfit.errors import DataError
from sketchfit.shell import quoted
from sketchfit.wording import listed

LAYOUTS = (
    "Expected: a folder with train.csv (columns class_name, image_path, target) and test.csv; or a folder with one "
    "folder of images per class, directly or in train/; or the path of a CSV, TSV or Parquet table. "
    "docs/layouts.md lists all layouts that are recognised."
)


def find_layout(data: Path, source: DataSource) -> Layout:
    """Recognise the layout.

    Args:
        data: a folder, or a table file in the root of the source.
        source: content of the root, and names that replace what is recognised.

    Raises:
        UserError: nothing to train on, or more than one candidate.
    """
    given = data if data.is_file() else None
    found = _look(source, given)
    names = source.settings.names
    parts: dict[Role, SplitPart] = {}
    named = True
    if names.train is not None:
        parts["train"] = _named_part(found, names.train, "train")
    elif given is not None:
        parts["train"], named = SplitPart(tables=(given,)), role_of(table_stem(given.name)) == "train"
    elif (tables := named_tables(found, "train")) is not None:
        parts["train"] = tables
    else:
        parts, named = _search(data, found)
    _add_part(found, parts, "valid", names.valid)
    _add_part(found, parts, "test", names.test)
    refuse_linked_images(source, found.top, parts)
    return Layout(found, parts, named, _notes(found, parts["train"]))


def _look(source: DataSource, given: Path | None) -> Contents:
    folders = ImageFolders(source.listing)
    top = "" if given else _top(folders)
    for usual in ("train", "val", "test"):
        _folder(source, join(top, usual))
    splits = folders.splits(top)
    tables = find_tables(source.listing, top, splits, folders.around(top))
    tables = tables or find_tables(source.listing, top, splits, folders.without_images(top))
    if given is None:
        refuse_linked_tables(source, top)
        refuse_other_formats(source.listing, top, tables, _settled(source, folders, splits))
    source.decode_as_one(table.path for table in tables if table.role or table_suffix(table.path.name) != ".txt")
    sample = _sample(source, tables)
    used = tuple(table for table in tables if not table.is_submission and table.path not in (given, sample))
    return Contents(source, folders, top, splits, used, sample)


def _settled(source: DataSource, folders: ImageFolders, splits: Mapping[Role, Sequence[str]]) -> set[Role]:
    """Return the splits that need no table: those that the user has named, class folders, folders of test images."""
    names = source.settings.names
    given: dict[Role, str | None] = {"train": names.train, "valid": names.valid, "test": names.test}
    inside = {role for role, found in splits.items() if role == "test" or any(map(folders.inside, found))}
    return inside | {role for role, name in given.items() if name is not None}


def _sample(source: DataSource, tables: Sequence[FoundTable]) -> Path | None:
    """Return the sample submission: the user's, the only one, or of several the one with the shortest name."""
    name = source.settings.names.sample
    if name is not None:
        if not (source.root / name).is_file():
            raise DataError(f"no file {name!r} in {source.root}", "It was given as the sample submission.")
        return source.root / name
    found = [table for table in tables if table.is_sample]
    exact = [table for table in found if table.is_exact_sample] or found
    if len(exact) > 1:
        names = [source.name(table.path) for table in exact]
        raise DataError(
            f"{source.root} has {len(exact)} sample submissions: {listed(names)}",
            f"Name one with --set {quoted(f'data.sample={names[0]}')}.",
        )
    return exact[0].path if exact else None


def _top(folders: ImageFolders) -> str:
    """Return the folder that contains everything: the root, or the only folder in it."""
    top = ""
    while True:
        listing = folders.listing
        inside = [
            name for name in listing.folders(top) if listing.files(join(top, name)) or listing.folders(join(top, name))
        ]
        if len(inside) != 1 or folders.loose(top) or _data_tables(listing, top) or role_of(inside[0]):
            return top
        below = join(top, inside[0])
        if not folders.inside(below) and not _data_tables(listing, below):
            return top
        top = below


def _data_tables(listing: Listing, folder: str) -> list[FoundTable]:
    """Return the tables of a folder without texts such as `readme.txt`; a list such as `train.txt` is one."""
    tables = find_tables(listing, folder, {})
    return [table for table in tables if table.role is not None or table_suffix(table.path.name) != ".txt"]


def _add_part(found: Contents, parts: dict[Role, SplitPart], role: Role, name: str | None) -> None:
    """Add the part of a split, if there is one."""
    if name == NONE:
        parts.pop(role, None)
    elif name is not None:
        parts[role] = _named_part(found, name, role)
    elif role not in parts and (part := named_tables(found, role) or _split_folder(found, role)) is not None:
        parts[role] = part


def _split_folder(found: Contents, role: Role) -> SplitPart | None:
    """Return the class folders of a split, or its folder of images without labels."""
    candidates = found.splits.get(role, ())
    if not candidates:
        return None
    if len(candidates) > 1:
        names = listed([f"{folder}/" for folder in candidates])
        raise DataError(
            f"{found.source.root} has {len(candidates)} folders that could be the {role} images: {names}",
            f"Name one with --set data.{role}={candidates[0]}, or none of them with data.{role}=none.",
        )
    return _folder_part(found, candidates[0], role, found.in_splits())


def _folder_part(found: Contents, folder: str, role: Role, without: Sequence[str]) -> SplitPart:
    """Return the part in a folder; folders in `without` are no classes."""
    listing = found.source.listing
    if strokes := stroke_tables(listing.root / folder, listing.files(folder)):
        return SplitPart(tables=(listing.root / folder / strokes[0],))
    if role == "test":
        return SplitPart(folder=found.folders.unwrapped(folder))
    within, classes = found.folders.classes(folder, without)
    return SplitPart(classes=classes, folder=within) if classes else SplitPart(folder=folder)


def _named_part(found: Contents, name: str, what: str) -> SplitPart:
    """Return the table or folder that the user named."""
    root = found.source.root
    path = root / name
    if path.is_file():
        return SplitPart(tables=(path,))
    folder = "" if name in (".", "./") else _folder(found.source, name.strip("/"))
    if folder is not None:
        # The user names the training rows: a folder `train` in their folder is a class.
        without = found.in_splits(("valid", "test"))
        return _folder_part(found, folder, "test" if what == "test" else "train", without)
    raise DataError(f"no file or folder {name!r} in {root}", f"It was given as {what}.")


def _folder(source: DataSource, name: str) -> str | None:
    try:
        return source.listing.find_folder(name)
    except PathError as error:
        raise DataError(f"folder {name!r} in {source.root} {error}", "Rename it, or give the real folder.") from error


def _search(data: Path, found: Contents) -> tuple[dict[Role, SplitPart], bool]:
    """Find training rows where no table is named like them; return them with the splits of their folders."""
    _refuse_nested(data, found)
    folders = _class_folders(found)
    alone = not folders or len(folders["train"].classes) < 2
    fitting = fitting_tables(found, "train") or (guessed_tables(found, "train") if alone else [])
    if len(fitting) > 1:
        raise ambiguous(found, fitting, "train")
    if fitting:
        return {"train": SplitPart(tables=(fitting[0].path,))}, False
    if folders:
        return folders, True
    unnamed = [table for table in unnamed_tables(found) if table_suffix(table.path.name) != ".txt"]
    if len(unnamed) == 1:
        return {"train": SplitPart(tables=(unnamed[0].path,))}, False
    raise _nothing(data, found)


def _class_folders(found: Contents) -> dict[Role, SplitPart]:
    """Return the parts that class folders make: in the training folder, a neutral one or the top."""
    if not found.splits.get("train"):
        return class_parts(found)
    part = _split_folder(found, "train")
    return by_split(found, part) if part is not None and part.classes else {}


def _notes(found: Contents, train: SplitPart) -> tuple[str, ...]:
    """Return what was decided between alternatives."""
    notes = [f"everything is in {found.top}/"] if found.top else []
    named = [one.path for one in train.classes if role_of(one.label) is not None]
    if named and len(named) < len(train.classes):
        notes.append(f"{listed([f'{path}/' for path in named])} is a class like the folders next to it, not a split")
    return tuple(notes)


def _refuse_nested(data: Path, found: Contents) -> None:
    """Refuse a folder of data sets, each of which has its own training table or training folder."""
    nested = [
        name
        for name in found.source.listing.folders(found.top)
        if not any(f"{split}/".startswith(f"{join(found.top, name)}/") for split in found.in_splits())
        and _is_data_set(found, join(found.top, name))
    ]
    if nested:
        inner = listed([f"{name}/" for name in nested])
        raise DataError(f"{data} has its tables in {inner}", f"Did you mean {data / found.top / nested[0]}?")


def _is_data_set(found: Contents, folder: str) -> bool:
    tables = find_tables(found.source.listing, folder, {})
    train = by_role(found.folders.inside(folder)).get("train", ())
    return any(table.role == "train" for table in tables) or any(
        len(found.folders.inside(join(folder, name))) > 1 for name in train
    )


def _nothing(data: Path, found: Contents) -> DataError:
    listing = found.source.listing
    content = listed([*(f"{name}/" for name in listing.folders()), *listing.files()]) or "nothing"
    if packed := archives(listing, found.top):
        return DataError(f"{data} has nothing to train on; it contains {content}", f"Unpack {listed(packed)} first.")
    if links := unfollowed(listing, found.top):
        reason = f"{data} has nothing to train on but links that lead outside or to nothing: {listed(links)}"
        return DataError(reason, f"{ALLOW_LINKS} {FETCH}")
    if flat := found.splits.get("train"):
        beside = found.folders.classes(found.top, found.in_splits())[1]
        return DataError(
            f"{data} has no labels: {flat[0]}/ has no folder per class, and no table names its images; "
            f"it contains {content}",
            f"{each_a_class(found)} {LAYOUTS}" if beside else LAYOUTS,
        )
    if unnamed := unnamed_folders(found):
        return DataError(
            f"{data} has no labels: the names of {listed([f'{one.path}/' for one in unnamed])} are no classes, and no "
            "table names their images",
            f"{each_a_class(found)} {LAYOUTS}",
        )
    return DataError(f"{data} has nothing to train on; it contains {content}", LAYOUTS)
