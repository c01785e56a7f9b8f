"""The answers at the top of the report: how good, how sure, what fails, what to do next, limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchfit.inference.intervals import accuracy
from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.run.advice.collect import SectionResults
from sketchfit.reporting.run.advice.findings import Findings
from sketchfit.reporting.run.advice.on_classes import confused_beyond_chance
from sketchfit.reporting.run.advice.on_learning import learns_nothing
from sketchfit.reporting.run.advice.on_slices import costly_changes
from sketchfit.reporting.run.advice.recommendation import Advice, shown_name
from sketchfit.reporting.run.advice.section import command_of
from sketchfit.reporting.run.page_section import PageSection, page_section
from sketchfit.reporting.run.slice_tree import TREE
from sketchfit.reporting.run.weak_classes import lowest_classes, weak_classes
from sketchfit.runs.artefacts import FirstAdvice, RunSummary, Weakness
from sketchfit.runs.artefacts.relations import UNGROUPED
from sketchfit.wording import counted

MOST_CLASSES = 3
"""Weak classes that are named."""

WIDE = 0.1
"""Length of an interval from which it is called wide."""


def summary_section(summary: RunSummary) -> PageSection:
    """Render the section of the report."""
    return page_section("summary", "In short", summary=summary, report="")


def summarise(evidence: Evidence, results: SectionResults, found: Findings, advice: Sequence[Advice]) -> RunSummary:
    """Collect the answers.

    Args:
        evidence: the run.
        results: what the sections computed.
        found: what they found.
        advice: recommendations, the first one first.
    """
    claim = evidence.run.claim
    steps = [_first_advice(evidence, one) for one in advice]
    command = next((one for one in steps if one and one.command), None)
    out_of_fold = claim.out_of_fold if claim else found.accuracy
    rows = claim.test_rows if claim else 0
    subject = f"the {counted(rows, 'test drawing')}" if rows else "new drawings of the same kind"
    return RunSummary(
        expected=claim.expected if claim else found.accuracy,
        subject=subject,
        claimed=claim is not None,
        out_of_fold=out_of_fold,
        guessing=found.guessing,
        classes=found.class_count,
        label_free=claim.label_free.accuracy if claim and claim.label_free else None,
        alarm=bool(claim and claim.alarm),
        networks=sum(map(len, evidence.run.trained.values())),
        averaging=claim.averaging if claim else 0.0,
        weaknesses=tuple(_weaknesses(evidence, results, found)),
        next_step=steps[0] if steps else None,
        command_step=None if steps and command is steps[0] else command,
        untested=tuple(_untested(evidence, results, found)),
    )


def _first_advice(evidence: Evidence, one: Advice | None) -> FirstAdvice | None:
    if one is None:
        return None
    return FirstAdvice(
        title=one.title.striptags(),
        evidence=one.evidence.striptags(),
        action=one.action.striptags(),
        gain=one.gain_text,
        command=command_of(evidence.run, one),
        anchor=one.anchor,
    )


def _weaknesses(evidence: Evidence, results: SectionResults, found: Findings) -> Iterator[Weakness]:
    if found.judged is None:
        text = "no network was trained on drawings of the classes that it is measured on"
        yield Weakness(subject="All classes", text=text, anchor="classes")
        return
    if learns_nothing(found):
        yield Weakness(subject="All classes", text="the accuracy is near that of guessing", anchor="classes")
        return
    yield from _weak_classes(evidence, results.statistics.group)
    wrong = int((~evidence.correct).sum())
    pair = next((one for one in found.pairs if confused_beyond_chance(one, wrong, found)), None)
    if pair:
        subject = f"{shown_name(pair.first)} and {shown_name(pair.second)}"
        text = f"confused with each other more often than chance explains, {pair.errors} of {wrong:,} errors"
        yield Weakness(subject=subject, text=text, anchor="confusions")
    for one in results.slices.weak[:1]:
        subject = one.name if one.trait == TREE else f"{one.trait}, {one.name}"
        text = f"of {counted(one.accuracy.n, 'drawing')} {-100 * one.difference:.1f} points fewer are right"
        yield Weakness(subject=subject, text=text, anchor="slices")
    if results.robustness:
        for name, change in costly_changes(found)[:1]:
            right = results.robustness.changes[name][0].value
            text = f"{100 * right:.1f} % are right, {-100 * change.value:.1f} points fewer than without this change"
            yield Weakness(subject=f"Drawings that are {name}", text=text, anchor="robustness")


def _weak_classes(evidence: Evidence, group: NDArray[np.int64] | None) -> Iterator[Weakness]:
    correct = evidence.correct
    weak = weak_classes(correct, evidence.label, evidence.class_count, group)
    for index in weak[:MOST_CLASSES]:
        mask = evidence.label == index
        figure = accuracy(correct[mask], None if group is None else group[mask])
        text = (
            f"{100 * figure.value:.0f} % of {counted(figure.n, 'drawing')} are right "
            f"({100 * figure.low:.0f}–{100 * figure.high:.0f} %)"
        )
        yield Weakness(subject=shown_name(evidence.class_names[index]), text=text, anchor="classes")
    if len(weak) > MOST_CLASSES:
        more = len(weak) - MOST_CLASSES
        subject = f"{more} more {'class' if more == 1 else 'classes'}"
        yield Weakness(subject=subject, text="fewer are right than of the rest", anchor="classes")
    lowest = [] if weak else lowest_classes(correct, evidence.label, evidence.class_count)[:MOST_CLASSES]
    if lowest:
        shown = (f"{shown_name(evidence.class_names[one.index])} {one.right:,} of {one.rows:,}" for one in lowest)
        text = f"{', '.join(shown)} right (may be chance)"
        yield Weakness(subject=f"Lowest {'class' if len(lowest) == 1 else 'classes'}", text=text, anchor="classes")


def _copies_in_training(evidence: Evidence) -> int:
    """Count the test drawings that share a group of near-duplicates with a training drawing."""
    audit = evidence.run.findings
    found: Any = (audit.model_extra or {}) if audit else {}
    for key in ("near_duplicates", "counts", "test_images_with_training_copy"):  # as in docs/audit.md
        found = found.get(key, {}) if isinstance(found, dict) else {}
    return found if isinstance(found, int) else 0


def _untested(evidence: Evidence, results: SectionResults, found: Findings) -> Iterator[str]:
    claim, audit = evidence.run.claim, evidence.run.findings
    if not found.test_rows:
        yield "There is no test set, so the figure holds for drawings of the same kind as the training drawings"
    if claim is None:
        yield "There is no claim: the figure is not corrected for what folds and averaging change"
    figure = claim.expected if claim else found.accuracy
    if figure.high - figure.low > WIDE:
        yield f"The interval is wide: {found.labels:,} drawings are measured, and more would make it narrower"
    if copies := _copies_in_training(evidence):
        yield (
            f"{counted(copies, 'test drawing')} {'has' if copies == 1 else 'have'} a near-copy among the training "
            f"drawings, and {'is' if copies == 1 else 'are'} easier than new drawings"
        )
    if claim and claim.grouping in UNGROUPED:
        yield (
            "Who made each drawing, and on which device, is not known: drawings of new people or devices may be less "
            "accurate"
        )
    if not results.slices.measured or (audit is None and not results.slices.by_trait):
        yield "Traits of the drawings were not measured"
    if results.robustness is None:
        yield "Changed drawings (flipped, turned, thicker, thinner) were not tried"
