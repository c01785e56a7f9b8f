"""The audit: broken files, traits and their drift, near-duplicates, leaks, and what they mean for folds."""

from sketchfit.audit.findings import findings, write_findings, write_traits
from sketchfit.audit.leak_guard import ExternalCheck, Overlap, check_external
from sketchfit.audit.run import Audit, Backbone, PixelStatistics, run_audit

__all__ = [
    "Audit",
    "Backbone",
    "ExternalCheck",
    "Overlap",
    "PixelStatistics",
    "check_external",
    "findings",
    "run_audit",
    "write_findings",
    "write_traits",
]
