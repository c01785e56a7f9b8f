"""The alarm on labels: which labels are probably wrong, and how many of those that it reports are.

Candidates are the labels that confident learning doubts. `label_noise` gives each its probability of being wrong, with
the parameters at the lower end of the noise rate and fitted on the other folds. Reported are labels that are more
probably wrong than right. The alarm is silent

- if there are few rows,
- if the networks disagree with most labels,
- if no noise is shown (the 99.9 % interval of the noise rate contains 0),
- if the list is shorter than three labels, or its estimated precision is below one half.

The precision is the lower of two estimates: the mean probability of the reported labels, and the number of wrong labels
that would be found over the number reported. The second uses labels of the run's own rows that are changed on purpose,
evenly and to classes that are confused, one at a time: the networks need no new training for it, as they have not seen
these rows, and the others keep their labels.

Only near-duplicates count as one row. Other related rows, such as those of one drawer, have labels of their own, and
each of these is right or wrong independently of the others. Their drawings and predictions are not independent. So the
parts on which parameters are fitted keep all related rows together, as the folds do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sketchfit.inference.arrays import Bools, Floats, Ints
from sketchfit.inference.confident_learning import confident_classes, differ
from sketchfit.inference.folding import estimation_folds
from sketchfit.inference.held_out_scores import HeldOutScores
from sketchfit.inference.label_flips import confused_flips, uniform_flips
from sketchfit.inference.label_noise import NoiseModel, fit_noise, lowest_noise

LEAST_PROBABILITY = 0.5
"""Of a reported label, of being wrong."""

LEAST_PRECISION = 0.5
"""Estimated share of wrong labels among the reported ones, below which none is reported."""

FEWEST, SHORTEST = 30, 3
"""Families of near-duplicates, and labels in the list, below which the alarm is silent."""

LEAST_AGREEMENT = 0.5
"""Share of labels that are the most probable class, below which the alarm is silent: errors of networks that disagree
with most labels can be of any kind."""

_FLIPS = 2


@dataclass(frozen=True)
class LabelAlarm:
    """Reported labels of N rows, of which each counts, near-duplicates as one.

    Attributes:
        places: int64 [k], rows, the most probably wrong one first; empty where the alarm is silent.
        probability: float64 [N], of being wrong, by the parameters at the lower end of the noise rate.
        rate: estimated share of wrong labels, 0 … 1.
        lowest: lower end of its 99 % interval; 0 where no noise is shown.
        precision: estimated share of wrong labels among those that are, or would be, reported; 0 without any.
        found: share of labels changed on purpose that the alarm reports.
        examined: whether there are enough rows, and two classes.
    """

    places: Ints
    probability: Floats
    rate: float = 0.0
    lowest: float = 0.0
    precision: float = 0.0
    found: float = 0.0
    examined: bool = True

    @property
    def silenced(self) -> int:
        """Number of labels that are not reported, because they are few or too few of them would be wrong."""
        return int((self.probability >= LEAST_PROBABILITY).sum()) if not len(self.places) else 0


@dataclass(frozen=True)
class _Rows:
    """Rows of a run: scores; the class that each is confidently of, int64 [N]; label; weight."""

    scores: HeldOutScores
    confident: Ints
    label: Ints
    weight: Floats

    def wrong(self, label: Ints, models: list[tuple[Bools, NoiseModel]]) -> Floats:
        """Return the probability of being wrong of given labels, each by the model of its part; 0: no candidate."""
        rows = self.scores.labelled(label, self.weight)
        wrong = np.zeros(len(label))
        for held, model in models:
            wrong[held] = model.wrong(rows.part(held))
        return np.where(differ(self.scores.prob, label, self.confident), wrong, 0.0)


def raise_alarm(prob: Floats, label: Ints, copies: Ints, fold: Ints, group: Ints | None = None) -> LabelAlarm:
    """Find labels that are probably wrong.

    Args:
        prob: float [N, C], out of fold, rows sum to 1.
        label: int64 [N].
        copies: int64 [N], family of near-duplicates; other related rows have different numbers.
        fold: int64 [N], 0 or more.
        group: int64 [N], rows that the folds keep together share a number; None: near-duplicates alone.
    """
    none = LabelAlarm(np.empty(0, np.int64), np.zeros(len(label)))
    if prob.shape[1] < 2 or len(np.unique(copies)) < FEWEST:
        return replace(none, examined=False)
    if (prob.argmax(axis=1) == label).mean() < LEAST_AGREEMENT:
        return none
    _, family, sizes = np.unique(copies, return_inverse=True, return_counts=True)
    rows = _Rows(HeldOutScores.of(prob), confident_classes(prob, label), label, 1 / sizes[family])
    observed = rows.scores.labelled(label, rows.weight)
    fitted = fit_noise(observed)
    if (lowest := lowest_noise(observed, fitted)) is None:
        return LabelAlarm(none.places, none.probability, fitted.rate)
    parts = _parts(fold, copies, group)
    models = [
        (held, fit_noise(observed.part(~held), lowest.rate, lowest)) for held in (parts == k for k in np.unique(parts))
    ]
    wrong = rows.wrong(label, models)
    order = np.argsort(-wrong, kind="stable")
    places = order[wrong[order] >= LEAST_PROBABILITY]
    found = _found(rows, models, 1 - lowest.wrong(observed))
    precision = _precision(wrong[places], found * fitted.rate * len(label)) if len(places) else 0.0
    reported = places if len(places) >= SHORTEST and precision >= LEAST_PRECISION else none.places
    return LabelAlarm(reported, wrong, fitted.rate, lowest.rate, precision, found)


def _parts(fold: Ints, copies: Ints, group: Ints | None) -> Ints:
    """Return the parts that parameters are fitted without, int64 [N]; where all rows are one group, copies alone stay
    together."""
    related = group is not None and len(np.unique(group)) > 1
    return estimation_folds(fold, group if related else copies)


def _precision(wrong: Floats, expected: float) -> float:
    """Return the lower estimate: mean probability, and expected number of wrong labels found over the reported ones."""
    return float(min(wrong.mean(), expected / len(wrong)))


def _found(rows: _Rows, models: list[tuple[Bools, NoiseModel]], right: Floats) -> float:
    """Return the share of labels changed on purpose that are reported; rows count by the probability `right`."""
    rng = np.random.Generator(np.random.Philox(key=0))
    classes = rows.scores.prob.shape[1]
    shares = []
    for _ in range(_FLIPS):
        for flipped in (
            uniform_flips(rows.label, classes, rng),
            confused_flips(rows.label, rows.scores.prob, rng),
        ):
            reported = rows.wrong(flipped, models) >= LEAST_PROBABILITY
            shares.append(np.average(reported, weights=right * rows.weight))
    return float(np.mean(shares))
