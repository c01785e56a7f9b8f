"""The audit: broken files, traits and their drift, near-duplicates, leaks, and what they mean for folds."""

from sketchfit.data.audit.findings import findings, write_findings, write_traits
from sketchfit.data.audit.run import Audit, Backbone, PixelStatistics, run_audit

__all__ = ["Audit", "Backbone", "PixelStatistics", "findings", "run_audit", "write_findings", "write_traits"]
