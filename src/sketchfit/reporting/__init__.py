"""AuditCallback back at a run: failures, slices, comparison."""
