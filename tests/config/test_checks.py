from __future__ import annotations

import pytest

from sketchfit.config.load import load_recipe
from sketchfit.errors import UserError

CONTRADICTIONS = {
    "arcface": ({"loss": "arcface"}, {"model": {"head": "cosine"}}, "needs model.head=cosine"),
    "supcon": (
        {"loss": {"supcon": 0.1}, "transforms": {"mixing": {"mixup_alpha": 0.2}}},
        {"transforms": {"mixing": {"mixup_alpha": 0.0}}},
        "one label each",
    ),
    "r_drop": ({"loss": {"r_drop": 1.0}}, {"model": {"args": {"attn_drop_rate": 0.1}}}, "differ by dropout"),
    "distill": ({"loss": {"distill": 0.5}}, {"loss": {"distill": 0.0}}, "sketchfit distill RUN"),
    "stopping": (
        {"training": {"early_stopping": 2, "validate_every": 0}},
        {"training": {"validate_every": 1}},
        "training.early_stopping needs validation",
    ),
    "best": (
        {"training": {"checkpoint": "best", "validate_every": 0}},
        {"training": {"validate_every": 2}},
        "training.checkpoint=best needs validation",
    ),
    "plateau": (
        {"schedule": "plateau", "training": {"validate_every": 0}},
        {"training": {"validate_every": 1}},
        "schedule.name=plateau needs validation",
    ),
    "swa": (
        {"averaging": {"swa": True}, "training": {"checkpoint": "best"}},
        {"averaging": {"swa": False}},
        "choose one",
    ),
    "swa and stopping": (
        {"averaging": {"swa": True}, "training": {"early_stopping": 2}},
        {"training": {"early_stopping": 0}},
        "averaging.swa and training.early_stopping both decide",
    ),
    "swa and sizes": (
        {"averaging": {"swa": True}, "training": {"epochs": 8, "resize": [{"until": 7, "size": 64}]}},
        {"averaging": {"swa_start": 0.9}},
        "until epoch 7 of 8",
    ),
    "soup of members": ({"soup": {"use": "members"}}, {"soup": {"members": "greedy"}}, "soup.members is none"),
    "soup of folds": ({"soup": {"use": "folds"}}, {"soup": {"folds": True}}, "soup.folds is off"),
    "channels": ({"model": {"args": {"in_chans": 1}}}, {"model": {"args": {"in_chans": 3}}}, "three channels"),
    "lora": ({"model": {"lora": 4, "freeze": "head"}}, {"model": {"freeze": "all"}}, "leave one of them out"),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_a_contradiction_is_told_and_its_mending_is_accepted(name):
    settings, mended, words = CONTRADICTIONS[name]
    with pytest.raises(UserError) as caught:
        load_recipe(settings)
    assert len(caught.value.problems) == 1
    assert words in caught.value.problems[0]
    load_recipe(settings, mended)


def test_all_are_told_together_and_by_member():
    settings = {"members": {"a": {"loss": "arcface", "model": {"lora": 4, "freeze": "head"}}, "b": {}}}
    with pytest.raises(UserError) as caught:
        load_recipe(settings)
    assert [problem.split(":")[0] for problem in caught.value.problems] == ["members.a", "members.a"]
