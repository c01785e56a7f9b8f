"""`pseudo_label:` training on test rows that the folds' networks predict with confidence."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sketchfit.config.section import Section


class PseudoLabelSection(Section):
    """Training on test rows that the folds' networks predict with confidence; the student of fold k learns only from
    the teachers of fold k."""

    enabled: bool = False
    """Run the stage."""
    rounds: int = Field(default=1, ge=1)
    """How often students become the next teachers."""
    kind: Literal["hard", "soft"] = "soft"
    """Targets: `hard`, the most probable class, or `soft`, the probabilities."""
    threshold: float = Field(default=0.7, ge=0, le=1)
    """Least confidence of a row in the teachers' mean without calibration: a calibration would carry labels of the fold
    on which the student is validated."""
    top_k: int = Field(default=0, ge=0)
    """Most rows per class, the most confident first, so that easy classes do not dominate; 0: no limit."""
    agreement: float = Field(default=0.0, ge=0, le=1)
    """Least share of members whose first class is that of their mean."""
    align: bool = False
    """Shift test probabilities to the class shares of the training rows (ReMixMatch, arXiv 1911.09785)."""
    weight: float = Field(default=0.5, gt=0)
    """Weight of a pseudo-labelled row in the loss; a labelled one counts 1."""
    weight_by_confidence: bool = False
    """Multiply the weight by the row's confidence."""
    noisy_student: str = ""
    """Name of a stronger augmentation policy for the student (Noisy Student, arXiv 1911.04252); empty: the recipe's
    own."""
    force: bool = False
    """Keep the students even where they are not better out of fold."""
