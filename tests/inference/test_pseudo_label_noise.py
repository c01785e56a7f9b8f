"""Pseudo-labels with a known share of noise, by the study's own code: what is documented is what happens."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest


@pytest.fixture(scope="module")
def study() -> ModuleType:
    """`benchmarks/pseudo_label_noise.py`, at a size that takes a second or two."""
    path = Path(__file__).parents[2] / "benchmarks" / "pseudo_label_noise.py"
    spec = importlib.util.spec_from_file_location("pseudo_label_noise", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_the_noise_is_as_large_as_it_says_and_leaves_confidences(study: ModuleType) -> None:
    prob = np.random.default_rng(0).dirichlet(np.ones(study.CLASSES), 500)
    spoilt = study.spoil(prob, 0.4, np.random.default_rng(1))
    assert (spoilt.argmax(axis=1) != prob.argmax(axis=1)).sum() == 200
    np.testing.assert_array_equal(np.sort(spoilt, axis=1), np.sort(prob, axis=1))


def test_the_regression_is_scikit_learns(study: ModuleType) -> None:
    from sklearn.linear_model import LogisticRegression

    data = study.draw(0, 120, 1, 1)
    ours = study.answer(study.fit(data.x, np.eye(study.CLASSES)[data.label], np.ones(120)), data.x)
    theirs = LogisticRegression(C=1 / study.STRENGTH, max_iter=1000).fit(data.x, data.label).predict_proba(data.x)
    np.testing.assert_allclose(ours, theirs, atol=0.01)


def test_clean_labels_do_not_hurt_and_noisy_ones_do_and_are_dropped(study: ModuleType) -> None:
    settings = (study.Setting("hard", 0.9, 1.0),)
    drawn = [study.draw(seed, unlabelled=800, fresh=2000) for seed in range(8)]
    clean, noisy = (
        [study.study(one, noise, seed, settings)[0] for seed, one in enumerate(drawn)] for noise in (0.0, 0.4)
    )
    assert study.interval(np.array([one.gain for one in clean]))[2] >= 0
    assert np.mean([one.gain for one in clean]) > -0.005
    assert study.interval(np.array([one.gain for one in noisy]))[2] < -0.02  # worse, and not by chance
    assert not any(one.kept for one in noisy)
    for each, noise in ((clean, 0.0), (noisy, 0.4)):
        shares = np.array([one.right for one in each])
        inside = [one.expected[1] - 0.02 <= one.right <= one.expected[2] + 0.02 for one in each]
        assert np.mean(inside) >= 0.75, (shares, [one.expected for one in each])
        assert np.mean([one.expected[0] for one in each]) == pytest.approx(shares.mean(), abs=0.05)
        assert shares.mean() < 1 - 0.9 * noise
    # Chosen are the same rows: the noise leaves confidences as they are.
    assert [one.chosen for one in clean] == [one.chosen for one in noisy]


def test_soft_labels_of_its_own_teacher_teach_nothing_new(study: ModuleType) -> None:
    """With targets that are the teacher's own answers the teacher is already at the minimum, up to its penalty."""
    (found,) = study.study(study.draw(3, unlabelled=400, fresh=2000), 0.0, 3, (study.Setting("soft", 0.0, 1.0),))
    assert abs(found.gain) < 0.01
    assert not found.kept
