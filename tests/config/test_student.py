"""The recipe of a distilled student: a member's, with what differs, and the teacher's share of the loss."""

from __future__ import annotations

from typing import Any

import pytest

from sketchfit.config.load import load_recipe
from sketchfit.config.student import student_of
from sketchfit.errors import UserError

MEMBERS: dict[str, Any] = {
    "members": {"a": {"training": {"epochs": 3}}, "b": {"model": {"backbone": "test_vit"}}},
    "distill": {"weight": 0.25, "temperature": 3.0},
}


def test_by_default_it_is_the_first_member_with_a_teacher() -> None:
    student = student_of(load_recipe(MEMBERS))
    assert (student.name, student.recipe.training.epochs) == ("a", 3)
    assert (student.recipe.loss.distill, student.recipe.loss.distill_temperature) == (0.25, 3.0)
    assert student.recipe_without_teacher.loss.distill == 0
    assert student.recipe_without_teacher.model == student.recipe.model


def test_it_may_be_another_member_and_differ_from_it() -> None:
    named = student_of(load_recipe(MEMBERS, {"distill": {"member": "b", "student": {"training": {"epochs": 9}}}}))
    assert (named.name, named.recipe.model.backbone, named.recipe.training.epochs) == ("b", "test_vit", 9)
    other = student_of(load_recipe(MEMBERS, {"distill": {"student": {"model": {"backbone": "test_resnet"}}}}))
    assert (other.name, other.recipe.training.epochs) == ("test_resnet", 3)


@pytest.mark.parametrize(
    ("distill", "words"),
    [
        ({"member": "c"}, "no member 'c'"),
        ({"student": {"folds": {"k": 3}}}, "distill.student.folds: "),
        ({"student": {"trainin": {"epochs": 3}}}, "the nearest is 'training'"),
        ({"student": {"loss": "arcface"}}, "needs model.head=cosine"),
        ({"student": {"loss": {"distill": 0.4}}}, "distill.weight"),
    ],
)
def test_a_mistake_is_told(distill: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        student_of(load_recipe(MEMBERS, {"distill": distill}))
