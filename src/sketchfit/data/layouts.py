"""Find the parts of a data set: training table, test table, sample submission, class folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sketchfit.data.checks import IMAGE_COLUMNS, LABEL_COLUMNS, NAME_COLUMNS, find_column
from sketchfit.data.listing import Listing
from sketchfit.data.path_text import PathError
from sketchfit.data.read_settings import TableNames
from sketchfit.data.sheets import TableError, is_table_name, read_sheet, table_rank, table_stem, table_suffix
from sketchfit.errors import UserError
from sketchfit.wording import listed

LAYOUTS = (
    "Expected: a folder with train.csv (columns class_name, image_path, target) and test.csv; or a folder with one "
    "folder of images per class, directly or in train/; or the path of a CSV, TSV or Parquet table."
)


@dataclass(frozen=True)
class Layout:
    """The parts of a data set; exactly one of `train_table` and `train_folder` is set.

    Attributes:
        root: the data folder.
        train_table, test_table, sample: table files, or None.
        train_folder: folder with one folder per class, relative to the root ("" is the root), or None.
        test_folder: folder of test images, relative to the root, or None.
    """

    root: Path
    train_table: Path | None
    train_folder: str | None
    test_table: Path | None
    test_folder: str | None
    sample: Path | None


def find_layout(data: Path, listing: Listing, names: TableNames) -> Layout:
    """Recognise the layout.

    Args:
        data: a folder, or a table file in the listing's root.
        listing: content of the root.
        names: names that replace what is recognised; its columns also identify the training table.

    Raises:
        UserError: nothing to train on, or more than one candidate.
    """
    root = listing.root
    given = data if data.is_file() else None
    tables = [root / name for name in listing.files() if is_table_name(name)]
    sample = next((path for path in tables if _stem(path).startswith("samplesubmission")), None)
    test_table, test_folder = _part(listing, names.test, "test") if names.test else (_named(tables, "test"), None)
    if test_table == given:
        test_table = None
    if test_table is None and test_folder is None:
        test_folder = _folder(listing, "test")
    train_table, train_folder = (
        _part(listing, names.train, "train") if names.train else (given or _named(tables, "train"), None)
    )
    if train_table is None and train_folder is None:
        others = [path for path in tables if path not in (sample, test_table) and table_suffix(path.name) != ".txt"]
        others = [path for path in others if not _stem(path).startswith("submission")]
        train_table, train_folder = _search(data, listing, others, test_folder, names)
    return Layout(root, train_table, train_folder, test_table, test_folder, sample)


def class_folders(listing: Listing, folder: str, test_folder: str | None) -> list[str]:
    """Return the names of the folders in a folder that contain images, without the test folder."""
    prefix = f"{folder}/" if folder else ""
    return [name for name in listing.folders(folder) if prefix + name != test_folder and listing.images(prefix + name)]


def _stem(path: Path) -> str:
    return table_stem(path.name).casefold().replace("_", "").replace("-", "").replace(" ", "")


def _named(tables: list[Path], name: str) -> Path | None:
    found = [path for path in tables if table_stem(path.name).casefold() == name]
    return min(found, key=lambda path: table_rank(path.name), default=None)


def _part(listing: Listing, name: str, what: str) -> tuple[Path | None, str | None]:
    path = listing.root / name
    if path.is_file():
        return path, None
    folder = _folder(listing, name.strip("/"))
    if folder:
        return None, folder
    raise UserError(f"no file or folder {name!r} in {listing.root}", f"It was given as {what}.")


def _folder(listing: Listing, name: str) -> str | None:
    try:
        return listing.find_folder(name)
    except PathError as error:
        raise UserError(f"folder {name!r} in {listing.root} {error}", "Rename it, or give the real folder.") from error


def _search(
    data: Path, listing: Listing, tables: list[Path], test_folder: str | None, names: TableNames
) -> tuple[Path | None, str | None]:
    """Find a training table or folder that does not have the usual name."""
    fitting = [path for path in tables if _has_columns(path, names)]
    if len(fitting) > 1:
        found = listed([path.name for path in fitting])
        raise UserError(
            f"{data} has {len(fitting)} tables that could be the training table: {found}", "Give the path of one."
        )
    if fitting:
        return fitting[0], None
    nested = [name for name in listing.folders() if _named([Path(file) for file in listing.files(name)], "train")]
    if nested:
        inner = listed([f"{name}/" for name in nested])
        raise UserError(f"{data} has its tables in {inner}", f"Did you mean {data / nested[0]}?")
    within = _folder(listing, "train")
    for folder in ("",) if within is None else (within, ""):
        if class_folders(listing, folder, test_folder):
            return None, folder
    if len(tables) == 1:
        return tables[0], None
    content = listed([*(f"{name}/" for name in listing.folders()), *listing.files()]) or "nothing"
    raise UserError(f"{data} has nothing to train on; it contains {content}", LAYOUTS)


def _has_columns(path: Path, names: TableNames) -> bool:
    try:
        sheet = read_sheet(path)
    except TableError:
        return False
    images = (names.image_column,) if names.image_column else IMAGE_COLUMNS
    labels = (names.label_column,) if names.label_column else (*LABEL_COLUMNS, *NAME_COLUMNS)
    return find_column(sheet, images) is not None and find_column(sheet, labels) is not None
