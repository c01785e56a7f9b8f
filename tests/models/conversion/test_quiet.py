"""Converters print nothing, and afterwards everything is printed as before."""

from __future__ import annotations

import logging
import warnings

import pytest
import torch

from sketchfit.models.conversion.quiet import quiet


def test_warnings_and_records_of_converters_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    before = logging.getLogger("torch.onnx").level
    with warnings.catch_warnings(record=True) as caught, quiet():
        warnings.warn("tracing", stacklevel=1)
        logging.getLogger("torch.onnx.converter").error("graph")
        logging.warning("advice")
        torch._C._jit_onnx_log("graph")
    assert caught == []
    assert caplog.records == []
    assert logging.getLogger("torch.onnx").level == before
    logging.warning("printed again")
    assert [record.message for record in caplog.records] == ["printed again"]


def test_errors_and_records_of_others_are_kept(caplog: pytest.LogCaptureFixture) -> None:
    with quiet():
        logging.error("an error")
        logging.getLogger("sketchfit.models").warning("ours")
    assert [record.message for record in caplog.records] == ["an error", "ours"]
