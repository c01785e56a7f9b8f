"""The table of exported forms: what is measured of a form, and how it is printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks import export_forms, export_table
from benchmarks.export_forms import Form, lines, random_network
from benchmarks.export_table import FORMS, page
from sketchfit.errors import UserError

EXPECTED = np.array([[0.9, 0.1], [0.2, 0.8]], np.float32)
PICTURES = np.zeros((2, 4, 4, 1), np.uint8)


def result(name: str, **forms: Form) -> dict[str, Any]:
    made = {"ONNX": Form(gap=2e-6, equal=1, ms=1.25, mb=9), "int8": Form(gap=0.1, equal=0.75, ms=0.5, mb=2.5)} | forms
    found = export_forms.Backbone(name, 64, 1.5, 3.0, any_batch=True, folded=False, features=512, forms=made)
    return found.to_json()


def test_a_row_has_the_figures_of_each_form() -> None:
    row = next(line for line in page({"resnet": result("resnet")}).splitlines() if line.startswith("| resnet"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells == [
        *("resnet", "1.50", "64", "512", "2e-06", "unfolded", "–", "–", "75%", "2.5 of 9.0", "3.0", "1.2", "–", "0.5")
    ]


def test_failures_are_named_and_counted() -> None:
    text = page({"a": result("a"), "b": result("b", OpenVINO=Form("it has no such operator"))})
    assert "- b, OpenVINO: it has no such operator" in text
    assert next(line for line in text.splitlines() if line.startswith("| work ")) == "| work | 2 | 0 | 2 | 0 |"


def test_without_failures_none_is_named() -> None:
    assert page({"a": result("a")}).endswith("## Refused\n\nNone.\n")


def test_a_form_is_compared_picture_by_picture() -> None:
    found = export_forms._form(lambda _: (lambda one: np.array([[0.7, 0.3]], np.float32), 1.5), PICTURES, EXPECTED)
    assert (found.why, found.equal, found.mb) == ("", 0.5, 1.5)
    assert found.gap == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("error", "why"), [(UserError("no operator", "hint"), "no operator"), (ValueError("a\nb"), "ValueError: a b")]
)
def test_an_error_is_one_line(error: Exception, why: str) -> None:
    def convert(folder: Path) -> Any:
        raise error

    assert export_forms._form(convert, PICTURES, EXPECTED) == Form(why)


def test_strokes_are_a_pure_function() -> None:
    assert np.array_equal(lines(3, 32), lines(5, 32)[:3])
    assert all(0 < (one < 255).mean() < 0.9 for one in lines(5, 32))


def test_a_random_network_answers_differently() -> None:
    pictures = lines(16, 64)
    network = random_network("test_resnet", 64, pictures)
    with torch.inference_mode():
        logits = network.model(export_forms._images(network, pictures))
    assert logits.std(dim=0).mean() == pytest.approx(export_forms.SPREAD, rel=1e-3)
    assert logits.mean(dim=0).abs().max() < 1e-3
    norms = [module for module in network.model.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    assert norms
    assert all((one.running_mean != 0).any() and (one.weight != 1).all() for one in norms)


def test_results_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(export_table, "measure", lambda name: seen.append(name) or export_forms.Backbone(name))
    for names in (["a"], ["a", "b"]):
        export_table.run(tmp_path, names, 60)
    assert seen == ["a", "b"]


@pytest.mark.slow
def test_every_form_of_a_small_network_works() -> None:
    found = export_forms.measure("test_coatnet")
    assert {name: form.why for name, form in found.forms.items()} == dict.fromkeys(FORMS, "")
    assert all(form.gap < 1e-5 for name, form in found.forms.items() if name != "int8")
