"""Backbones that can be tried: a shipped table with published figures, timm names, and local files of weights."""

from sketchfit.candidates.candidate import BackboneCandidate
from sketchfit.candidates.find import find_candidates

__all__ = ["BackboneCandidate", "find_candidates"]
