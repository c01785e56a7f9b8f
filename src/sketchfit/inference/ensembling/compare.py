"""Every way of combining the same members side by side: the honest figure next to the flattering one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sketchfit.config.ensemble import METHODS, EnsembleSection
from sketchfit.inference import metrics
from sketchfit.inference.arrays import Floats, Ints
from sketchfit.inference.ensembling.methods import ensembling
from sketchfit.inference.ensembling.methods.best_member import fit_best_member
from sketchfit.inference.ensembling.nested import fit_choice, nested
from sketchfit.inference.ensembling.rule import Fit, Rule
from sketchfit.inference.intervals import Difference, Estimate, accuracy, paired_difference

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
    """What one way of combining is worth.

    Attributes:
        name: of the method.
        naive: top-1 accuracy, fitted and scored on the same rows: flatters.
        nested: top-1 accuracy on rows that it did not learn from: what a new test set would show.
        nested_top5: top-5 accuracy, nested.
        log_loss: nats, nested.
        gain: nested accuracy minus that of the best single member, itself chosen on other folds; paired.
        weights: a member's name to its weight, fitted on all rows.
        rule: fitted on all rows; what the test probabilities go through.
        prob: float32 [N, C], nested: out-of-fold probabilities for everything that comes after.
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
        scores: one a method.
        honest_choice: nested accuracy of *picking the best of these methods*, where it was asked for: the figure to
            report for the chosen one, whose own nested figure is the best of several and so a little too good.
        honest_prob: float32 [N, C], the probabilities behind that figure.
    """

    scores: tuple[MethodScore, ...]
    honest_choice: Estimate | None
    honest_prob: Floats | None = None

    @property
    def best(self) -> MethodScore:
        """The most accurate by the nested estimate; of equals, the one with the least log-loss."""
        return max(self.scores, key=lambda score: (score.nested.value, -score.log_loss))

    def __getitem__(self, name: str) -> MethodScore:
        return next(score for score in self.scores if score.name == name)

    def table(self) -> list[dict[str, str]]:
        """A line of text fields a method, the most accurate first."""
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
    members: Mapping[str, Floats],
    label: Ints,
    fold: Ints,
    group: Ints | None = None,
    methods: Mapping[str, Fit] | None = None,
    honest_choice: bool = False,
) -> Comparison:
    """Nested and naive estimates of every way of combining these members.

    Args:
        members: a name to out-of-fold probabilities, float [N, C], the same rows in all.
        label: int [N].
        fold: int [N], folds that keep near-duplicates together.
        group: int [N], a number a family of near-duplicates; None: rows are independent.
        methods: a name to a way of combining; None: `standard_methods()`.
        honest_choice: also estimate what choosing the best of the methods gives (as many times the work as there are
            folds).
    """
    parts, names = list(members.values()), list(members)
    chosen = dict(methods_of(EnsembleSection(), 0) if methods is None else methods)
    everything = np.arange(len(label))
    base = metrics.top_k_correct(nested(fit_best_member, parts, label, fold).prob, label)
    scores = []
    for name, fit in chosen.items():
        rule = fit(parts, label, everything)
        prob = nested(fit, parts, label, fold).prob
        right = metrics.top_k_correct(prob, label)
        scores.append(
            MethodScore(
                name=name,
                naive=accuracy(metrics.top_k_correct(rule.combine(parts), label), group),
                nested=accuracy(right, group),
                nested_top5=accuracy(metrics.top_k_correct(prob, label, min(5, prob.shape[1])), group),
                log_loss=metrics.log_loss(prob, label),
                gain=paired_difference(base, right, group),
                weights=dict(zip(names, rule.weights.tolist(), strict=True)),
                rule=rule,
                prob=prob,
            )
        )
    if not honest_choice:
        return Comparison(tuple(scores), None)
    prob = nested(fit_choice(chosen, fold), parts, label, fold).prob
    return Comparison(tuple(scores), accuracy(metrics.top_k_correct(prob, label), group), prob)
