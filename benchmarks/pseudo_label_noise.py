"""What do pseudo-labels do when a known share of them is wrong, and does the paired test drop the students they spoil?

    python benchmarks/pseudo_label_noise.py [--repetitions 20]

Each repetition draws a mixture of ten Gaussians: few labelled rows, many unlabelled ones, 4,000 fresh ones. A softmax
regression a fold is the teacher. Its answers, out of fold and on unlabelled rows, are spoilt on a known share of rows:
the first class changes places with another one, so that confidence, and with it what the rules choose, stays as it is.
From there on it is the package's own way: `check_teacher`, `align`, `select`, students that learn from labelled and
chosen rows, `expected_accuracy` of the rules, and the paired test by which the stage keeps or drops the students.

Printed a setting and share of noise, over repetitions: chosen rows and how many of their labels are right, the
students' gain on fresh rows with its 95 % interval (mean of the folds' students over the mean of the folds' teachers),
how often the paired test kept them, how often it kept students that are worse on fresh rows. Then whether the
out-of-fold gain is centred on the true one, and how often the interval of `expected_accuracy` holds the true share.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from scipy.stats import t

from sketchfit.inference.intervals import paired_difference
from sketchfit.inference.pseudo_labels import Kind, Rules, Teacher, align, check_teacher, expected_accuracy, select
from sketchfit.inference.votes import mean

CLASSES, SIDE, FOLDS = 10, 24, 4
LABELLED, UNLABELLED, FRESH = 240, 1200, 4000
APART, STRENGTH = 0.62, 1.0
"""Standard deviation of a class's centre in each direction, where that of its rows is 1; of the penalty on weights."""
NOISE = (0.0, 0.1, 0.2, 0.4)


@dataclass(frozen=True)
class Setting:
    """One way of pseudo-labelling, as `pseudo_label:` in a recipe."""

    kind: Kind
    threshold: float
    weight: float
    align: bool = False
    by_confidence: bool = False

    def __str__(self) -> str:
        extras = f"{' align' if self.align else ''}{' by confidence' if self.by_confidence else ''}"
        return f"{self.kind}, threshold {self.threshold:g}, weight {self.weight:g}{extras}"


KINDS: tuple[Kind, ...] = ("hard", "soft")
SETTINGS = (
    *(Setting(*each) for each in product(KINDS, (0.0, 0.7, 0.9), (0.5, 1.0))),
    Setting("soft", 0.7, 0.5, align=True, by_confidence=True),
)


@dataclass(frozen=True)
class Mixture:
    """Rows of one repetition: features [n, SIDE] and labels of the labelled, unlabelled and fresh ones; folds."""

    x: np.ndarray
    label: np.ndarray
    fold: np.ndarray
    unlabelled: np.ndarray
    truth: np.ndarray
    fresh: np.ndarray
    fresh_truth: np.ndarray


@dataclass(frozen=True)
class Outcome:
    """What one setting made of one repetition; shares and gains 0 … 1, of folds the mean.

    Attributes:
        chosen: pseudo-labelled rows.
        right: share of their labels that are right.
        expected: `expected_accuracy` on out-of-fold rows, with its interval: value, low, high.
        gain: of the students' mean over the teachers' mean, on fresh rows.
        single_gain: of one student over its teacher, on fresh rows: what the out-of-fold gain estimates.
        oof_gain: out of fold.
        kept: the paired test shows that the students are better.
    """

    chosen: float
    right: float
    expected: tuple[float, float, float]
    gain: float
    single_gain: float
    oof_gain: float
    kept: bool


def draw(seed: int, labelled: int = LABELLED, unlabelled: int = UNLABELLED, fresh: int = FRESH) -> Mixture:
    rng = np.random.default_rng([11, seed])
    centre = rng.normal(0, APART, (CLASSES, SIDE))
    label = [np.arange(labelled) % CLASSES, rng.integers(0, CLASSES, unlabelled), rng.integers(0, CLASSES, fresh)]
    x = [centre[each] + rng.normal(size=(len(each), SIDE)) for each in label]
    fold = np.empty(labelled, dtype=np.int64)
    for one in range(CLASSES):  # every class evenly in all folds
        fold[label[0] == one] = rng.permutation((label[0] == one).sum()) % FOLDS
    return Mixture(x[0], label[0], fold, x[1], label[1], x[2], label[2])


def fit(x: np.ndarray, target: np.ndarray, weight: np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
    """Softmax regression on targets that are probabilities; scikit-learn's takes classes only.

    Args:
        x: float [n, D]; target: float [n, C]; weight: float [n].
        start: where to begin, which decides the time alone, as the loss has one minimum.

    Returns:
        Weights float [D + 1, C], the last row being the bias.
    """
    rows = np.c_[x, np.ones(len(x))]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        w = flat.reshape(rows.shape[1], -1)
        logits = rows @ w
        log_prob = log_softmax(logits, axis=1)
        value = -(weight[:, None] * target * log_prob).sum() + STRENGTH / 2 * (w[:-1] ** 2).sum()
        slope = rows.T @ (weight[:, None] * (np.exp(log_prob) - target))
        slope[:-1] += STRENGTH * w[:-1]
        return value, slope.ravel()

    begin = np.zeros((rows.shape[1], target.shape[1])) if start is None else start
    found = minimize(loss, begin.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 200})
    fitted: np.ndarray = found.x.reshape(rows.shape[1], -1)
    return fitted


def answer(w: np.ndarray, x: np.ndarray) -> np.ndarray:
    prob: np.ndarray = softmax(np.c_[x, np.ones(len(x))] @ w, axis=1)
    return prob


