"""The page to look at: one HTML file with all pictures in it, that loads nothing from anywhere."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from sketchfit.audit.broken import UNREADABLE
from sketchfit.audit.copies import RELATIONS, Relation
from sketchfit.audit.findings import test_images_with_training_copy
from sketchfit.audit.run import Audit
from sketchfit.audit.traits import FLAGS
from sketchfit.config.audit import AuditSection
from sketchfit.files import write_text
from sketchfit.reporting.audit.contact_sheets import Sheet, sheet, single
from sketchfit.reporting.audit.trait_titles import TRAIT_WORDS
from sketchfit.reporting.kit.histograms import counts, distributions, short

_FIRST_GROUPS = 24
_SHOWN_GROUPS = 300
_SHOWN_IN_GROUP = 24
_SHOWN_ODDITIES = 200
_ENDS = 10

_RELATION_WORDS: dict[Relation, tuple[str, str]] = {
    "cross_label": ("One drawing, two labels", "At least one of the labels is wrong: look at these first."),
    "train_test": (
        "In training and test",
        "Shown so that you know: a score on these test images says what was memorised. Nothing here is ever answered "
        "from them.",
    ),
    "same_label": ("Within a class", "Copies that must share a fold; kept together, they do no harm."),
    "test_test": ("Within the test set", "No label is known of these."),
}


@dataclass(frozen=True)
class Picture:
    """One thumbnail with what is said about it; `uri` is empty where there is no picture."""

    uri: str
    path: str
    label: str
    value: str = ""


@dataclass(frozen=True)
class GroupCard:
    """A group of near-duplicates."""

    pictures: tuple[Picture, ...]
    kinds: tuple[str, ...]
    omitted: int


@dataclass(frozen=True)
class GroupSection:
    """All groups of one relation."""

    title: str
    text: str
    count: int
    cards: tuple[GroupCard, ...]


@dataclass(frozen=True)
class TraitCard:
    """A trait: how it is distributed and what its ends look like."""

    name: str
    title: str
    text: str
    chart: Markup
    drift: str
    low: tuple[Picture, ...]
    high: tuple[Picture, ...]
    flag: bool
    count: int


@dataclass(frozen=True)
class ClassSheet:
    """A class and its contact sheet."""

    name: str
    count: int
    sheet: Sheet


def write_audit_page(path: Path, audit: Audit, section: AuditSection | None = None, threads: int | None = None) -> None:
    """Write `index.html`, atomically.

    Args:
        path: the file to write.
        audit: what was found.
        section: how many pictures to show; the defaults if None.
        threads: all processors if None.
    """
    write_text(path, render(audit, section or AuditSection(), threads))


def render(audit: Audit, section: AuditSection, threads: int | None = None) -> str:
    """The page as text."""
    cell = max(16, section.thumbnail * 3 // 4)
    environment = Environment(
        loader=PackageLoader("sketchfit.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = breakable
    unreadable = [one for one in audit.oddities if one.kind in UNREADABLE]
    return environment.get_template("audit.html.j2").render(
        audit=audit,
        name=audit.table.root.resolve().name,
        cell=cell,
        side=section.thumbnail,
        unreadable=len(unreadable),
        oddities=audit.oddities[:_SHOWN_ODDITIES],
        more_oddities=max(0, len(audit.oddities) - _SHOWN_ODDITIES),
        groups=_group_sections(audit),
        first_groups=_FIRST_GROUPS,
        relations=dict(zip(RELATIONS, (audit.copies.group_relation.count(one) for one in RELATIONS), strict=True)),
        leaked=test_images_with_training_copy(audit),
        class_sizes=counts(audit.class_counts, "Number of classes by images a class"),
        extremes=_extreme_classes(audit),
        drift=_drift_words(audit),
        traits=[_trait_card(audit, name) for name in TRAIT_WORDS],
        sheets=_sheets(audit, section, cell, threads),
    )


def breakable(path: str) -> Markup:
    """A path that a line may break after a slash or an underscore."""
    return Markup(re.sub(r"([/_])", r"\1<wbr>", str(escape(path))))


def _picture(audit: Audit, row: int, value: str = "") -> Picture:
    thumbnail = audit.thumbnails[row]
    return Picture(single(thumbnail) if thumbnail else "", audit.paths[row], audit.class_of(row) or "test", value)


def _group_sections(audit: Audit) -> list[GroupSection]:
    copies = audit.copies
    kinds: dict[tuple[int, int], str] = {
        (first, second): kind for (first, second), kind in zip(copies.pairs.tolist(), copies.kind, strict=True)
    }
    sections, left = [], _SHOWN_GROUPS
    for relation in RELATIONS:
        groups = [
            rows for rows, of_group in zip(copies.groups, copies.group_relation, strict=True) if of_group == relation
        ]
        if groups:
            cards = tuple(_group_card(audit, rows, kinds) for rows in groups[:left])
            sections.append(GroupSection(*_RELATION_WORDS[relation], len(groups), cards))
            left -= len(cards)
    return sections


def _group_card(audit: Audit, rows: Sequence[int], kinds: dict[tuple[int, int], str]) -> GroupCard:
    shown = rows[:_SHOWN_IN_GROUP]
    said = {
        kind: None for i, first in enumerate(shown) for second in shown[i + 1 :] if (kind := kinds.get((first, second)))
    }
    return GroupCard(tuple(_picture(audit, row) for row in shown), tuple(said), len(rows) - len(shown))


def _extreme_classes(audit: Audit, each: int = 5) -> list[tuple[tuple[str, int], tuple[str, int]]]:
    """The smallest classes, each beside one of the largest."""
    names = audit.table.class_names
    ranked = [(names[index], int(audit.class_counts[index])) for index in np.argsort(audit.class_counts, kind="stable")]
    return list(zip(ranked[:each], ranked[::-1][:each], strict=True))


def _drift_words(audit: Audit) -> str:
    drift = audit.drift
    if drift.auc is None or drift.auc_low is None or drift.auc_high is None:
        return "There are too few training or test images to compare the two."
    told = f"area under the ROC curve {drift.auc:.3f}, 95 % interval {drift.auc_low:.3f} to {drift.auc_high:.3f}"
    if drift.auc_low <= 0.5:
        return f"By their traits, a classifier can't tell test images from training images ({told}; 0.5 is chance)."
    strength = "slightly" if drift.auc < 0.6 else "clearly" if drift.auc < 0.8 else "easily"
    return (
        f"By their traits, a classifier tells test images from training images {strength} ({told}; 0.5 is chance): "
        "validation on training images may say little about the test set."
    )


def _trait_card(audit: Audit, name: str) -> TraitCard:
    title, text = TRAIT_WORDS[name]
    values = audit.traits[name].to_numpy(np.float64)
    test = audit.traits["split"].to_numpy() == "test"
    known = np.flatnonzero(~np.isnan(values))
    flag = name in FLAGS
    order = known[np.argsort(values[known], kind="stable")]
    flagged = known[values[known] == 1]
    low = order[:_ENDS] if not flag else order[:0]
    high = (flagged[:_ENDS] if flag else order[len(low) :][::-1][:_ENDS]).tolist()
    chart = Markup("") if flag else distributions(values[known[~test[known]]], values[known[test[known]]], title)
    found = audit.drift.traits.get(name)
    drift = "" if found is None else f"train against test: KS {found.statistic:.3f}, p {_p(found.p_corrected)}"

    def examples(rows: Sequence[int]) -> tuple[Picture, ...]:
        return tuple(_picture(audit, row, "" if flag else short(float(values[row]))) for row in rows)

    return TraitCard(
        name,
        title,
        text,
        chart,
        drift,
        examples(low.tolist()),
        examples(high),
        flag,
        len(flagged),
    )


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.2g}"


def _sheets(audit: Audit, section: AuditSection, cell: int, threads: int | None) -> list[ClassSheet]:
    classes = max(1, audit.table.class_count)
    most = max(1, min(section.sheet_images, section.page_images // classes))
    if section.page_images == 0:
        return []
    label = audit.table.label
    by_class = np.split(np.argsort(label, kind="stable"), np.cumsum(audit.class_counts)[:-1])

    def one(index: int) -> ClassSheet:
        rows = by_class[index].tolist()
        made = sheet(audit.thumbnails, rows, most, cell)
        return ClassSheet(audit.table.class_names[index], len(rows), made)

    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        made = list(pool.map(one, range(audit.table.class_count)))
    return sorted(made, key=lambda of_class: of_class.name.casefold())
