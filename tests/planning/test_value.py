from __future__ import annotations

import math

import pytest

from sketchfit.planning import value
from sketchfit.planning.value import Networks, accuracy_after, worth

LONG = (10,) * 3


def _networks(epochs: tuple[int, ...], size: int = 128, prior: float = 0.0) -> Networks:
    return Networks(epochs, value.USUAL_UPDATES, size, prior)


def test_a_single_network_by_hand():
    expected = value.FINE_TUNING - value.LENGTH / 5 + value.SIZE
    assert _networks((5,), size=256).single == pytest.approx(expected)
    assert worth([_networks((5,), size=256)], bank=False) == pytest.approx(expected)


def test_few_updates_make_epochs_worth_less():
    quarter = Networks((8,), value.USUAL_UPDATES / 4, 128)
    assert quarter.single == pytest.approx(_networks((4,)).single)


def test_further_epochs_are_worth_nothing_from_some_number_on():
    most = value.USEFUL_EPOCHS
    assert _networks((2 * most,)).single == _networks((most,)).single > _networks((most - 1,)).single


def test_few_updates_need_more_epochs():
    assert value.useful_epochs(value.USUAL_UPDATES) == value.USEFUL_EPOCHS
    assert value.useful_epochs(value.USUAL_UPDATES / 4) == 2 * value.USEFUL_EPOCHS


def test_two_equal_networks_gain_half_of_what_folds_can_give():
    gain = worth([_networks((10, 10))]) - worth([_networks((10,))])
    assert gain == pytest.approx(value.FOLDS / 2)


def test_another_equal_member_gains_more_than_another_fold():
    folds = worth([_networks((10, 10))])
    members = worth([_networks((10,)), _networks((10,))])
    assert members - folds == pytest.approx(value.MEMBERS / 2)


def test_a_much_worse_member_changes_nothing():
    good = _networks(LONG)
    assert worth([good, _networks(LONG, prior=-3.0)]) == pytest.approx(worth([good]), abs=1e-6)


def test_nothing_is_worth_nothing():
    assert worth([]) == worth([_networks(())]) == 0.0


def test_a_gain_lowers_the_error_by_its_exponential():
    assert accuracy_after(0.6, math.log(2)) == pytest.approx(0.8)


def test_backbones_made_for_small_images_are_not_worse_than_their_features():
    assert _networks((8,), size=32).single == _networks((8,)).single


def test_out_of_fold_one_network_per_member_predicts() -> None:
    several = [_networks((10, 10, 10)), _networks((10, 10), size=256)]
    assert worth(several, out_of_fold=True) == worth([_networks((10,)), _networks((10,), size=256)])
    assert worth(several, out_of_fold=True) < worth(several)
    assert worth([_networks((10, 10))], out_of_fold=True) == worth([_networks((10,))])
