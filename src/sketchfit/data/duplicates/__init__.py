"""Exact and near-duplicates of drawings: signatures, candidate pairs, verification by alignment, groups."""

from sketchfit.data.duplicates.groups import NearDuplicates, file_hash, find, find_near_duplicates, take_signatures
from sketchfit.data.duplicates.signature import Signatures, take_signature

__all__ = [
    "NearDuplicates",
    "Signatures",
    "file_hash",
    "find",
    "find_near_duplicates",
    "take_signature",
    "take_signatures",
]
