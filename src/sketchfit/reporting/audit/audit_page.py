"""The page of the audit: one HTML file that holds all its pictures and loads nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from markupsafe import Markup

from sketchfit.auditing.audit import Audit
from sketchfit.auditing.broken import UNREADABLE
from sketchfit.auditing.copies import RELATIONS
from sketchfit.auditing.drift import Drift
from sketchfit.auditing.findings import test_images_with_training_copy
from sketchfit.config.audit import AuditSection
from sketchfit.config.recipe import Recipe
from sketchfit.data.table import fingerprint
from sketchfit.files import write_text
from sketchfit.reporting.audit.contact_sheets import cell_side, class_sheets
from sketchfit.reporting.audit.drift_cards import MOST, drift_cards
from sketchfit.reporting.audit.group_cards import group_sections, turned_groups
from sketchfit.reporting.audit.relations_card import relations_answer, relations_section
from sketchfit.reporting.audit.trait_cards import trait_cards
from sketchfit.reporting.kit.histograms import count_histogram
from sketchfit.reporting.kit.page import render
from sketchfit.reporting.review import ReviewedRows, ReviewTarget, review_bar, review_of_data
from sketchfit.reporting.site.page_facts import page_facts

FIRST_GROUPS = 24
"""Groups of near-duplicates of each relation that are not folded away."""

SHOWN_ODDITIES = 200


def write_audit_page(
    path: Path,
    audit: Audit,
    section: AuditSection | None = None,
    threads: int | None = None,
    untested: str = "",
    review: ReviewTarget | None = None,
) -> None:
    """Write the page, atomically.

    Args:
        path: the file to write.
        audit: what was found.
        section: number and size of the pictures; the defaults if None.
        threads: all processors if None.
        untested: why related rows are not tested, until `show_relations` writes them into the page.
        review: what labels are reviewed for; a run on the audited folder if None.
    """
    write_text(path, audit_page(audit, section or AuditSection(), threads, untested, review))


def audit_page(
    audit: Audit,
    section: AuditSection,
    threads: int | None = None,
    untested: str = "",
    review: ReviewTarget | None = None,
) -> str:
    """Render the page; arguments as for `write_audit_page`."""
    relations = {one: audit.copies.group_relation.count(one) for one in RELATIONS}
    return render(
        "audit",
        title=f"Audit of {audit.table.root.resolve().name}",
        audit=audit,
        facts=page_facts("audit", {"Data": str(audit.table.root)}),
        unreadable=sum(one.kind in UNREADABLE for one in audit.oddities),
        two_labels=relations["cross_label"] - len(turned_groups(audit)),
        leaked=test_images_with_training_copy(audit),
        related=relations_section(None, untested),
        related_answer=relations_answer(None, untested),
        oddities=audit.oddities[:SHOWN_ODDITIES],
        training_labels=_labels_of_files(audit),
        more_oddities=max(0, len(audit.oddities) - SHOWN_ODDITIES),
        groups=group_sections(audit),
        first_groups=FIRST_GROUPS,
        class_sizes=count_histogram(audit.class_counts, "Number of classes by images per class"),
        extremes=_extreme_classes(audit),
        drift=_drift_summary(audit.drift) if len(audit.table.test) else "There is no test set to compare.",
        separating=drift_cards(audit),
        more_separating=max(0, len(audit.drift.typical) - MOST),
        traits=trait_cards(audit),
        sheets=class_sheets(audit, section, threads),
        cell=cell_side(section),
        review=_review(audit, review),
    )


def _review(audit: Audit, target: ReviewTarget | None) -> Markup:
    """Render the bar in which labels are reviewed."""
    table = audit.table
    if target is None:
        target = review_of_data(table.root, Recipe(), fingerprint(table))
    return review_bar(target, ReviewedRows(table.train.paths, table.label, table.class_names, table.class_labels))


def _labels_of_files(audit: Audit) -> dict[str, str]:
    """Return the class of each training image that is listed under "Files"."""
    listed = {one.path for one in audit.oddities[:SHOWN_ODDITIES] if one.split == "train"}
    rows = zip(audit.table.train.paths, audit.table.label.tolist(), strict=True)
    return {path: audit.table.class_names[index] for path, index in rows if path in listed}


def _extreme_classes(audit: Audit, count: int = 5) -> list[tuple[tuple[str, int], tuple[str, int]]]:
    """Pair the smallest classes with the largest ones: (name, images) each."""
    names = audit.table.class_names
    ranked = [(names[index], int(audit.class_counts[index])) for index in np.argsort(audit.class_counts, kind="stable")]
    return list(zip(ranked[:count], ranked[::-1][:count], strict=True))


def _drift_summary(drift: Drift) -> str:
    if drift.auc is None or drift.auc_low is None or drift.auc_high is None:
        return "There are too few training or test images to compare the two."
    auc = f"area under the ROC curve {drift.auc:.3f}, 95 % interval {drift.auc_low:.3f} to {drift.auc_high:.3f}"
    if drift.auc_low <= 0.5 and drift.auc_high < 0.6:
        return f"A classifier can't separate test from training images by their traits ({auc}; 0.5 is chance)."
    if drift.auc_low <= 0.5:
        return (
            f"No difference of all traits together is shown ({auc}; 0.5 is chance). The interval is wide: there are "
            "too few images to exclude a difference."
        )
    strength = "slightly" if drift.auc < 0.6 else "clearly" if drift.auc < 0.8 else "easily"
    return (
        f"A classifier separates test from training images {strength} by their traits ({auc}; 0.5 is chance). "
        "Validation on training images may not predict accuracy on the test set."
    )
