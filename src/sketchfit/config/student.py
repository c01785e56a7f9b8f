"""The recipe of a distilled student: a member's, with the settings in which it differs and the teacher's share."""

from __future__ import annotations

from dataclasses import dataclass

from sketchfit.config.checks import contradictions
from sketchfit.config.load import member_recipes, merge, parse_recipe
from sketchfit.config.recipe import Recipe
from sketchfit.config.scope import member_sections
from sketchfit.errors import UserError


@dataclass(frozen=True)
class Student:
    """What a recipe's `distill` asks for.

    Attributes:
        name: of the member that it is made like, or of its backbone where that is another one.
        plain: its recipe without a teacher.
        taught: its recipe.
    """

    name: str
    plain: Recipe
    taught: Recipe


def student_of(recipe: Recipe) -> Student:
    """The student that a recipe asks for.

    Raises:
        UserError: no such member; settings that are the whole run's, unknown, or in contradiction.
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
    plain = parse_recipe(merge(base, section.student), "distill.student")
    if problems := contradictions(plain):
        raise UserError([f"distill.student: {problem}" for problem in problems], "Mend distill.student.")
    teaching = {"loss": {"distill": section.weight, "distill_temperature": section.temperature}}
    taught = parse_recipe(merge(plain.model_dump(mode="json"), teaching), "distill")
    own = plain.model.backbone == members[member].model.backbone
    return Student(member if own else plain.model.backbone.replace("/", "_"), plain, taught)
