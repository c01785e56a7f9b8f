"""Whether a distilled student stands for its run where one network is deployed."""

from __future__ import annotations

from sketchfit.inference.choices import measured_choice
from sketchfit.runs.artefacts import DistilledStudent, MeasuredChoice


def student_choice(student: DistilledStudent) -> MeasuredChoice | None:
    """Return whether the student is used: unless the same network without a teacher is more accurate.

    Returns:
        None where the run has no such network, so that nothing was compared.
    """
    plain = student.without_teacher
    if plain is None:
        return None
    name = f"distilled student in place of {plain.member}"
    return measured_choice(name, plain.gain, plain.top1.value, needs="not worse")
