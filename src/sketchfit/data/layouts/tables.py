"""Find the tables of a data set, and which split each belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sketchfit.data.layouts.folders import join
from sketchfit.data.listing import Listing
from sketchfit.data.sheets import is_table_name, table_rank, table_stem
from sketchfit.data.sheets.stroke_tables import is_stroke_table, stroke_tables
from sketchfit.data.split_names import Role, is_exact, is_neutral, roles_of

_SAMPLE = re.compile(r"sample|example|format|template")
MOST = 100
"""Tables in one folder."""

_SUBMISSION = re.compile(r"submi(ssion|t)")


@dataclass(frozen=True)
class FoundTable:
    """A table file.

    Attributes:
        path: of the file.
        stem: its name without suffix.
        role: the split that its name or its folder means; None: neither names one.
        is_named: whether the name, and not only the folder, means a split.
    """

    path: Path
    stem: str
    role: Role | None
    is_named: bool

    @property
    def is_exact(self) -> bool:
        """Whether the name is the split's alone, `train.csv`."""
        return is_exact(self.stem)

    @property
    def is_sample(self) -> bool:
        """Whether it is named like a sample submission."""
        key = self.stem.casefold()
        return bool(_SUBMISSION.search(key) and _SAMPLE.search(key))

    @property
    def is_exact_sample(self) -> bool:
        """Whether the name is a sample submission's and nothing else."""
        return re.sub(r"[\W_]", "", self.stem.casefold()) in ("samplesubmission", "submissionformat")

    @property
    def is_submission(self) -> bool:
        """Whether it is named like a submission, a sample or not."""
        return bool(_SUBMISSION.match(self.stem.casefold())) or self.is_sample


def find_tables(
    listing: Listing, top: str, splits: Mapping[Role, tuple[str, ...]], around: Sequence[str] = ()
) -> list[FoundTable]:
    """Return the tables in the top folder, in neutral folders such as `labels/`, and in the folders of splits.

    Of tables with the same name in several formats the first by format is returned. Folders with more than `MOST`
    tables have other text files, such as one per image.

    Args:
        listing: content of the data root.
        top: the top folder, relative to the root.
        splits: folders of splits.
        around: further folders.
    """
    neutral = [join(top, name) for name in listing.folders(top) if is_neutral(name)]
    places = dict.fromkeys((top, *neutral, *around))
    found = [table for folder in places for table in _in_folder(listing, folder, None)]
    for role, folders in splits.items():
        for folder in folders:
            below = [join(folder, name) for name in listing.folders(folder) if is_neutral(name)]
            found += [table for place in (folder, *below) for table in _in_folder(listing, place, role)]
    unique = {table.path: table for table in found}
    return list(_first_format(unique.values()))


def _in_folder(listing: Listing, folder: str, role: Role | None) -> Iterator[FoundTable]:
    place, files = listing.root / folder, listing.files(folder)
    names = [name for name in files if is_table_name(name) and not is_stroke_table(place / name)]
    names += stroke_tables(place, files)
    if len(names) > MOST:
        return
    roles = roles_of([table_stem(name) for name in names])
    for name in names:
        stem = table_stem(name)
        yield FoundTable(place / name, stem, roles.get(stem, role), stem in roles)


def _first_format(tables: Iterable[FoundTable]) -> Iterator[FoundTable]:
    best: dict[tuple[Path, str], FoundTable] = {}
    for table in tables:
        key = table.path.parent, table.stem.casefold()
        if key not in best or table_rank(table.path.name) < table_rank(best[key].path.name):
            best[key] = table
    yield from best.values()
