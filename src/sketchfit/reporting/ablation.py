"""Effects of single changes of a recipe: paired differences on the same rows, with intervals and a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.inference.intervals import Difference, Estimate, accuracy, paired_difference
from sketchfit.visible import people_csv

NOTE = (
    "All variants were trained on the same folds with the same seeds as the base. The difference is in out-of-fold "
    "top-1, row by row, with a 95 % interval over groups of related rows. A variant counts as better or worse "
    "only if its interval excludes 0 and every seed agrees in sign. The interval covers the choice of drawings, not "
    "the randomness of training. Of many variants without effect, one in twenty still has an interval without 0."
)


@dataclass(frozen=True)
class VariantResult:
    """What the trainings of one variant predicted correctly.

    Attributes:
        name: of the variant.
        correct: bool [S, n], by seed, on the same rows for all variants.
        seconds: training time of all seeds together.
        milliseconds: of the network for an image; None where it was not measured.
    """

    name: str
    correct: NDArray[np.bool_]
    seconds: float
    milliseconds: float | None = None


@dataclass(frozen=True)
class AblationRow:
    """A line of the table; `difference` is None for the base."""

    name: str
    top1: Estimate
    by_seed: tuple[float, ...]
    difference: Difference | None
    verdict: str
    seconds: float
    milliseconds: float | None = None


def ablation_table(
    base: VariantResult, variants: Sequence[VariantResult], group: NDArray[np.int64] | None = None
) -> list[AblationRow]:
    """Compare variants with the base.

    Args:
        base, variants: their results on the same rows.
        group: int64 [n], related rows share a number; None: rows are independent.

    Returns:
        The base, then the variants, the best first.
    """
    rows = sorted((_row(base, variant, group) for variant in variants), key=lambda row: -row.top1.value)
    return [
        AblationRow(base.name, _estimate(base, group), _by_seed(base), None, "base", base.seconds, base.milliseconds),
        *rows,
    ]


def verdict(difference: Difference, by_seed: NDArray[np.floating]) -> str:
    """Return `better`, `worse` or `within noise`; see `NOTE`.

    Args:
        difference: of the means over seeds.
        by_seed: float [S], difference per seed.
    """
    agree = (np.sign(by_seed) == np.sign(difference.value)).all()
    if agree and difference.low > 0:
        return "better"
    if agree and difference.high < 0:
        return "worse"
    return "within noise"


def table_rows(rows: Sequence[AblationRow]) -> list[dict[str, str]]:
    """Format the table as text, one mapping per line: percent and percentage points."""
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
            "ms_per_image": "" if row.milliseconds is None else f"{row.milliseconds:.3g}",
        }
        for row in rows
    ]


def to_csv(rows: Sequence[AblationRow]) -> str:
    """Write the table as CSV, see `table_rows`."""
    lines = table_rows(rows)
    return people_csv(list(lines[0]), [list(line.values()) for line in lines])


def _row(base: VariantResult, variant: VariantResult, group: NDArray[np.int64] | None) -> AblationRow:
    difference = paired_difference(base.correct.mean(axis=0), variant.correct.mean(axis=0), group)
    by_seed = variant.correct.mean(axis=1) - base.correct.mean(axis=1)
    return AblationRow(
        variant.name,
        _estimate(variant, group),
        _by_seed(variant),
        difference,
        verdict(difference, by_seed),
        variant.seconds,
        variant.milliseconds,
    )


def _by_seed(result: VariantResult) -> tuple[float, ...]:
    return tuple(float(value) for value in result.correct.mean(axis=1))


def _estimate(result: VariantResult, group: NDArray[np.int64] | None) -> Estimate:
    """The mean over seeds, with the interval of the first seed moved there: its width hardly depends on the seed."""
    first, mean = accuracy(result.correct[0], group), float(result.correct.mean())
    return Estimate(mean, first.low + mean - first.value, first.high + mean - first.value, first.n)
