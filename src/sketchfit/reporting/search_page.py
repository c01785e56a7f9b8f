"""The page of a search: what the search has gained on the last fold, and all trials."""

from __future__ import annotations

from sketchfit.reporting.kit.page import render
from sketchfit.reporting.kit.pareto import Plotted, pareto_chart
from sketchfit.reporting.site.run_facts import RunFacts
from sketchfit.runs.artefacts.search import SearchRecord, SearchTrial

PAGE = "search.html"
"""Name of the page, next to the record."""


def search_page(record: SearchRecord, title: str, facts: RunFacts) -> str:
    """Render the page.

    Args:
        record: of the search.
        title: of the page.
        facts: for the head of the page.
    """
    complete = [one for one in record.trials if one.status == "complete" and one.score is not None]
    points = [Plotted(str(one.number), minutes, one.score or 0.0) for one in complete if (minutes := _minutes(one))]
    return render(
        "search",
        title=title,
        facts=facts,
        record=record,
        rows=sorted(record.trials, key=_order),
        chosen=[record.trial(number) for number in record.chosen],
        times=None
        if len(points) < 2
        else pareto_chart(
            points, "accuracy of the complete trials against training time", "minutes per network", name_all=True
        ),
    )


def _minutes(trial: SearchTrial) -> float:
    return trial.seconds / max(trial.folds, 1) / 60


def _order(trial: SearchTrial) -> tuple[bool, float, int]:
    return trial.status != "complete", -(trial.score or 0.0), trial.number
