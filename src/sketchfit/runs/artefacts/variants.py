"""What an ablation or a search began with."""

from __future__ import annotations

from sketchfit.runs.artefact import Artefact


class VariantsBase(Artefact):
    """The recipe whose variants are trained; the same folder continues no other one.

    Attributes:
        fingerprint: of the recipe, the folds and the tables; of a search also of the values that are searched.
    """

    PLACE = "base.json"
    fingerprint: str
