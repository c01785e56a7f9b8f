"""What single changes of a recipe did: paired differences on the same rows, with intervals, noise named as such."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.inference.intervals import Difference, Estimate, accuracy, paired_difference

NOTE = (
    "Each variant was trained on the same folds with the same seeds as the base. The difference is of out-of-fold "
    "top-1, row by row, with a 95 % interval over families of near-duplicates. It counts as better or worse only where "
    "the whole interval lies on one side of 0 and every seed agrees in sign: the interval is that of the drawings, and "
    "the luck of a training is not in it. Of many variants that do nothing, one in twenty still leaves a 95 % interval."
)


@dataclass(frozen=True)
class Outcome:
    """What the trainings of one variant got right.

    Attributes:
        name: of the variant.
        correct: bool [S, n], by seed, on the same rows for all variants.
        seconds: training time of all seeds together.
    """

    name: str
    correct: NDArray[np.bool_]
    seconds: float


@dataclass(frozen=True)
class Row:
    """A line of the table; `difference` is None for the base itself."""

    name: str
    top1: Estimate
    by_seed: tuple[float, ...]
    difference: Difference | None
    verdict: str
    seconds: float


def compare(base: Outcome, others: Sequence[Outcome], group: NDArray[np.int64] | None = None) -> list[Row]:
    """The table: the base, then each variant against it, the best first.

    Args:
        group: int [n], family of near-duplicates of each row; None: rows are independent.
    """
    rows = sorted((_row(base, other, group) for other in others), key=lambda row: -row.top1.value)
    return [Row(base.name, _estimate(base, group), _by_seed(base), None, "base", base.seconds), *rows]


def _row(base: Outcome, other: Outcome, group: NDArray[np.int64] | None) -> Row:
    mine, theirs = other.correct.mean(axis=0), base.correct.mean(axis=0)
    difference = paired_difference(theirs, mine, group)
    changes = other.correct.mean(axis=1) - base.correct.mean(axis=1)
    return Row(
        other.name, _estimate(other, group), _by_seed(other), difference, verdict(difference, changes), other.seconds
    )


def verdict(difference: Difference, by_seed: NDArray[np.floating]) -> str:
    """`better`, `worse` or `within noise`; see `NOTE`."""
    agree = (np.sign(by_seed) == np.sign(difference.value)).all()
    if agree and difference.low > 0:
        return "better"
    if agree and difference.high < 0:
        return "worse"
    return "within noise"


def _by_seed(outcome: Outcome) -> tuple[float, ...]:
    return tuple(float(value) for value in outcome.correct.mean(axis=1))


def _estimate(outcome: Outcome, group: NDArray[np.int64] | None) -> Estimate:
    """Mean over seeds, with the first seed's interval moved there: its width hardly depends on the seed."""
    first, mean = accuracy(outcome.correct[0], group), float(outcome.correct.mean())
    return Estimate(mean, first.low + mean - first.value, first.high + mean - first.value, first.n)


def table_rows(rows: Sequence[Row]) -> list[Mapping[str, str]]:
    """The table as text, one mapping a line."""
    return [
        {
            "variant": row.name,
            "top1": f"{100 * row.top1.value:.2f}",
            "by_seed": " ".join(f"{100 * value:.2f}" for value in row.by_seed),
            "difference": f"{100 * row.difference.value:+.2f}" if row.difference else "",
            "low": f"{100 * row.difference.low:+.2f}" if row.difference else "",
            "high": f"{100 * row.difference.high:+.2f}" if row.difference else "",
            "verdict": row.verdict,
            "n": str(row.top1.n),
            "seeds": str(len(row.by_seed)),
            "seconds": f"{row.seconds:.0f}",
        }
        for row in rows
    ]


def to_csv(rows: Sequence[Row]) -> str:
    """The table as CSV: percent and percentage points."""
    lines = table_rows(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def to_html(rows: Sequence[Row], title: str) -> str:
    """The table as a page of its own, each interval drawn beside its figures."""
    lines = table_rows(rows)
    reach = max(
        [0.1, *(abs(end) * 100 for row in rows if row.difference for end in (row.difference.low, row.difference.high))]
    )
    head = "".join(f"<th>{html.escape(name)}</th>" for name in [*lines[0], ""])
    body = "".join(
        f'<tr class="{row.verdict.replace(" ", "-")}">'
        + "".join(f"<td>{html.escape(value)}</td>" for value in line.values())
        + f"<td>{_interval(row.difference, reach)}</td></tr>\n"
        for row, line in zip(rows, lines, strict=True)
    )
    return _PAGE.format(title=html.escape(title), note=html.escape(NOTE), head=head, body=body)


def _interval(difference: Difference | None, reach: float) -> str:
    if difference is None:
        return ""
    low, value, high = (120 + 110 * 100 * end / reach for end in (difference.low, difference.value, difference.high))
    return (
        f'<svg width="240" height="14"><path d="M120 0V14" stroke="#999"/>'
        f'<path d="M{low:.1f} 7H{high:.1f}" stroke="currentColor"/>'
        f'<circle cx="{value:.1f}" cy="7" r="3.5" fill="currentColor"/></svg>'
    )


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; }}
th, td {{ border-bottom: 1px solid #ddd; padding: .25rem .6rem; text-align: left; }}
.better {{ color: #1a7f37; }} .worse {{ color: #b42318; }} .within-noise {{ color: #666; }}
p {{ max-width: 50rem; }}
</style>
<h1>{title}</h1>
<p>{note}</p>
<table><thead><tr>{head}</tr></thead>
<tbody>
{body}</tbody></table>
</html>
"""
