"""`distill:` the members' ensemble into one small student."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from sketchfit.config.section import Section


class DistillSection(Section):
    """The members' ensemble into one small student, beside the run's answers; fold k's student learns from fold k's
    networks alone."""

    enabled: bool = False
    """Run the stage."""
    member: str = ""
    """Member that the student is made like; empty: the first one."""
    student: dict[str, Any] = Field(default_factory=dict)
    """Settings in which the student differs from that member, e.g. `{model: {backbone: mobilenetv3_small_100}}`.
    Empty: it is made like the member."""
    weight: float = Field(default=0.7, gt=0, le=1)
    """Share of the loss that follows the teacher instead of the labels (1503.02531)."""
    temperature: float = Field(default=2.0, gt=0)
    """Temperature at which teacher and student are compared: higher shows more of how the teacher ranks the rest."""
    test_rows: bool = False
    """Also learn from test rows, by the teacher alone."""
