"""Which columns of a table name the images and hold the labels: by usual names, else by what the cells are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sketchfit.data.checks import IMAGE_COLUMNS, LABEL_COLUMNS, NAME_COLUMNS, TableProblems, find_column, nearest_column
from sketchfit.data.listing import Listing
from sketchfit.data.paths import Resolved, resolve
from sketchfit.data.read_settings import TableNames
from sketchfit.data.row_keys import are_positions, is_id
from sketchfit.data.scattered import FileNames, with_scattered
from sketchfit.data.sheets import Sheet
from sketchfit.data.split_column import FLAGS, split_columns

_ROWS_READ = 200
"""Rows that are compared with the files; evenly spaced."""

MOST_FILES = 0.5
"""A column names the images if it names a different file in this share of the rows."""

FEWEST_MARKS = 2
"""More columns of zeros and ones are classes, although another column repeats values."""


@dataclass(frozen=True)
class Places:
    """Where the files of a table may be.

    Attributes:
        listing: content of the data root.
        bases: folders that paths may be relative to.
        files: names of all images that may be meant where they are in several folders; None: they are in one.
    """

    listing: Listing
    bases: tuple[str, ...]
    files: FileNames | None = None

    def resolve(self, sheet: Sheet, names: Sequence[str], problems: TableProblems) -> Resolved:
        """Find the files of a table's rows; names that are no path are problems."""
        resolved = resolve(sheet, names, self.listing, self.bases, problems)
        return resolved if self.files is None else with_scattered(sheet, names, resolved, self.files, problems)

    def found(self, sheet: Sheet, column: str) -> tuple[str, ...]:
        """Return the files of some rows, from the base where most exist; "" for a file that does not."""
        chosen = _spread(len(sheet.rows))
        cells = sheet.column(column)
        resolved = self.resolve(sheet, [cells[row] for row in chosen], TableProblems())
        absent = set(resolved.absent)
        return tuple("" if row in absent else path for row, path in enumerate(resolved.paths))

    def share(self, sheet: Sheet, column: str) -> float:
        """Return the share of the rows whose cell names a file of its own, 0 … 1."""
        return _share(self.found(sheet, column))


@dataclass(frozen=True)
class LabelColumns:
    """The columns that hold the labels.

    Attributes:
        label: the column of labels; None where each class has a column.
        one_hot: columns of classes, of which each row marks one.
        usual: whether the names, the user or the sample submission show it, and not only what is left over.
    """

    label: str | None
    one_hot: tuple[str, ...] = ()
    usual: bool = True


def image_column(sheet: Sheet, given: str | None, places: Places, preferred: str | None = None) -> str | None:
    """Return the column of images: with a usual name, else the one that names the files on disk; None if unclear.

    Args:
        sheet: the table.
        given: name that the user gave; no other column is taken then.
        places: where its files may be.
        preferred: name of the column in another table of the data set.
    """
    if given is not None:
        return find_column(sheet, (given,))
    if preferred is not None and (same := find_column(sheet, (preferred,))) is not None:
        return same
    candidates = image_candidates(sheet, places)
    return candidates[0] if len(candidates) == 1 else None


def image_candidates(sheet: Sheet, places: Places) -> list[str]:
    """Return the columns that could name the images: the one with a usual name, else those that name files on disk.

    Of several with usual names, the first that names most files is returned. Of the others, the one that names most
    files is returned if they name the same file in each row. Where they name different files, the names and the cells
    decide (`_most_like_keys`); several columns are returned where this leaves several.
    """
    usual = [column for name in IMAGE_COLUMNS if (column := find_column(sheet, (name,))) is not None]
    if usual:
        return usual if len(usual) == 1 else [max(usual, key=lambda column: places.share(sheet, column))]
    found = {name: places.found(sheet, name) for name in sheet.header if name}
    likely = [name for name in found if _share(found[name]) >= MOST_FILES]
    likely.sort(key=lambda name: _share(found[name]), reverse=True)
    if _differ([found[name] for name in likely]):
        likely = _most_like_keys(sheet, likely)
    return likely if _differ([found[name] for name in likely]) else likely[:1]


def _most_like_keys(sheet: Sheet, names: list[str]) -> list[str]:
    """Return the columns that are named like a key and do not count the rows, else those with one of these properties.

    All are returned where some columns have the first property and others the second, and where none has any.
    """
    keys = [name for name in names if is_id(name)]
    unnumbered = [name for name in names if not are_positions(sheet.column(name))]
    both = [name for name in keys if name in unnumbered]
    if both:
        return both
    if keys and unnumbered:
        return names
    return keys or unnumbered or names


def rival_columns(sheet: Sheet, image: str, places: Places) -> list[str]:
    """Return the columns without a usual name that name other files than the column of images in the same rows."""
    if find_column(sheet, IMAGE_COLUMNS) is not None:
        return []
    chosen = places.found(sheet, image)
    found = {name: places.found(sheet, name) for name in sheet.header if name}
    return [name for name, files in found.items() if _share(files) >= MOST_FILES and _differ([files, chosen])]


