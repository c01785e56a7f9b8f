"""Read the rows of a table without labels: those of a test table, or of images to predict."""

from __future__ import annotations

from collections.abc import Sequence

from sketchfit.data.checks import TableProblems, about_rows
from sketchfit.data.columns import Places, image_column
from sketchfit.data.missing_images import report_no_image_column
from sketchfit.data.read_settings import ReadSettings
from sketchfit.data.sheets import Sheet
from sketchfit.data.table import Split
from sketchfit.wording import listed


def read_rows(sheet: Sheet, places: Places, settings: ReadSettings, problems: TableProblems) -> Split | None:
    """Read the rows of a table without labels, including those whose file is missing.

    Args:
        sheet: the table.
        places: where its files may be.
        settings: name of the column of paths, if it is not a usual one, and whether a missing file is an error.
        problems: receives what is wrong.

    Returns:
        None if there are problems.
    """
    given = settings.names.image_column
    image = image_column(sheet, None, places, given)
    if image is None:
        report_no_image_column(sheet, None, places, problems, preferred=given)
    if not sheet.rows:
        problems.add(f"{sheet.name} is empty: it has column names and no row")
    if image is None or not sheet.rows:
        return None
    names = sheet.column(image)
    resolved = places.resolve(sheet, names, problems)
    absent = [(row, repr(names[row])) for row in resolved.absent]
    if len(absent) == len(names):
        where = listed([f"{base or '.'}/" for base in places.bases])
        problems.rows(sheet, "no file of the table exists", absent, f"Searched in {where}.")
    elif settings.missing == "error":
        problems.rows(sheet, "file does not exist", absent)
    elif absent:
        problems.note(about_rows(sheet, "file does not exist, like an image that cannot be read", absent))
    return Split(resolved.paths, names)


def check_unicode(names: Sequence[str], problems: TableProblems) -> None:
    """Report file names in another encoding than UTF-8: no table could contain them."""
    for name in names:
        if not name.isascii() and name.encode("utf-8", "surrogateescape") != name.encode("utf-8", "replace"):
            shown = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            problems.add(f"{shown}: the file's name is not UTF-8; rename it")
