"""The forms in which a table may write the classes of another: labels, names, numbers, letter case, Unicode form."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterator

from sketchfit.data.label_text import as_integer, clean_label

Texts = tuple[str, ...]


def forms_of(labels: Texts, names: Texts) -> Iterator[Texts]:
    """Yield C texts per form, the user's labels first; a form in which two classes are the same is left out."""
    changes: tuple[Callable[[str], str], ...] = (
        lambda text: text,
        lambda text: unicodedata.normalize("NFC", text),
        lambda text: unicodedata.normalize("NFD", text),
        clean_label,
        _as_number,
        lambda text: f"{_as_number(text)}.0" if as_integer(text) is not None else text,
        str.lower,
        str.upper,
        str.capitalize,
        str.title,
    )
    found: set[Texts] = set()
    for change in changes:
        for texts in (labels, names):
            form = tuple(map(change, texts))
            if len(set(form)) == len(form) and form not in found:
                found.add(form)
                yield form


def form_with(values: Collection[str], labels: Texts, names: Texts) -> Texts | None:
    """Return the first form that has all values; None if there is none."""
    return next((form for form in forms_of(labels, names) if set(values) <= set(form)), None)


def nearest_form(values: Collection[str], labels: Texts, names: Texts) -> Texts:
    """Return the form that has most of the values; the first of equal ones."""
    return max(forms_of(labels, names), key=lambda form: len(set(form) & set(values)))


def _as_number(text: str) -> str:
    number = as_integer(text)
    return text if number is None else str(number)
