"""Options that were tried, on disk: what was measured is not measured again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.scope import training_settings
from sketchfit.data.store import Store
from sketchfit.errors import UserError
from sketchfit.runs.arrays import read_npz, write_npz
from sketchfit.runs.artefacts.scout import OptionFigures, ScoutedOption
from sketchfit.runs.fingerprint import digest, file_digest
from sketchfit.stages.context import RunContext
from sketchfit.stages.scout.options import Option
from sketchfit.stages.scout.rows import ScoutRows


@dataclass(frozen=True)
class Tried:
    """An option and what is known of it.

    Attributes:
        option: backbone and size.
        figures: measured so far.
        rows: int64 [n], validated rows of the frozen features; empty where they were not measured.
        right: bool [n], whether a head on the frozen features is right.
    """

    option: Option
    figures: OptionFigures
    rows: NDArray[np.int64]
    right: NDArray[np.bool_]

    @classmethod
    def new(cls, option: Option) -> Tried:
        """Return an option of which nothing is measured."""
        return cls(option, option.figures, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.bool_))

    def left_out(self, why: str) -> Tried:
        """Return it with the reason why it is not tried."""
        return replace(self, figures=self.figures.model_copy(update={"left_out": why}))

    @property
    def has_bank(self) -> bool:
        """Whether its frozen features were measured."""
        return self.figures.bank_top1 is not None


@dataclass(frozen=True)
class TriedFolder:
    """The folder `options/` of a scout.

    Attributes:
        path: of the scout.
        table: digest of labels.
        rows: on which options are compared.
    """

    path: Path
    table: str
    rows: ScoutRows

    @classmethod
    def of(cls, context: RunContext, rows: ScoutRows) -> TriedFolder:
        """Return the folder of a scout."""
        table = context.table
        return cls(context.run.path, digest(table.label.tolist(), table.class_names, table.train.paths), rows)

    def read(self, option: Option, store: Store) -> Tried | None:
        """Return what is on disk; None where it is missing, damaged, or of other images, weights, rows or settings."""
        folder = self.path / "options" / option.folder
        try:
            found = ScoutedOption.find(folder)
            if found is None or found.fingerprint != self._fingerprint(option, store):
                return None
            arrays = read_npz(folder / "right.npz")
        except UserError:
            return None
        return Tried(option, found.figures, arrays["row"], arrays["right"])

    def write(self, tried: Tried, store: Store) -> None:
        """Write what was measured."""
        folder = self.path / "options" / tried.option.folder
        folder.mkdir(parents=True, exist_ok=True)
        write_npz(folder / "right.npz", {"row": tried.rows, "right": tried.right})
        ScoutedOption.of(self._fingerprint(tried.option, store), tried.figures).write(folder)

    def _fingerprint(self, option: Option, store: Store) -> str:
        weights = option.candidate.weights
        return digest(
            training_settings(option.recipe.model_dump(mode="json")),
            None if weights is None else file_digest(Path(weights).expanduser()),
            store.folder.name,
            self.table,
            self.rows.sample.tolist(),
            [fold.valid.tolist() for fold in self.rows.folds],
        )