def label_columns(
    sheet: Sheet, names: TableNames, image: str | None, filled: Sequence[str] = ()
) -> LabelColumns | None:
    """Return the columns of labels, or None.

    These are, in this order:

    1. the column that the user named; no other is taken then;
    2. the one with a usual name, unless the sample submission has another one that repeats values;
    3. the only column of the sample submission that repeats values;
    4. columns of zeros and ones of which each row marks one: those of the sample submission, else those of the table.
       Two such columns next to one that repeats values may be anything, and are not taken;
    5. the one with a usual name of class names;
    6. the only column that repeats values.

    5 and 6 are left out where the name of a column may be a misspelling of `target`.

    Args:
        sheet: the table.
        names: what the user gave.
        image: the column of images.
        filled: columns of the sample submission.
    """
    if names.label_column is not None:
        given = find_column(sheet, (names.label_column,))
        return None if given is None else LabelColumns(given)
    candidates = _candidates(sheet, image, filled)
    found = _named_or_in_sample(sheet, candidates) or _marked_columns(sheet, candidates)
    if found is not None:
        return found
    if nearest_column(sheet, LABEL_COLUMNS[0]) is not None:
        return None  # probably a misspelling, which must not be replaced by another column
    class_names = find_column(sheet, NAME_COLUMNS)
    if class_names is not None:
        return LabelColumns(class_names)
    return LabelColumns(candidates.repeating[0], usual=False) if len(candidates.repeating) == 1 else None


@dataclass(frozen=True)
class _LabelCandidates:
    """Columns that may hold the labels: those with a name, except images and splits.

    Attributes:
        every: all of them.
        in_sample: those that the sample submission has too.
        repeating: those that repeat values.
    """

    every: tuple[str, ...]
    in_sample: tuple[str, ...]
    repeating: tuple[str, ...]


def _candidates(sheet: Sheet, image: str | None, filled: Sequence[str]) -> _LabelCandidates:
    splits = {column.name for column in split_columns(sheet)}
    every = tuple(name for name in sheet.header if name and name != image and name not in splits)
    return _LabelCandidates(
        every=every,
        in_sample=tuple(name for name in every if name in filled),
        repeating=tuple(name for name in every if repeats(sheet.column(name))),
    )


def _named_or_in_sample(sheet: Sheet, candidates: _LabelCandidates) -> LabelColumns | None:
    """Return the column with a usual name, or the one that the sample submission has in its place; else None.

    The sample's column replaces the usual one if it is the only one there that repeats values. A column of class names
    does not: it has the names of the usual one's labels.
    """
    usual = find_column(sheet, LABEL_COLUMNS)
    wanted = [name for name in candidates.in_sample if name in candidates.repeating]
    if len(wanted) != 1:
        return None if usual is None else LabelColumns(usual)
    is_class_name = wanted[0] == find_column(sheet, NAME_COLUMNS)
    return LabelColumns(usual if usual is not None and is_class_name else wanted[0])


def _marked_columns(sheet: Sheet, candidates: _LabelCandidates) -> LabelColumns | None:
    """Return the columns of zeros and ones of which each row marks one: the sample submission's, else all; or None."""
    marked = _one_hot(sheet, candidates.in_sample)
    if marked:
        return LabelColumns(None, marked)
    marked = _one_hot(sheet, candidates.every)
    others = set(candidates.repeating) - set(marked)
    are_classes = len(marked) > FEWEST_MARKS or (bool(marked) and not others)
    return LabelColumns(None, marked) if are_classes else None


def repeats(cells: Sequence[str]) -> bool:
    """Return whether cells could be labels: some value occurs twice, and there are several values."""
    distinct = len(set(cells))
    return 1 < distinct < len(cells)


def one_hot_labels(sheet: Sheet, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the column that each row marks; "" where it marks none."""
    marked = [""] * len(sheet.rows)
    for name in columns:
        for row, cell in enumerate(sheet.column(name)):
            if FLAGS[_flag(cell)]:
                marked[row] = name
    return tuple(marked)


def flag_columns(sheet: Sheet, names: Sequence[str]) -> list[str]:
    """Return the columns in which each cell is zero or one."""
    return [name for name in names if sheet.rows and set(map(_flag, sheet.column(name))) <= set(FLAGS)]


def _one_hot(sheet: Sheet, names: Sequence[str]) -> tuple[str, ...]:
    """Return those of the columns that are zeros and ones, if they are several and each row marks one of them."""
    found = flag_columns(sheet, names)
    if len(found) < 2:
        return ()
    marks_by_row = zip(*(sheet.column(name) for name in found), strict=True)
    counts = {sum(FLAGS[_flag(cell)] for cell in cells) for cells in marks_by_row}
    return tuple(found) if counts == {1} else ()


def _flag(cell: str) -> str:
    """Return a cell as it is in `FLAGS`."""
    return cell.strip().casefold()


def _share(found: Sequence[str]) -> float:
    """Return the share of the rows with a file of their own; "" is no file."""
    return len({*found} - {""}) / max(len(found), 1)


def _differ(found: Sequence[Sequence[str]]) -> bool:
    """Return whether any row has several files, given the files of each column; "" is no file."""
    return any(len({*files} - {""}) > 1 for files in zip(*found, strict=True))


def _spread(count: int) -> Sequence[int]:
    step = max(1, count // _ROWS_READ)
    return range(0, count, step)
