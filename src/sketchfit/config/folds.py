"""`folds:` how training rows are split for validation."""

from __future__ import annotations

from pydantic import Field

from sketchfit.config.section import Section


class FoldsSection(Section):
    """How training rows are split for validation."""

    k: int = Field(default=5, ge=2, le=100)
    """Number of folds."""
    group: str = "near_duplicate"
    """Rows that must share a fold: `near_duplicate` groups of the audit, `none`, or a column of the training table."""
    column: str | None = None
    """Column of the training table that gives the fold itself; then `k`, `group` and `seed` are not used."""
    holdout: float | None = Field(default=None, gt=0, lt=1)
    """Validate on this share of the rows once, instead of k folds."""
    repeats: int = Field(default=1, ge=1, le=20)
    """Repeat the k folds with other seeds; out-of-fold probabilities are the mean over repeats."""
    seed: int | None = None
    """Seed of the split; the recipe's `seed` by default."""
    train: tuple[int, ...] | None = None
    """Folds to train, e.g. `[0]` for a quick look; all by default."""
