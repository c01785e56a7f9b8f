"""The tests that the author of the distribution writes: the contract of each family."""

import numpy as np
import pytest
from sketchfit_outside.closed_form import medians
from sketchfit_outside.ensembling import power_mean
from sketchfit_outside.head import Bottleneck
from sketchfit_outside.loss import Tversky
from sketchfit_outside.operation import Dots
from sketchfit_outside.tracker import Lines

from sketchfit.config.tracking import TrackingSection
from tests.contracts.backend import check_backend
from tests.contracts.callback import check_callback
from tests.contracts.closed_form import check_closed_form
from tests.contracts.ensembling import check_method
from tests.contracts.head import check_head
from tests.contracts.loss import check_loss
from tests.contracts.operation import check_operation


def test_loss():
    check_loss(Tversky())


@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_head(dropout):
    check_head(Bottleneck(dropout=dropout))


def test_head_in_closed_form():
    check_closed_form(medians)


def test_operation():
    image, paper = np.full((64, 64, 1), 255, np.uint8), np.array([255], np.uint8)
    check_operation(Dots(), image, paper)


def test_backend():
    check_backend("double", "test_resnet", 1)


def test_tracker(tmp_path):
    check_callback(lambda info: Lines(TrackingSection(), info), tmp_path)


def test_method_of_ensembling():
    rng = np.random.default_rng(0)
    check_method(power_mean, list(rng.dirichlet(np.ones(4), (3, 60))), rng.integers(0, 4, 60))