def spoil(prob: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """The first class changes places with one of the others, sampled at random, on exactly this share of rows."""
    rows = rng.permutation(len(prob))[: round(share * len(prob))]
    first = prob[rows].argmax(axis=1)
    other = (first + rng.integers(1, CLASSES, len(rows))) % CLASSES
    spoilt = prob.copy()
    spoilt[rows, first], spoilt[rows, other] = prob[rows, other], prob[rows, first]
    return spoilt


def study(mixture: Mixture, noise: float, seed: int, settings: tuple[Setting, ...] = SETTINGS) -> list[Outcome]:
    """All settings on one drawing with this share of noise."""
    data, folds = mixture, range(FOLDS)
    learnt = [np.flatnonzero(data.fold != k) for k in folds]
    one_hot = np.eye(CLASSES)[data.label]
    teachers = [fit(data.x[rows], one_hot[rows], np.ones(len(rows))) for rows in learnt]
    # The same rows in all folds: noise that differed from fold to fold would cancel in the students' mean.
    spoilt = [spoil(answer(w, data.unlabelled), noise, np.random.default_rng([13, seed])) for w in teachers]
    oof = _out_of_fold(teachers, data)
    spoilt_oof = spoil(oof, noise, np.random.default_rng([17, seed]))
    on_fresh = [answer(w, data.fresh) for w in teachers]
    found = []
    for setting in settings:
        rules = Rules(setting.threshold)
        chosen, students = [], []
        for k in folds:
            check_teacher([Teacher(f"fold{k}", learnt[k])], k, data.fold)
            prior = np.bincount(data.label[learnt[k]], minlength=CLASSES) / len(learnt[k])
            prob = align(spoilt[k], prior) if setting.align else spoilt[k]
            labels = select([prob], rules, setting.kind, setting.weight, setting.by_confidence)
            chosen.append(labels)
            students.append(
                fit(
                    np.r_[data.x[learnt[k]], data.unlabelled[labels.row]],
                    np.r_[one_hot[learnt[k]], labels.target],
                    np.r_[np.ones(len(learnt[k])), labels.weight],
                    teachers[k],
                )
            )
        new = [answer(w, data.fresh) for w in students]
        before, after = _right(oof, data.label), _right(_out_of_fold(students, data), data.label)
        difference = paired_difference(before, after)
        known = expected_accuracy([spoilt_oof], data.label, rules)
        found.append(
            Outcome(
                float(np.mean([len(one.row) for one in chosen])),
                float(np.mean(np.concatenate([one.label == data.truth[one.row] for one in chosen]))),
                (known.value, known.low, known.high) if known else (np.nan, 0.0, 1.0),
                _accuracy(mean(new), data.fresh_truth) - _accuracy(mean(on_fresh), data.fresh_truth),
                float(np.mean([_accuracy(prob, data.fresh_truth) for prob in new]))
                - float(np.mean([_accuracy(prob, data.fresh_truth) for prob in on_fresh])),
                difference.value,
                difference.helps,
            )
        )
    return found


def _out_of_fold(models: list[np.ndarray], data: Mixture) -> np.ndarray:
    prob = np.zeros((len(data.label), CLASSES))
    for k, w in enumerate(models):
        prob[data.fold == k] = answer(w, data.x[data.fold == k])
    return prob


def _right(prob: np.ndarray, label: np.ndarray) -> np.ndarray:
    return np.asarray(prob.argmax(axis=1) == label)


def _accuracy(prob: np.ndarray, label: np.ndarray) -> float:
    return float(_right(prob, label).mean())


def interval(values: np.ndarray) -> tuple[float, float, float]:
    """Mean, and its 95 % interval by Student's t."""
    half = t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean()), float(values.mean() - half), float(values.mean() + half)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=20)
    repetitions = parser.parse_args().repetitions
    drawn = [draw(k) for k in range(repetitions)]
    found = {noise: [study(mixture, noise, k) for k, mixture in enumerate(drawn)] for noise in NOISE}
    print(
        f"{repetitions} repetitions; {LABELLED} labelled rows in {FOLDS} folds, {UNLABELLED} unlabelled, {FRESH} fresh"
    )
    print("setting | noise | chosen | right | gain on fresh rows, points | kept | kept though worse")
    everything: list[Outcome] = []
    for place, setting in enumerate(SETTINGS):
        for noise in NOISE:
            some = [each[place] for each in found[noise]]
            everything += some
            value, low, high = interval(100 * np.array([one.gain for one in some]))
            kept = sum(one.kept for one in some)
            worse = sum(one.kept and one.single_gain < 0 for one in some)
            print(
                f"{setting} | {noise:.0%} | {np.mean([one.chosen for one in some]):.0f} | "
                f"{np.mean([one.right for one in some]):.1%} | {value:+.2f} ({low:+.2f} to {high:+.2f}) | "
                f"{kept}/{len(some)} | {worse}/{sum(one.single_gain < 0 for one in some)}"
            )
    for noise in NOISE:
        error = [np.mean([one.oof_gain - one.single_gain for one in each]) for each in found[noise]]
        value, low, high = interval(100 * np.array(error))
        every = [one for each in found[noise] for one in each if not np.isnan(one.expected[0])]
        inside = np.mean([one.expected[1] <= one.right <= one.expected[2] for one in every])
        print(
            f"noise {noise:.0%}: out-of-fold gain minus the true gain of single students {value:+.2f} "
            f"({low:+.2f} to {high:+.2f}) points; the interval of expected_accuracy holds the true share {inside:.0%} "
            "of the time"
        )
    worse_ones = [one for one in everything if one.single_gain < 0]
    print(f"students that are worse: {len(worse_ones)}, of them kept: {sum(one.kept for one in worse_ones)}")


if __name__ == "__main__":
    main()
