from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from sketchfit.candidates.licences import choose_licence
from sketchfit.candidates.origin import WeightsOrigin
from sketchfit.commands.bundle.origins import weights_origins
from sketchfit.config.load import load_recipe

FREE, FORBIDS = "resnet18.a1_in1k", "resnet18.fb_swsl_ig1b_ft_in1k"


def made(source: str, backbone: str, members: list[str]) -> tuple[Any, Any]:
    recipes = [load_recipe({"model": {"backbone": name}}) for name in [backbone, *members]]
    run = SimpleNamespace(members=dict(enumerate(recipes[1:])))
    return run, SimpleNamespace(source=source, recipe=recipes[0])


def test_a_student_has_learnt_from_its_teachers() -> None:
    found = weights_origins(*made("student", FREE, [FREE, FORBIDS]))
    assert found == [WeightsOrigin(FREE, "apache-2.0"), WeightsOrigin(FORBIDS, "cc-by-nc-4.0")]
    assert choose_licence(None, [one.licence for one in found]) == "cc-by-nc-4.0"


def test_other_networks_have_only_their_own_weights() -> None:
    assert weights_origins(*made("fold", FREE, [FREE, FORBIDS])) == [WeightsOrigin(FREE, "apache-2.0")]
