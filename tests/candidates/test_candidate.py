from __future__ import annotations

import pytest

from sketchfit.candidates import BackboneCandidate
from sketchfit.config.parse import parse_recipe

RESNET = BackboneCandidate("mine", "resnet18", "/w/mine.safetensors", 224, 11.7, 1.8)


def test_its_settings_are_those_of_a_recipe():
    assert RESNET.settings(128) == {
        "model": {"backbone": "resnet18", "input_size": 128, "weights": "/w/mine.safetensors"}
    }
    assert BackboneCandidate("r", "resnet18.a1_in1k", None, 224, 11.7, 1.8).settings() == {
        "model": {"backbone": "resnet18.a1_in1k", "input_size": 224}
    }
    assert parse_recipe(RESNET.settings(128), "test").model.size == 128


@pytest.mark.parametrize(
    ("licence", "forbidden"),
    [("apache-2.0", False), ("cc-by-nc-4.0", True), ("CC-BY-NC-SA-4.0", True), ("mit", False), ("ncsa", False)],
)
def test_a_licence_that_forbids_commercial_use(licence, forbidden):
    assert BackboneCandidate("a", "resnet18", None, 224, 11.7, 1.8, licence).non_commercial == forbidden


def test_multiplications_grow_with_the_area():
    assert RESNET.gmacs_at(448) == pytest.approx(7.2)
    assert RESNET.architecture == "resnet18"
