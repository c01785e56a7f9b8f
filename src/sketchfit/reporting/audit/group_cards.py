"""Groups of near-duplicates, one card each, ordered by what they mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.auditing.audit import Audit
from sketchfit.auditing.copies import RELATIONS, Relation, unturned_families
from sketchfit.reporting.audit.captions import CaptionedThumbnail, captioned

SHOWN_GROUPS = 300
SHOWN_IN_GROUP = 24
"""Groups on the page, and pictures of each; `findings.json` holds all."""

_TITLES: dict[Relation, tuple[str, str]] = {
    "cross_label": ("One drawing, two labels", "At least one of the labels is wrong. Review these first."),
    "train_test": (
        "In training and test",
        "For information: a score on these test images measures memory. sketchfit never uses these copies to predict.",
    ),
    "same_label": ("Within a class", "Copies that must share a fold. Kept together, they do no harm."),
    "test_test": ("Within the test set", "Their labels are unknown."),
}

_TURNED = (
    "Two labels, flipped or turned",
    "Drawings of one class are flipped or turned drawings of the other. Both labels are right where the classes differ "
    "in direction, such as arrows to the left and to the right, or b and d. Else one of them is wrong.",
)
"""Title and text of groups with two labels that a flip or turn explains."""


@dataclass(frozen=True)
class GroupCard:
    """A group of near-duplicates: pictures, kinds of changes between them, and how many pictures are left out."""

    pictures: tuple[CaptionedThumbnail, ...]
    kinds: tuple[str, ...]
    omitted: int


@dataclass(frozen=True)
class GroupSection:
    """All groups of one relation; `cards` are those on the page, `count` is the number of all."""

    title: str
    text: str
    count: int
    cards: tuple[GroupCard, ...]


def group_sections(audit: Audit) -> list[GroupSection]:
    """Return a section per relation that occurs, the most serious first, with at most `SHOWN_GROUPS` cards together."""
    copies = audit.copies
    kinds: dict[tuple[int, int], str] = {
        (first, second): kind for (first, second), kind in zip(copies.pairs.tolist(), copies.kind, strict=True)
    }
    family, turned = _families(audit), set(turned_groups(audit))
    sections, left = [], SHOWN_GROUPS
    for relation in RELATIONS:
        groups = [rows for rows, one in zip(copies.groups, copies.group_relation, strict=True) if one == relation]
        for title, apart in ((_TITLES[relation], False), (_TURNED, True)):
            part = [rows for rows in groups if (rows in turned) is apart]
            if part:
                cards = tuple(_card(audit, rows, kinds, family) for rows in part[:left])
                sections.append(GroupSection(*title, len(part), cards))
                left -= len(cards)
    return sections


def turned_groups(audit: Audit) -> list[tuple[int, ...]]:
    """Return the groups with two labels in which drawings of different classes are flipped or turned."""
    copies, family = audit.copies, _families(audit)
    crossing = [rows for rows, one in zip(copies.groups, copies.group_relation, strict=True) if one == "cross_label"]
    return [rows for rows in crossing if not _two_labels(audit, rows, family)]


def _families(audit: Audit) -> NDArray[np.int64]:
    """Number the families of near-duplicates that are neither flipped nor turned, int64 [N + M]."""
    return unturned_families(audit.copies.pairs, audit.copies.kind, len(audit.paths))


def _two_labels(audit: Audit, rows: Sequence[int], family: NDArray[np.int64]) -> bool:
    """Return whether training images of one family have different classes."""
    known = {(int(family[row]), name) for row in rows if (name := audit.class_of(row)) is not None}
    return len(known) > len({number for number, _ in known})


def _card(
    audit: Audit, rows: Sequence[int], kinds: Mapping[tuple[int, int], str], family: NDArray[np.int64]
) -> GroupCard:
    shown = rows[:SHOWN_IN_GROUP]
    pairs = ((first, second) for place, first in enumerate(shown) for second in shown[place + 1 :])
    found = dict.fromkeys(kind for pair in pairs if (kind := kinds.get(pair)))
    labels = {row: name for row in rows if (name := audit.class_of(row)) is not None}

    def suggested(row: int) -> str:  # flipped or turned drawings may be of another class
        return suggested_class({other: name for other, name in labels.items() if family[other] == family[row]}, row)

    pictures = tuple(captioned(audit, row, suggested=suggested(row)) for row in shown)
    return GroupCard(pictures, tuple(found), len(rows) - len(shown))


def suggested_class(labels: Mapping[int, str], row: int) -> str:
    """Return the class of more than half of the training images of a group, for a row of another class; else nothing.

    So the copies have one label where all suggestions are accepted. Of two images with two labels, either can be right.
    """
    if row not in labels:
        return ""
    ((most, count),) = Counter(labels.values()).most_common(1)
    return most if 2 * count > len(labels) and most != labels[row] else ""
