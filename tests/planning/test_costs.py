"""Estimated seconds of units."""

from __future__ import annotations

import pytest

from sketchfit.planning.costs import Counts, Rates, network_option
from sketchfit.planning.ladder import Backbone, Rung, ladder

COUNTS = Counts(train=100, valid=20, tests=50, folds=6, batch=10)


def test_the_first_fold_computes_the_stored_output_for_all_folds():
    backbone = Backbone("net", {"backbone": "resnet18"}, 128)
    rung = Rung("net-128", "network", backbone, 128, {})
    rates = Rates(128, training=0.01, prediction=0.001, decoding=0.0, maps=0.005)
    first = network_option(rung, rates, COUNTS, 1.0, (), 1)
    later = network_option(rung, rates, COUNTS, 1.0, (4,), 1)
    assert first.epoch == pytest.approx(100 * 0.01 + 120 * 0.005)
    assert later.epoch == pytest.approx(100 * 0.01)


def test_rates_are_in_proportion_to_the_pixels():
    assert Rates(128, 1.0, 0.5, 0.25, 0.125).at(256) == Rates(256, 4.0, 2.0, 0.25, 0.5)


def test_networks_on_a_cpu_train_on_stored_output():
    backbone = Backbone("mobile", {"backbone": "mobilenetv2_100"}, 224)
    for on_gpu in (False, True):
        networks = [rung for rung in ladder([backbone], on_gpu, ("hflip",)) if rung.kind == "network"]
        assert networks
        assert all(("freeze" in rung.settings["model"]) is not on_gpu for rung in networks)
        if not on_gpu:
            assert all(rung.settings["model"]["freeze"]["copies"] > 0 for rung in networks)
