from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from jinja2 import UndefinedError

from sketchfit.reporting.kit.page import embedded_json, flat_settings, render


def test_json_is_safe_inside_a_script() -> None:
    text = "</script><!-- \u2028 & 'ü'"
    embedded = str(embedded_json({"a": text, "b": np.arange(2), "c": Path("x/y")}))
    assert "<" not in embedded
    assert json.loads(embedded) == {"a": text, "b": [0, 1], "c": "x/y"}


def test_text_is_escaped() -> None:
    html = render("report/settings", settings=[("key", "<script>")], environment=[], notes=["a & b"])
    assert "&lt;script&gt;" in html
    assert "a &amp; b" in html


def test_a_missing_variable_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render("report/settings", settings=[], environment=[])


def test_settings_are_flat() -> None:
    settings = {"a": {"b": 1, "c": {"d": [1, 2]}}, "e": {}, "f": "ü"}
    assert flat_settings(settings) == [("a.b", "1"), ("a.c.d", "[1, 2]"), ("e", "{}"), ("f", '"ü"')]
