"""Every registered backend fulfils the contract of backends."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sketchfit.models import choose_backend
from sketchfit.models.backends import backends
from sketchfit.models.backends.eager import eager
from sketchfit.models.build_backend import build_backend
from sketchfit.models.choose_backend import missing_packages
from tests.contracts.backend import CPU, SIZES, check_backend, make_network, make_pictures

SLOW = {"compiled"}
NAMES = [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in backends.names()]
CHECKED = [name for name in backends.names() if name != "eager"]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("backbone", SIZES)
@pytest.mark.parametrize("name", NAMES)
def test_backend(name, backbone, channels):
    if missing := missing_packages(backends.get(name).packages):
        pytest.skip(f"not installed: {missing}")
    check_backend(name, backbone, channels)


@pytest.mark.parametrize("name", CHECKED)
def test_torch_is_used_where_building_fails(name, monkeypatch):
    def fail(*_):
        raise RuntimeError("no such operator: fft\nand a page of stack")

    reports = _report_of(name, fail, monkeypatch)
    assert reports == [
        f"inference.backend={name} is not used, torch is used instead: it failed: RuntimeError: no such operator: fft"
    ]


@pytest.mark.parametrize("change", [2e-5, np.nan])
@pytest.mark.parametrize("name", CHECKED)
def test_torch_is_used_where_the_probabilities_differ(name, change, monkeypatch):
    def differ(network, pictures, compute):
        return lambda batch: eager(network, compute)(batch) + np.float32(change)

    (report,) = _report_of(name, differ, monkeypatch)
    assert report.startswith(f"inference.backend={name} is not used")
    assert "differ" in report


def _report_of(name, build, monkeypatch):
    """The reports of a backend that is built by `build`; its probabilities are torch's, bit for bit."""
    monkeypatch.setattr(choose_backend, "missing_packages", lambda packages: [])
    monkeypatch.setattr(backends.get(name), "build", build)
    network, pictures, reports = make_network("test_resnet"), make_pictures(3, 33, 1), []
    with torch.inference_mode():
        backend = build_backend(name, network, CPU, reports.append)
        expected = eager(network, CPU)(pictures)
        np.testing.assert_array_equal(backend(pictures), expected)
        np.testing.assert_array_equal(backend(pictures), expected)
    return reports
