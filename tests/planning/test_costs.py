"""Estimated seconds of units."""

from __future__ import annotations

import pytest

from sketchfit.planning import costs
from sketchfit.planning.costs import Counts, Rates, bank_option, network_option, pass_seconds
from sketchfit.planning.deadline import TimeLeft
from sketchfit.planning.ladder import PlannedBackbone, Rung, ladder

COUNTS = Counts(train=100, valid=20, tests=50, folds=6, batch=10)


@pytest.mark.parametrize(
    ("valid", "folds", "least"), [(1250, 5, 1), (781, 8, 2), (250, 8, 4), (91, 8, 8), (20, 5, 5), (0, 3, 3)]
)
def test_members_have_folds_with_enough_rows(valid: int, folds: int, least: int):
    assert Counts(7 * valid, valid, 100, folds, 32).least_folds == least


def test_the_first_fold_stores_output_for_all_folds_in_as_many_epochs_as_there_are_copies():
    backbone = PlannedBackbone("net", {"backbone": "resnet18"}, 128)
    rung = Rung("net-128", "network", backbone, 128, {"model": {"freeze": {"copies": 3}}})
    rates = Rates(128, training=0.01, prediction=0.001, decoding=0.0, maps=0.005)
    first = network_option(rung, rates, COUNTS, 1.0, (), 1)
    later = network_option(rung, rates, COUNTS, 1.0, (4,), 1)
    assert first.epoch == later.epoch == pytest.approx(100 * 0.01)
    assert first.seconds(2) - later.seconds(2) == pytest.approx((2 * 120 + 170) * costs.MAPS_PASS * 0.005)
    shared = (3 * 120 + 170) * costs.MAPS_PASS * 0.005
    assert first.seconds(9, folds=4) - later.seconds(9, folds=4) == pytest.approx(shared)
    assert first.longest(first.seconds(5) + 0.01) == 5


def test_a_longer_network_stores_the_copies_that_shorter_ones_did_not_need():
    backbone = PlannedBackbone("net", {"backbone": "resnet18"}, 128)
    rung = Rung("net-128", "network", backbone, 128, {"model": {"freeze": {"copies": 8}}})
    rates = Rates(128, training=0.01, prediction=0.001, decoding=0.0, maps=0.005)
    option = network_option(rung, rates, COUNTS, 1.0, (2, 3), 1)
    copy = 120 * costs.MAPS_PASS * 0.005
    assert [option.shared(epochs) for epochs in (3, 5, 20)] == pytest.approx([0.0, 2 * copy, 5 * copy])
    assert option.longest(option.seconds(6) + 0.001) == 6


def test_a_bank_member_takes_its_passes_and_its_heads():
    bank, never = (
        ladder([PlannedBackbone("net", {"backbone": "resnet18"}, 96)], on_gpu=True, views=(), mirrored=on)[0]
        for on in (True, False)
    )
    rates = Rates(96, training=1.0, prediction=0.1, decoding=0.05)
    heads = costs.OVERHEAD + COUNTS.head_seconds
    assert bank_option(bank, rates, COUNTS, 2.0, False).seconds == pytest.approx(
        2 * (heads + 170 * (0.05 + 2 * costs.BANK_PASS * 0.1))
    )
    one = bank_option(never, rates, COUNTS, 1.0, False).seconds
    assert one == pytest.approx(heads + 170 * (0.05 + costs.BANK_PASS * 0.1))
    assert pass_seconds(never, one, COUNTS) == pytest.approx(170 * (0.1 + 0.05 / costs.BANK_PASS))


def test_the_pass_of_a_bank_member_uses_what_networks_share():
    """All cores do it, and one GPU: further GPUs have no part in it."""
    (bank, *_) = ladder([PlannedBackbone("net", {"backbone": "resnet18"}, 96)], on_gpu=True, views=(), mirrored=False)

    def seconds(on_device: int) -> float:
        rates = Rates(96, training=1.0, prediction=0.1, decoding=0.0, at_once=4, on_device=on_device)
        return bank_option(bank, rates, COUNTS, 1.0, False).seconds - costs.OVERHEAD - COUNTS.head_seconds

    assert seconds(1) == pytest.approx(170 * costs.BANK_PASS * 0.1)
    assert seconds(4) == pytest.approx(seconds(1) / 4)


def test_decoding_cannot_be_stopped_and_must_end_in_time_if_it_is_slow():
    backbone = PlannedBackbone("net", {"backbone": "resnet18"}, 96)
    rungs = ladder([backbone], on_gpu=True, views=(), mirrored=False)
    rates, left = Rates(96, training=0.01, prediction=0.001, decoding=0.5), TimeLeft(aim=400.0, latest=400.0)
    decoding = 170 * 0.5
    bank = bank_option(rungs[0], rates, COUNTS, 1.0, False)
    assert (bank.after or 0.0) == pytest.approx(decoding + costs.OVERHEAD + COUNTS.head_seconds)
    rung = next(one for one in rungs if one.kind == "network")
    first, later = (network_option(rung, rates, COUNTS, 1.0, done, 1) for done in ((), (3,)))
    assert first.decoding == pytest.approx(decoding)
    assert later.allowed(left) - first.allowed(left) == pytest.approx((first.slow - 1) * decoding)


def test_rates_are_in_proportion_to_the_pixels():
    assert Rates(128, 1.0, 0.5, 0.25, 0.125).at(256) == Rates(256, 4.0, 2.0, 0.25, 0.5)


def test_networks_on_a_cpu_train_on_stored_output():
    backbone = PlannedBackbone("mobile", {"backbone": "mobilenetv2_100"}, 224)
    for on_gpu in (False, True):
        networks = [
            rung
            for rung in ladder([backbone], on_gpu=on_gpu, views=("hflip",), mirrored=True)
            if rung.kind == "network"
        ]
        assert networks
        assert all(("freeze" in rung.settings["model"]) is not on_gpu for rung in networks)
        if not on_gpu:
            frozen = [rung.settings["model"]["freeze"] for rung in networks]
            assert all(one["copies"] > 0 and one["depthwise"] == "frozen" for one in frozen)
