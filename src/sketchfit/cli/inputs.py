"""Arguments that commands about data share. `command` makes each field an argument or an option."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sketchfit.cli.options import (
    Data,
    Exclude,
    FollowLinks,
    Holdout,
    ImageColumn,
    LabelColumn,
    Overrides,
    RecipeName,
    Relabel,
    Workers,
)

if TYPE_CHECKING:
    from sketchfit.commands.request import DataRequest


@dataclass(frozen=True)
class DataInputs:
    """Data, and a recipe with its changes."""

    data: Data
    recipe: RecipeName = "cpu"
    overrides: Overrides = None

    def settings(self) -> list[str]:
        """Return the changes of the recipe; a later one wins."""
        return list(self.overrides or [])

    def request(self, out: Path | None = None) -> DataRequest:
        """Return what is requested, checked before torch is imported.

        Raises:
            UserError: all mistakes in the recipe, or the data cannot be a data set.
        """
        from sketchfit.commands.request import DataRequest

        return DataRequest.of(self.data, self.recipe, self.settings(), out)


@dataclass(frozen=True)
class TableInputs(DataInputs):
    """The same, with the columns of tables."""

    image_column: ImageColumn = None
    label_column: LabelColumn = None
    follow_links: FollowLinks = False

    def settings(self) -> list[str]:
        """Return the changes of the recipe; `--set` wins."""
        columns = {"data.image_column": self.image_column, "data.label_column": self.label_column}
        return [*_texts(columns), *(["data.follow_links=true"] if self.follow_links else []), *super().settings()]


@dataclass(frozen=True)
class TrainInputs(TableInputs):
    """The same, with a recipe for the device by default."""

    recipe: RecipeName = "auto"


@dataclass(frozen=True)
class FoldInputs(TrainInputs):
    """The same, with reviewed labels and a validation share in place of folds."""

    holdout: Holdout = None
    exclude: Exclude = None
    relabel: Relabel = None

    def settings(self) -> list[str]:
        """Return the changes of the recipe; `--set` wins."""
        reviews = _texts({"data.exclude": self.exclude, "data.relabel": self.relabel})
        share = [] if self.holdout is None else [f"folds.holdout={self.holdout}"]
        return [*reviews, *share, *super().settings()]


@dataclass(frozen=True)
class RunInputs(FoldInputs):
    """The same, with workers."""

    workers: Workers = None

    def settings(self) -> list[str]:
        """Return the changes of the recipe; `--set` wins."""
        return [*_texts({"compute.workers": self.workers}), *super().settings()]


def _texts(named: dict[str, str | None] | dict[str, Path | None]) -> list[str]:
    """Return the settings that are given as `key=value` texts."""
    return [f"{key}={str(value)!r}" for key, value in named.items() if value is not None]
