"""Groups of near-duplicates, one card each, ordered by what they mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sketchfit.auditing.audit import Audit
from sketchfit.auditing.copies import RELATIONS, Relation
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
    sections, left = [], SHOWN_GROUPS
    for relation in RELATIONS:
        groups = [rows for rows, one in zip(copies.groups, copies.group_relation, strict=True) if one == relation]
        if groups:
            cards = tuple(_card(audit, rows, kinds) for rows in groups[:left])
            sections.append(GroupSection(*_TITLES[relation], len(groups), cards))
            left -= len(cards)
    return sections


def _card(audit: Audit, rows: Sequence[int], kinds: Mapping[tuple[int, int], str]) -> GroupCard:
    shown = rows[:SHOWN_IN_GROUP]
    pairs = ((first, second) for place, first in enumerate(shown) for second in shown[place + 1 :])
    found = dict.fromkeys(kind for pair in pairs if (kind := kinds.get(pair)))
    labels = {row: name for row in rows if (name := audit.class_of(row)) is not None}
    pictures = tuple(captioned(audit, row, suggested=suggested_class(labels, row)) for row in shown)
    return GroupCard(pictures, tuple(found), len(rows) - len(shown))


def suggested_class(labels: Mapping[int, str], row: int) -> str:
    """Return the class that most training images of a group have, for a row of another class; else nothing.

    Of equally frequent ones, that of the first image. So the copies have one label where all suggestions are accepted,
    and do not exchange theirs.
    """
    if row not in labels:
        return ""
    ((most, _),) = Counter(labels.values()).most_common(1)
    return most if most != labels[row] else ""
