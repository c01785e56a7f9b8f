"""`folds:` how training rows are split for validation."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from sketchfit.config.section import CheckedBy, Distinct, Scope, Section

FoldNumbers = Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1), Distinct]


class FoldsSection(Section):
    """How training rows are split for validation."""

    k: int = Field(default=5, ge=2, le=100)
    """Number of folds."""
    group: Annotated[str, CheckedBy("table")] = "auto"
    """Rows that must share a fold. `auto`: near-duplicates, and the related rows (same photo, drawer, patient, session)
    with which validation resembles the test set. By hand: `near_duplicate`, `none`, a column of the training table,
    `COLUMN:REGEX`, `name:REGEX` (what the brackets capture of the file name), `folder:REGEX`, `exif:TAG`, `cluster`;
    `class/…` counts a value within its class; several are joined by ` + `. All but `none` keep near-duplicates together
    too."""
    column: Annotated[str | None, CheckedBy("table")] = None
    """Column of the training table that gives the fold itself; then `k`, `group` and `seed` are not used. Rows with -1
    are trained on in all folds and never validated."""
    holdout: float | None = Field(default=None, gt=0, lt=1)
    """Validate on this share of the rows once, instead of k folds."""
    repeats: int = Field(default=1, ge=1, le=20)
    """Repeat the k folds with other seeds; out-of-fold probabilities are the mean over repeats."""
    seed: int | None = None
    """Seed of the split; the recipe's `seed` by default."""
    train: Annotated[FoldNumbers | None, Scope(decides="results")] = None
    """Folds to train, e.g. `[0]` for a quick test; all by default."""
    score: Annotated[FoldNumbers | None, Scope(decides="results")] = None
    """Folds whose rows give the out-of-fold figures; all trained ones by default. Where settings were chosen by the
    accuracy on some folds, only the others show how good the choice is: `search` sets it. Test rows are predicted by
    the networks of all trained folds."""

    @property
    def count(self) -> int | None:
        """Number of all folds, over all repeats; None where a column of the table gives it."""
        if self.column is not None:
            return None
        return self.repeats if self.holdout is not None else self.k * self.repeats

    @model_validator(mode="after")
    def _folds_exist(self) -> FoldsSection:
        count = self.count
        for name, named in (("train", self.train), ("score", self.score)):
            unknown = [] if count is None else [fold for fold in named or () if fold >= count]
            if unknown:
                raise ValueError(f"{name} names the folds {unknown}, and there are folds 0 to {(count or 0) - 1}")
        untrained = [] if self.train is None else sorted(set(self.score or ()) - set(self.train))
        if untrained:
            raise ValueError(f"score names the folds {untrained}, which train leaves out")
        return self
