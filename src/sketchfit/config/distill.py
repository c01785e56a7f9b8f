"""`distill:` distillation of the members' ensemble into one small student."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from sketchfit.config.section import Section


class DistillSection(Section):
    """Distillation of the members' ensemble into one small student, in addition to the run's own predictions. The
    student of fold k learns only from the networks of fold k."""

    enabled: bool = False
    """Run the stage."""
    member: str = ""
    """Member whose settings the student has; empty: the first one."""
    student: dict[str, Any] = Field(default_factory=dict)
    """Settings in which the student differs from that member, e.g. `{model: {backbone: mobilenetv3_small_100}}`.
    Empty: the same settings."""
    weight: float = Field(default=0.7, gt=0, le=1)
    """Share of the loss that compares with the teacher's probabilities instead of the labels (arXiv 1503.02531)."""
    temperature: float = Field(default=2.0, gt=0)
    """Temperature of teacher and student in that comparison: a higher one gives the improbable classes more weight."""
    test_rows: bool = False
    """Train on test rows too, with the teacher's probabilities alone."""
