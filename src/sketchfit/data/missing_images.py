"""Report a table without a column of images: what it could be, or that there are no images."""

from __future__ import annotations

from sketchfit.data.checks import IMAGE_COLUMNS, TableProblems, instead_of_paths, need_column
from sketchfit.data.columns import Places, image_candidates
from sketchfit.data.layouts.folders import archives
from sketchfit.data.sheets import Sheet
from sketchfit.wording import listed

_OPTION = "--image-column"


def report_no_image_column(
    sheet: Sheet, given: str | None, places: Places, problems: TableProblems, preferred: str | None = None
) -> None:
    """Add the problem that there are no images, or that no column, or not only one, names them.

    Args:
        sheet: the table.
        given: name that the user gave, if any.
        places: where its files may be.
        problems: receives the problem.
        preferred: name of the column in another table of the data set.
    """
    candidates = image_candidates(sheet, places)
    if given is None and len(candidates) > 1:
        problems.add(
            f"{sheet.name}: the columns {listed(map(repr, candidates))} name different images in the same rows. "
            f"Name the column of the images with {_OPTION} (data.image_column)."
        )
    elif given is None and not instead_of_paths(sheet) and not (places.listing.images() or places.listing.containers()):
        packed = listed(dict.fromkeys(name for base in ("", *places.bases) for name in archives(places.listing, base)))
        do = f"Unpack {packed} first." if packed else "Put the images there."
        problems.add(f"{sheet.name}: there is no image file in {places.listing.root}. {do}")
    else:
        usual = IMAGE_COLUMNS if preferred is None else (preferred, *IMAGE_COLUMNS)
        need_column(sheet, given, usual, "image paths", _OPTION, problems)
