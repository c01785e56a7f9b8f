"""What each column of the sample submission is filled with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sketchfit.data.checks import IMAGE_COLUMNS, LABEL_COLUMNS, NAME_COLUMNS, TableProblems
from sketchfit.data.label_forms import forms_of
from sketchfit.data.label_text import clean_label
from sketchfit.data.sample_labels import KnownClasses, label_fill
from sketchfit.data.sheets import Sheet
from sketchfit.data.submission import ConfidenceFill, Fill, ProbabilityFill
from sketchfit.wording import listed

PREDICTION_COLUMNS = (
    *LABEL_COLUMNS, *NAME_COLUMNS, "prediction", "predictions", "predicted", "pred", "expected", "answer", "labels",
    "predicted_label", "predicted_class", "category_id", "class_label", "y",
)  # fmt: skip
CONFIDENCE_COLUMNS = ("confidence", "conf", "probability", "prob", "score")
KEPT_COLUMNS = ("usage", "index", "", "unnamed: 0", "id", "row", "split", "fold", *IMAGE_COLUMNS)
"""Columns that are never filled unless they are named like the training table's column of labels."""


def fill_columns(
    sheet: Sheet, key: int, given: Sequence[str], known: KnownClasses, problems: TableProblems
) -> tuple[Fill | None, ...] | None:
    """Return what each column is filled with, None for a column that is kept.

    One column per class, named by its label or name, holds the probability of each class; columns of labels hold the
    most probable class. Without columns of classes there must be one of labels: named like the training table's column,
    or in a usual way, else the only column that can be one. A column of confidences next to labels holds the
    probability of the label.

    Args:
        sheet: the sample.
        key: position of the column that identifies the row.
        given: names of columns of the test table: they are kept.
        known: the classes.
        problems: receives notes, and problems where the sample is not understood.

    Returns:
        None if there are problems.
    """
    fills: list[Fill | None] = [None] * len(sheet.header)
    by_class = _class_columns(sheet, key, known, problems)
    if by_class is None:
        return None
    for place, index in by_class.items():
        fills[place] = ProbabilityFill(index)
    places = _label_columns(sheet, (key, *by_class), given, known)
    if not places and not by_class:
        kept = listed([repr(name) for place, name in enumerate(sheet.header) if place != key]) or "no other column"
        problems.add(
            f"{sheet.name}: no column for the predictions is recognised next to {sheet.header[key]!r}; it has {kept}. "
            f"Expected: one column called {known.label_column or 'label'!r}, or one column per class "
            f"({listed(map(repr, known.classes.labels), 5)})."
        )
        return None
    before = len(problems.found)
    for place in places:
        _check_one_row_each(sheet, key, place, problems)
        cells = [row[place] for row in sheet.rows]
        where = f"{sheet.name}: column {sheet.header[place]!r}"
        fills[place] = label_fill(sheet.header[place], cells, known, where, problems)
    for place, name in enumerate(sheet.header):
        if fills[place] is None and place != key and name.casefold() in CONFIDENCE_COLUMNS:
            fills[place] = ConfidenceFill()
    if len(problems.found) == before:
        others = [place for place, fill in enumerate(fills) if fill is None and place != key]
        _check_kept(sheet, others, given, places, problems)
    return None if len(problems.found) > before else tuple(fills)


def _check_one_row_each(sheet: Sheet, key: int, place: int, problems: TableProblems) -> None:
    """Report a sample with several rows per image, one for each of several labels."""
    labels: dict[str, set[str]] = {}
    for row in sheet.rows:
        labels.setdefault(row[key], set()).add(row[place])
    several = [f"{name!r} has {listed(map(repr, sorted(found)))}" for name, found in labels.items() if len(found) > 1]
    if several:
        problems.add(
            f"{sheet.name}: several rows have the same {sheet.header[key]!r} and different {sheet.header[place]!r}: "
            f"{listed(several, 3)}. Expected: one row per image, or one column per class."
        )


