"""The page of `sketchfit compare`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sketchfit.activity import activity
from sketchfit.reporting.comparing.aligned import AlignedRuns
from sketchfit.reporting.comparing.charts import accuracy_chart, cost_charts, difference_chart
from sketchfit.reporting.comparing.costs import RunCost
from sketchfit.reporting.comparing.flipped import SIDE, chosen_places, flipped_drawings, flipped_places
from sketchfit.reporting.comparing.paired import MANY, PairedRuns, RunComparison, changed_classes
from sketchfit.reporting.comparing.settings import DifferingSetting
from sketchfit.reporting.comparing.summary import pair_verdict, summary
from sketchfit.reporting.kit.chart_shapes import Chart
from sketchfit.reporting.kit.page import render
from sketchfit.reporting.site.run_facts import RunFacts
from sketchfit.runs.artefacts import ClaimRecord
from sketchfit.wording import counted

_LONGEST_TITLE = 80
"""Characters; longer names of runs are counted instead."""


@dataclass(frozen=True)
class ComparedRun:
    """What a page states of one run besides its probabilities.

    Attributes:
        folder: of the run.
        networks: which they are, in words.
        claim: None where it claims nothing.
        cost: of the run.
    """

    folder: str
    networks: str
    claim: ClaimRecord | None
    cost: RunCost


@dataclass(frozen=True)
class BaseView:
    """All other runs compared with one of them: rows of a table, with their verdicts, and a chart."""

    base: str
    number: int
    rows: list[tuple[RunComparison, str]]
    chart: Chart | None


def comparison_title(names: Sequence[str]) -> str:
    """Return the names of the runs, or their number where the names are long together."""
    text = " / ".join(names)
    return f"Comparison of {text if len(text) <= _LONGEST_TITLE else counted(len(names), 'run')}"


@activity("writing the page")
def comparison_page(
    paired: PairedRuns, base: int, runs: Sequence[ComparedRun], settings: Sequence[DifferingSetting], facts: RunFacts
) -> str:
    """Render the page.

    Args:
        paired: the runs.
        base: place of the run that the others are compared with first; any other one can be chosen on the page.
        runs: facts of each run, in the same order.
        settings: those that differ.
        facts: for the head of the page.
    """
    aligned, places = paired.aligned, flipped_places(paired.aligned)
    chosen = chosen_places(aligned, places)
    return render(
        "compare",
        title=comparison_title(aligned.names),
        facts=facts,
        names=aligned.names,
        base=base,
        count=len(aligned.label),
        grouped=aligned.group is not None,
        summary=summary(paired, base),
        top1=aligned.top1,
        runs=runs,
        accuracies=accuracy_chart(aligned),
        views=_views(paired),
        pairs=_pairs(paired),
        sure={(aligned.names[one], aligned.names[other]) for one, other in paired.surely_different()},
        costs=cost_charts(aligned, [one.cost for one in runs]),
        settings=settings,
        classes=changed_classes(aligned),
        class_names=aligned.class_names,
        top5=len(aligned.class_names) > MANY,
        flipped=flipped_drawings(aligned, chosen),
        flips=len(places),
        kinds=_kinds(aligned),
        side=SIDE,
    )


def _views(paired: PairedRuns) -> list[BaseView]:
    sure, found = paired.surely_different(), []
    for base, name in enumerate(paired.aligned.names):
        numbers = [number for number in range(len(paired.aligned.names)) if number != base]
        rows = [paired.compare(base, number) for number in numbers]
        verdicts = [
            (one, pair_verdict(one, len(numbers) == 1 or (base, number) in sure))
            for one, number in zip(rows, numbers, strict=True)
        ]
        found.append(BaseView(name, base, verdicts, difference_chart(rows, name)))
    return found


def _pairs(paired: PairedRuns) -> list[list[RunComparison | None]]:
    """Each run (rows) compared with each other one (columns); None on the diagonal. Nothing for two runs."""
    places = range(len(paired.aligned.names))
    if len(places) < 3:
        return []
    return [[None if base == number else paired.compare(base, number) for base in places] for number in places]


def _kinds(aligned: AlignedRuns) -> list[list[int]]:
    """Return how many drawings each run (rows) has right and each other one (columns) wrong."""
    right = aligned.correct.astype(int)
    counts: list[list[int]] = (right @ (1 - right).T).tolist()
    return counts
