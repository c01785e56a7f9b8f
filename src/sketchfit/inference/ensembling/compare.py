"""Comparison of methods of ensembling: each with its nested accuracy and its accuracy on the rows it was fitted on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sketchfit.config.ensemble import METHODS, EnsembleSection
from sketchfit.inference import metrics
from sketchfit.inference.arrays import Bools, Floats
from sketchfit.inference.ensembling.methods import ensembling
from sketchfit.inference.ensembling.methods.best_member import fit_best_member
from sketchfit.inference.ensembling.nested import fit_choice, nested
from sketchfit.inference.ensembling.rule import Fit, Rule
from sketchfit.inference.intervals import Difference, Estimate, accuracy, paired_difference
from sketchfit.inference.oof import Rows

BASELINE = "best-member"


def methods_of(section: EnsembleSection, seed: int, names: Sequence[str] | None = None) -> dict[str, Fit]:
    """Return methods of ensembling by name, the package's own first, in the order of `METHODS`.

    Args:
        section: settings of the methods.
        seed: of the methods that sample.
        names: of the methods; None: those of `section.compare`.
    """
    wanted = dict.fromkeys(section.compare if names is None else names)
    own = [name for name in METHODS if name in wanted]
    return {name: ensembling.get(name)(section, seed) for name in dict.fromkeys([*own, *wanted])}


@dataclass(frozen=True)
class MethodScore:
    """The scores of one method.

    Attributes:
        name: of the method.
        naive: top-1 accuracy on the rows that it was fitted on: too high.
        nested: top-1 accuracy on rows that it was not fitted on: the estimate for new test rows.
        nested_top5: top-5 accuracy, nested.
        log_loss: nats, nested.
        gain: nested accuracy minus that of the best single member, itself chosen on other folds; paired.
        weights: weight of each member by name, fitted on all rows.
        rule: fitted on all rows, for the test probabilities.
        prob: float32 [N, C], nested out-of-fold probabilities.
    """

    name: str
    naive: Estimate
    nested: Estimate
    nested_top5: Estimate
    log_loss: float
    gain: Difference
    weights: Mapping[str, float]
    rule: Rule
    prob: Floats


@dataclass(frozen=True)
class Comparison:
    """All methods, in the order given.

    Attributes:
        scores: one per method.
        honest_choice: nested accuracy of choosing the best of these methods; None if not estimated. It is the accuracy
            to report for the chosen method, whose own nested accuracy is the best of several and so a little too high.
        honest_prob: float32 [N, C], the probabilities of that choice.
    """

    scores: tuple[MethodScore, ...]
    honest_choice: Estimate | None
    honest_prob: Floats | None = None

    @property
    def best(self) -> MethodScore:
        """The method with the highest nested accuracy; among equals, the one with the least log-loss."""
        return max(self.scores, key=lambda score: (score.nested.value, -score.log_loss))

    def __getitem__(self, name: str) -> MethodScore:
        return next(score for score in self.scores if score.name == name)

    def table(self) -> list[dict[str, str]]:
        """Return one line of text fields per method, the most accurate first."""
        order = sorted(self.scores, key=lambda score: (-score.nested.value, score.log_loss))
        return [
            {
                "method": score.name,
                "nested top-1": str(score.nested),
                "naive top-1": f"{100 * score.naive.value:.1f} %",
                "nested top-5": f"{100 * score.nested_top5.value:.1f} %",
                "log-loss": f"{score.log_loss:.4f}",
                "against the best member": "" if score.name == BASELINE else str(score.gain),
            }
            for score in order
        ]


def compare_ensembles(
    members: Mapping[str, Floats], rows: Rows, methods: Mapping[str, Fit], honest_choice: bool = False
) -> Comparison:
    """Return nested and naive estimates of methods of ensembling.

    Args:
        members: out-of-fold probabilities by name, float [n, C], of these rows.
        rows: labels, folds for nested estimates, and groups of related rows.
        methods: by name; see `methods_of`.
        honest_choice: also estimate the choice of the best method, which takes as many times the time as there are
            folds.
    """
    parts = list(members.values())
    base = rows.right(nested(fit_best_member, parts, rows.label, rows.fold))
    scores = tuple(_score(name, fit, members, rows, base) for name, fit in methods.items())
    if not honest_choice:
        return Comparison(scores, None)
    prob = nested(fit_choice(methods, rows.fold), parts, rows.label, rows.fold)
    return Comparison(scores, accuracy(rows.right(prob), rows.group), prob)


def _score(name: str, fit: Fit, members: Mapping[str, Floats], rows: Rows, base: Bools) -> MethodScore:
    """Return the scores of one method; `base` is bool [n], whether the best member is correct."""
    parts = list(members.values())
    rule = fit(parts, rows.label, np.arange(len(rows.label)))
    prob = nested(fit, parts, rows.label, rows.fold)
    right, top5 = rows.right(prob), metrics.top_k_correct(prob, rows.label, min(5, prob.shape[1]))
    return MethodScore(
        name=name,
        naive=accuracy(rule.right(parts, rows.label), rows.group),
        nested=accuracy(right, rows.group),
        nested_top5=accuracy(top5, rows.group),
        log_loss=metrics.log_loss(prob, rows.label),
        gain=paired_difference(base, right, rows.group),
        weights=dict(zip(members, rule.weights.tolist(), strict=True)),
        rule=rule,
        prob=prob,
    )
