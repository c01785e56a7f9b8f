"""The audit: broken files, traits and their drift, near-duplicates, leaks, and their effect on folds."""

from sketchfit.auditing.audit import Audit, AuditSettings, Backbone, PixelStatistics, run_audit
from sketchfit.auditing.findings import findings, write_findings, write_traits
from sketchfit.auditing.leak_guard import ExternalCheck, Overlap, check_external

__all__ = [
    "Audit",
    "AuditSettings",
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
