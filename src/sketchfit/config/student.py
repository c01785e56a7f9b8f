"""The recipe of a distilled student: a member's, with the settings in which it differs and the teacher's weight."""

from __future__ import annotations

from dataclasses import dataclass

from sketchfit.config.overrides import merge
from sketchfit.config.parse import backbone_name, member_recipes, parse_recipe, shared_settings
from sketchfit.config.recipe import Recipe
from sketchfit.errors import RecipeError, UserError
from sketchfit.registry import nearest


@dataclass(frozen=True)
class Student:
    """The student that `distill` describes.

    Attributes:
        name: of the member whose settings it has, or of its backbone where that is another one.
        recipe: of the student.
        recipe_without_teacher: the same without the teacher's part of the loss.
    """

    name: str
    recipe: Recipe
    recipe_without_teacher: Recipe


def student_of(recipe: Recipe) -> Student:
    """Return the student of a recipe; whether its settings contradict each other is not checked.

    Raises:
        UserError: there is no such member; or settings that are unknown, ill-typed or the run's.
    """
    section, members = recipe.distill, member_recipes(recipe)
    member = section.member or next(iter(members))
    if member not in members:
        raise RecipeError(
            f"distill.member: there is no member {member!r}{nearest(member, members)}",
            f"Members: {', '.join(members)}.",
        )
    base = members[member].model_dump(mode="json")
    if shared := shared_settings(section.student, base):
        raise RecipeError(
            [f"distill.student.{key}: the run sets it for all networks" for key in shared],
            "Set it in the recipe itself.",
        )
    plain = _parsed(merge(base, section.student))
    teacher = {"loss": {"distill": section.weight, "distill_temperature": section.temperature}}
    student = parse_recipe(merge(plain.model_dump(mode="json"), teacher), "distill")
    own = plain.model.backbone == members[member].model.backbone
    return Student(member if own else backbone_name(plain), student, plain)


def _parsed(settings: dict[str, object]) -> Recipe:
    try:
        return parse_recipe(settings)
    except UserError as error:
        raise RecipeError(
            [f"distill.student: {problem}" for problem in error.problems], "Fix distill.student."
        ) from error
