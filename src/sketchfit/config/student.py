"""The recipe of a distilled student: a member's, with the settings in which it differs and the teacher's weight."""

from __future__ import annotations

from dataclasses import dataclass

from sketchfit.config.checks import contradictions
from sketchfit.config.load import member_recipes, merge, parse_recipe
from sketchfit.config.recipe import Recipe
from sketchfit.config.scope import member_sections
from sketchfit.errors import UserError


@dataclass(frozen=True)
class Student:
    """The student of a recipe's section `distill`.

    Attributes:
        name: of the member whose settings it has, or of its backbone where that is another one.
        recipe: of the student.
        recipe_without_teacher: the same without the teacher's part of the loss.
    """

    name: str
    recipe: Recipe
    recipe_without_teacher: Recipe


def student_of(recipe: Recipe) -> Student:
    """Return the student that a recipe asks for.

    Raises:
        UserError: no such member; settings that belong to the run, are unknown, or contradict each other.
    """
    section, members = recipe.distill, member_recipes(recipe)
    member = section.member or next(iter(members))
    if member not in members:
        raise UserError(f"distill.member: there is no member {member!r}", f"Members: {', '.join(members)}.")
    shared = [key for key in section.student if key in Recipe.model_fields and key not in member_sections()]
    if shared:
        raise UserError(
            [f"distill.student.{key}: a student shares it with the run" for key in shared],
            "Set it in the recipe itself.",
        )
    base = members[member].model_dump(mode="json")
    without_teacher = parse_recipe(merge(base, section.student), "distill.student")
    if problems := contradictions(without_teacher):
        raise UserError([f"distill.student: {problem}" for problem in problems], "Fix distill.student.")
    teacher = {"loss": {"distill": section.weight, "distill_temperature": section.temperature}}
    student = parse_recipe(merge(without_teacher.model_dump(mode="json"), teacher), "distill")
    backbone = without_teacher.model.backbone
    name = member if backbone == members[member].model.backbone else backbone.replace("/", "_")
    return Student(name, student, without_teacher)
