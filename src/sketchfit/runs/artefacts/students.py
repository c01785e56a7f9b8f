"""The distilled student: its accuracy and its cost."""

from __future__ import annotations

from statistics import median
from typing import Any

from sketchfit.runs.artefact import Artefact, ArtefactPart, Numbers
from sketchfit.runs.estimates import Difference, Estimate


class WithoutTeacher(ArtefactPart):
    """The member whose settings a distilled student shares, its top-1, and the student's gain over it."""

    member: str
    top1: Estimate
    gain: Difference


class Cost(ArtefactPart):
    """What predicting costs by the ensemble and by a student, from decoded images on.

    Attributes:
        device: that they were timed on.
        threads: that prepared images.
        images: per turn.
        ensemble_networks, student_networks: that predict each image.
        ensemble_parameters, student_parameters: of all these networks.
        ensemble_rates, student_rates: images per second in each turn.
    """

    device: str
    threads: int
    images: int
    ensemble_networks: int
    student_networks: int
    ensemble_parameters: int
    student_parameters: int
    ensemble_rates: Numbers
    student_rates: Numbers

    @property
    def times_as_fast(self) -> float:
        """The student's rate over the ensemble's, median over turns."""
        pairs = zip(self.student_rates, self.ensemble_rates, strict=True)
        return median(student / ensemble for student, ensemble in pairs)

    def __str__(self) -> str:
        return (
            f"{median(self.student_rates):,.0f} images/s by {_networks(self.student_networks, self.student_parameters)}"
            f", the complete ensemble {median(self.ensemble_rates):,.0f} by "
            f"{_networks(self.ensemble_networks, self.ensemble_parameters)}: {self.times_as_fast:.1f} times as fast"
        )


class DistilledStudent(Artefact):
    """The distilled student.

    Attributes:
        fingerprint: of what was timed.
        folds: a fold's number to the fingerprint of its network.
        folder: name of the folder of the networks.
        student, teacher: top-1 of the student, and of the mean of its teachers on the same rows.
        against_teacher: the student compared with its teachers.
        without_teacher: None where the run has no member with the student's settings.
        times_as_fast: the student's rate over the ensemble's.
        cost: both rates, and what was timed.
        recipe: the student's settings.
    """

    PLACE = "ensemble/distilled.json"
    fingerprint: str
    folds: dict[str, str]
    folder: str
    student: Estimate
    teacher: Estimate
    against_teacher: Difference
    without_teacher: WithoutTeacher | None = None
    times_as_fast: float
    cost: Cost
    recipe: dict[str, Any]


def _networks(count: int, parameters: int) -> str:
    return f"{count} network{'s' * (count > 1)} ({parameters / 1e6:,.1f} M parameters)"
