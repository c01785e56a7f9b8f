"""Exact and near-duplicates of drawings: signatures, candidate pairs, verification by alignment, groups."""

from sketchfit.duplicates.groups import NearDuplicates, find, find_near_duplicates, take_signatures
from sketchfit.duplicates.judge import is_turned
from sketchfit.duplicates.signature import Signatures, take_signature

__all__ = [
    "NearDuplicates",
    "Signatures",
    "find",
    "find_near_duplicates",
    "is_turned",
    "take_signature",
    "take_signatures",
]
