"""Keeps what converters print from the console: an error that matters is raised, and the rest is not for users."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import torch

LOGGERS = ("onnx", "onnxruntime", "openvino", "torch.export", "torch.onnx", "torch._dynamo")
"""Loggers of converters, with all below them."""


@contextmanager
def quiet() -> Iterator[None]:
    """Leave out warnings and log records of converters within the block.

    Where an operator cannot be converted, torch 2.13 prints the complete graph, whatever its settings of logs are.
    """
    no_graph = mock.patch.object(torch._C, "_jit_onnx_log", create=True)
    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    logging.root.addFilter(_is_error)  # the root's own records alone: those of other loggers pass by its filters
    try:
        with warnings.catch_warnings(), no_graph:
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.root.removeFilter(_is_error)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _is_error(record: logging.LogRecord) -> bool:
    """Return whether a record is an error; onnxruntime's quantiser advises through the root logger."""
    return record.levelno >= logging.ERROR
