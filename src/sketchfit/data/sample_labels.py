"""How the label column of the sample submission writes the classes."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sketchfit.data.checks import NAME_COLUMNS, TableProblems
from sketchfit.data.label_forms import Texts, form_with, nearest_form
from sketchfit.data.label_text import MISSING_TEXTS, as_integer
from sketchfit.data.labels import BLANKS, Classes
from sketchfit.data.submission import Fill, LabelFill, ProbabilityFill, RankedFill
from sketchfit.wording import listed

HINT = "Write the labels of the training table into the sample's column, or remove the sample."
_POSITIVE = ({"0", "1"}, {"0.0", "1.0"}, {"false", "true"}, {"no", "yes"})


@dataclass(frozen=True)
class KnownClasses:
    """The classes of the training table, and its columns that name them.

    Attributes:
        classes: labels and names.
        source: the training table, for messages.
        label_column, name_column: its columns; None for class folders, and where it has no column of names.
    """

    classes: Classes
    source: str
    label_column: str | None = None
    name_column: str | None = None

    def is_name_column(self, column: str) -> bool:
        """Return whether a column of another table holds names rather than labels, by its own name."""
        usual = column.casefold() in NAME_COLUMNS and column != self.label_column
        return column == self.name_column or usual


def label_fill(
    column: str, cells: Sequence[str], known: KnownClasses, where: str, problems: TableProblems
) -> Fill | None:
    """Return what the label column is filled with.

    The sample's own cells decide: labels or names of the training table, or the same in another style (numbers, letter
    case, Unicode). Several of them in each cell are the most probable classes. Cells that are all the same and no
    class, or empty, are placeholders: labels are written, or names where the column is one of names. Fractions are the
    probability of the second of two classes such as 0 and 1.

    Args:
        column: its name.
        cells: its cells.
        known: the classes.
        where: the sample's column, for messages.
        problems: receives notes, and a problem where the cells are something else.

    Returns:
        None if there is a problem.
    """
    labels, names = known.classes.labels, known.classes.names
    values = {cell.strip(BLANKS) for cell in cells}
    values -= {value for value in values if value.casefold() in MISSING_TEXTS | {""} and value not in {*labels, *names}}
    form = form_with(values, labels, names) if values else None
    if form is None and values and all(map(_is_fraction, values)):
        return _probability_fill(column, known, f"{where} has {listed(sorted(values))}", problems)
    if form is None and (ranked := _ranked_fill(values, known)) is not None:
        problems.note(f"{where} has {min(values)!r}: the {ranked.count} most probable classes are written")
        return ranked
    if len(values) <= 1:
        form = _of_placeholder("".join(values), form, column, known, where, problems)
    if form is not None:
        _note_style(form, known, where, problems)
        return LabelFill(form)
    nearest = nearest_form(values, labels, names)
    other = sorted(values - set(nearest))
    found = f"{where} has {listed(map(repr, other))}, no class of {known.source} ({listed(map(repr, labels), 5)})"
    if 2 * len(other) > len(values):
        problems.add(f"{found}. {HINT}")
        return None
    problems.note(found)
    return LabelFill(nearest)


def _note_style(form: Texts, known: KnownClasses, where: str, problems: TableProblems) -> None:
    """Note a form that is neither the labels nor the names of the training table."""
    labels, names = known.classes.labels, known.classes.names
    if form not in (labels, names):
        label, text = next(pair for pair in zip(labels, form, strict=True) if pair[0] != pair[1])
        problems.note(f"{where} writes classes in another way: {label!r} of {known.source} is written as {text!r}")


def _ranked_fill(values: Collection[str], known: KnownClasses) -> RankedFill | None:
    """Return the fill with several classes per cell, if all cells have the same number of them; else None.

    Where blanks separate the classes, those in a name are written as underscores.
    """
    for separator in (" ", ";", "|", ","):
        cells = [value.split(separator) for value in values]
        counts = {len(cell) for cell in cells}
        if len(counts) == 1 and min(counts) > 1:
            blank = "_" if separator == " " else " "
            labels, names = (
                tuple(text.replace(" ", blank) for text in texts)
                for texts in (known.classes.labels, known.classes.names)
            )
            form = form_with({text for cell in cells for text in cell}, labels, names)
            if form is not None:
                return RankedFill(form, min(counts), separator)
    return None


def _of_placeholder(
    value: str, form: Texts | None, column: str, known: KnownClasses, where: str, problems: TableProblems
) -> Texts:
    """Return the form of a column in which all cells are equal."""
    labels, names = known.classes.labels, known.classes.names
    usual = names if known.is_name_column(column) else labels
    if not value or value in usual:
        return usual
    doubtful = usual is names or (form not in (labels, names) and _are_padded(labels))
    if form is not None and not doubtful:
        return form
    problems.note(
        f"{where} has {value!r} in all rows, which is taken for a placeholder; classes are written as {usual[0]!r}"
    )
    return usual


def _probability_fill(column: str, known: KnownClasses, found: str, problems: TableProblems) -> Fill | None:
    """Return the fill with the probability of the positive of two classes, or report why there is none."""
    labels, names = known.classes.labels, known.classes.names
    if len(labels) == 2:
        called = [index for index in (0, 1) if column.casefold() in (labels[index].casefold(), names[index].casefold())]
        positive = called[0] if called else 1 if {label.casefold() for label in labels} in _POSITIVE else None
        if positive is not None:
            problems.note(f"{found}: the probability of class {labels[positive]!r} is written")
            return ProbabilityFill(positive)
    problems.add(
        f"{found}, which looks like a probability; of which class? Name one column per class "
        f"({listed(map(repr, labels), 5)}), or write labels there."
    )
    return None


def _is_fraction(value: str) -> bool:
    try:
        return 0 <= float(value) <= 1 and as_integer(value) is None
    except ValueError:
        return False


def _are_padded(labels: Collection[str]) -> bool:
    return any(as_integer(label) is not None and re.match("-?0[0-9]", label) for label in labels)
