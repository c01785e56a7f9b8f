"""Whether a distilled student stands for its run."""

from __future__ import annotations

from typing import Any

import pytest

from sketchfit.distillation.student_choice import student_choice
from sketchfit.runs.artefacts import DistilledStudent, WithoutTeacher
from sketchfit.runs.estimates import Difference, Estimate


def student(gain: float | None) -> DistilledStudent:
    """A student that differs by `gain` from the same network without a teacher."""
    top1 = Estimate(0.6, 0.5, 0.7, 100)
    found = None if gain is None else Difference(gain, gain - 0.05, gain + 0.05, 0.5, 100)
    plain = None if found is None else WithoutTeacher(member="a", top1=top1, gain=found)
    fields: dict[str, Any] = {"student": top1, "teacher": top1, "against_teacher": Difference(0, 0, 0, 1, 100)}
    return DistilledStudent.model_construct(folder="a+distilled", without_teacher=plain, **fields)


@pytest.mark.parametrize(("gain", "used"), [(0.01, True), (0.0, True), (-0.01, False)])
def test_a_student_is_used_unless_the_same_network_without_a_teacher_is_better(gain: float, used: bool) -> None:
    choice = student_choice(student(gain))
    assert choice is not None
    assert choice.used == used
    assert (choice.before, choice.after) == pytest.approx((0.6, 0.6 + gain))


def test_without_such_a_network_nothing_was_compared() -> None:
    assert student_choice(student(None)) is None
