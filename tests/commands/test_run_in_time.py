from __future__ import annotations

from pathlib import Path

from sketchfit.commands.run_in_time import for_candidates, planned_recipe
from sketchfit.config.load import load_recipe
from sketchfit.config.overrides import merge
from sketchfit.config.parse import parse_recipe
from tests.factories import tiny_recipe


def test_a_candidate_does_not_take_over_what_belongs_to_the_backbone_of_the_recipe(tmp_path: Path):
    weights = tmp_path / "other.safetensors"
    weights.touch()
    model = {"weights": str(weights), "args": {"block_size": 7}, "pretrained": True, "drop_rate": 0.1}
    base = for_candidates(load_recipe(planned_recipe(tiny_recipe({"model": model}))))
    settings = merge(base.model_dump(mode="json"), {"model": {"backbone": "resnet18"}})
    found = parse_recipe(settings).model
    assert (found.weights, found.args, found.mean, found.std, found.pretrained) == (None, {}, None, None, True)
    assert found.drop_rate == 0.1