def _check_kept(
    sheet: Sheet, kept: Sequence[int], given: Sequence[str], filled: Sequence[int], problems: TableProblems
) -> None:
    """Report columns that are named like a column of labels but for a number; note other columns that are kept."""
    usual = {*KEPT_COLUMNS, *(name.casefold() for name in given)}
    free = [place for place in kept if sheet.header[place].casefold() not in usual]
    stems = {_stem(sheet.header[place]): sheet.header[place] for place in filled}
    alike = [sheet.header[place] for place in free if _stem(sheet.header[place]) in stems]
    if alike:
        both = listed(map(repr, [*(stems[stem] for stem in dict.fromkeys(map(_stem, alike))), *alike]))
        problems.add(
            f"{sheet.name}: {both} could all be columns of labels. Expected: one column of labels, or one column per "
            "class; remove the others from the sample, or name them in another way."
        )
    elif free:
        names = listed([repr(sheet.header[place]) for place in free])
        problems.note(f"{sheet.name}: columns that are written as they are in the sample: {names}")


def _stem(column: str) -> str:
    return column.casefold().rstrip("_- 0123456789")


def _class_columns(sheet: Sheet, key: int, known: KnownClasses, problems: TableProblems) -> dict[int, int] | None:
    """Return the class index by position of each column of a class: none, or all classes; None if some are missing."""
    labels, names = known.classes.labels, known.classes.names
    places = [place for place in range(len(sheet.header)) if place != key]
    best: dict[int, int] = {}
    for columns in _column_texts([sheet.header[place] for place in places]):
        for form in forms_of(labels, names):
            index = {clean_label(text): number for number, text in enumerate(form)}
            found = {place: index[text] for place, text in zip(places, columns, strict=True) if text in index}
            if len(found) == len(set(found.values())) and len(found) > len(best):
                best = found
    lacking = sorted(set(range(len(labels))) - set(best.values()))
    if len(best) < 2 or 2 * len(best) < len(labels):
        return {}
    if lacking:
        problems.add(
            f"{sheet.name} has columns for {len(best)} of {len(labels)} classes; none for "
            f"{listed(repr(labels[number]) for number in lacking)}. Add them to the sample, or leave the classes out."
        )
        return None
    return best


def _column_texts(columns: list[str]) -> Iterator[list[str]]:
    """Yield the names of columns as class labels: as they are, and without what all of them begin with."""
    cleaned = [clean_label(column) for column in columns]
    yield cleaned
    if prefix := _common_start([column for column in cleaned if column.casefold() not in KEPT_COLUMNS]):
        yield [column.removeprefix(prefix) for column in cleaned]


def _common_start(texts: list[str]) -> str:
    if len(texts) < 2:
        return ""
    first, last = min(texts), max(texts)
    length = next((k for k, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first))
    return first[:length]


def _label_columns(sheet: Sheet, used: Sequence[int], given: Sequence[str], known: KnownClasses) -> list[int]:
    """Return the positions of the columns of labels; `used` are the key and columns of classes."""
    own = [name.casefold() for name in (known.label_column, known.name_column) if name]
    others = [(place, name.casefold()) for place, name in enumerate(sheet.header) if place not in used]
    kept = {*KEPT_COLUMNS, *CONFIDENCE_COLUMNS, *(name.casefold() for name in given)}
    for usual in (own, PREDICTION_COLUMNS):
        if found := [place for place, name in others if name in usual]:
            return found
    if len(used) > 1:
        return []
    free = [place for place, name in others if name not in kept]
    if len(free) > 1:
        free = [place for place in free if _holds_classes(sheet, place, known)]
    if not free:
        free = [place for place, name in others if name in CONFIDENCE_COLUMNS]
    return free if len(free) == 1 else []


def _holds_classes(sheet: Sheet, place: int, known: KnownClasses) -> bool:
    texts = {text for form in forms_of(known.classes.labels, known.classes.names) for text in form}
    cells = {row[place].strip() for row in sheet.rows}
    return cells <= texts
