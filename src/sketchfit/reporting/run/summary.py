"""The answers at the top of the report: how good, how sure, what fails, what to do next, what was not tested."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sketchfit.inference.intervals import accuracy
from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.run.advice.collect import SectionResults
from sketchfit.reporting.run.advice.findings import Findings
from sketchfit.reporting.run.advice.on_learning import near_chance
from sketchfit.reporting.run.advice.recommendation import Advice, shown_name
from sketchfit.reporting.run.advice.section import command_of
from sketchfit.reporting.run.page_section import PageSection, page_section
from sketchfit.reporting.run.slice_tree import TREE
from sketchfit.reporting.run.weak_classes import often_confused, weak_classes
from sketchfit.runs.artefacts import FirstAdvice, RunSummary, Weakness
from sketchfit.wording import counted

MOST_CLASSES = 3
"""Weak classes that are named."""

WIDE = 0.1
"""Length of an interval from which it is called wide."""

UNGROUPED = ("none", "near_duplicate")
"""Groupings of folds that keep nothing together but copies."""


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
    claim, first = evidence.run.claim, next(iter(advice), None)
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
        averaged=bool(claim and claim.averaging > 0),
        weaknesses=tuple(_weaknesses(evidence, results, found)),
        next_step=None if first is None else _first_advice(evidence, first),
        untested=tuple(_untested(evidence, results, found)),
    )


def _first_advice(evidence: Evidence, one: Advice) -> FirstAdvice:
    gain = f"{one.gain}: {one.gain.why}" if one.gain else f"none is claimed: {one.unknown}"
    command = command_of(evidence.run, one)
    return FirstAdvice(title=one.title.striptags(), action=one.action.striptags(), gain=gain, command=command)


def _weaknesses(evidence: Evidence, results: SectionResults, found: Findings) -> Iterator[Weakness]:
    group, correct = results.statistics.group, evidence.correct
    if near_chance(found.accuracy, found.guessing):
        yield Weakness(subject="All classes", text="the accuracy is near that of guessing", anchor="classes")
        return
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
    wrong = int((~correct).sum())
    for pair in found.pairs[:1]:
        if often_confused(pair.errors, wrong, found.class_count):
            subject = f"{shown_name(pair.first)} and {shown_name(pair.second)}"
            text = f"confused most often, {pair.errors} of {wrong:,} errors"
            yield Weakness(subject=subject, text=text, anchor="confusions")
    for one in results.slices.weak[:1]:
        subject = one.name if one.trait == TREE else f"{one.trait}, {one.name}"
        text = f"of {counted(one.accuracy.n, 'drawing')} {-100 * one.difference:.1f} points fewer are right"
        yield Weakness(subject=subject, text=text, anchor="slices")


def _untested(evidence: Evidence, results: SectionResults, found: Findings) -> Iterator[str]:
    claim, audit = evidence.run.claim, evidence.run.findings
    if not found.test_rows:
        yield "There is no test set, so the figure holds for drawings of the same kind as the training drawings"
    if claim is None:
        yield "There is no claim: what folds and averaging change is not corrected"
    figure = claim.expected if claim else found.accuracy
    if figure.high - figure.low > WIDE:
        yield f"The interval is wide: {found.labels:,} drawings are measured, and more would make it shorter"
    if claim and claim.grouping in UNGROUPED:
        yield (
            "Drawings of other people, devices or sources may be less accurate: nothing in the table shows which "
            "drawings share them"
        )
    if not results.slices.measured or (audit is None and not results.slices.by_trait):
        yield "Traits of the drawings were not measured"
    if results.robustness is None:
        yield "Changed drawings (flipped, turned, thicker, thinner) were not tried"
