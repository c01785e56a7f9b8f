from __future__ import annotations

from pathlib import Path

import pytest

from sketchfit.commands.request import DataRequest
from sketchfit.commands.run_in_time import for_candidates, planned_recipe, planned_settings, run_in_time
from sketchfit.config.load import load_recipe
from sketchfit.config.overrides import merge
from sketchfit.config.parse import parse_recipe
from sketchfit.errors import UserError
from sketchfit.planning.goal import Goal
from sketchfit.processors import cores
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


def _request(tmp_path: Path, **compute: object) -> DataRequest:
    return DataRequest(tmp_path, tiny_recipe(), {"compute": compute}, tmp_path / "run")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"workers": "auto", "networks_at_once": "auto"}, "auto"),
        ({"workers": "auto", "networks_at_once": 3}, 3),
        ({"workers": 4096}, cores()),
        ({"workers": 1, "networks_at_once": 3}, 3),
    ],
)
def test_workers_are_the_networks_at_once_of_a_run_with_a_deadline(
    tmp_path: Path, given: dict[str, object], expected: object
):
    compute = planned_settings(_request(tmp_path, **given)).compute
    assert (compute.workers, compute.networks_at_once) == (1, expected)


def test_the_settings_of_candidates_are_without_what_belongs_to_the_backbone_of_the_recipe(tmp_path: Path):
    request = _request(tmp_path)
    own, others = planned_settings(request), planned_settings(request, candidates=True)
    assert not own.model.pretrained
    assert others == for_candidates(own)
    assert others.model.pretrained


def test_many_workers_on_many_cores_are_a_setting_that_can_be_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sketchfit.commands.run_in_time.cores", lambda: 192)
    settings = planned_settings(_request(tmp_path, workers=128))
    assert load_recipe(settings.model_dump(mode="json")) == settings


def test_a_cluster_is_refused_with_a_deadline_before_anything_is_read(tmp_path: Path):
    with pytest.raises(UserError) as caught:
        run_in_time(_request(tmp_path, workers="ray://head"), Goal(60.0))
    assert "ray://head" in caught.value.problems[0]
    assert not (tmp_path / "run").exists()


def test_members_are_combined_by_stacking_unless_the_user_names_another_way(tmp_path: Path):
    assert planned_settings(_request(tmp_path)).ensemble.method == "stacking"
    changed = DataRequest(tmp_path, tiny_recipe(), {"ensemble": {"method": "best"}}, tmp_path / "run")
    assert planned_settings(changed).ensemble.method == "best"
    recipe = tiny_recipe({"ensemble": {"method": "mean"}})
    assert load_recipe(planned_recipe(recipe)).ensemble.method == "mean"
