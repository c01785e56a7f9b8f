"""The pages that sketchfit writes: the audit, the report on a run, comparisons, ablations."""
