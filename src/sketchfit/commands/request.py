"""What commands about data are given. Imports neither torch nor pandas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from sketchfit.commands.places import local_data
from sketchfit.config.keywords import keyword_settings
from sketchfit.config.load import load_recipe
from sketchfit.config.overrides import merge, settings_of
from sketchfit.config.recipe import Recipe
from sketchfit.errors import empty_path

AUTO = "auto"
"""Name of the shipped recipe for the device of the machine."""

RecipeSource: TypeAlias = str | Path | Mapping[str, Any] | Recipe
"""Name of a shipped recipe, path of a YAML file, nested settings, or a recipe."""

Changes: TypeAlias = Sequence[str] | Mapping[str, Any]
"""`key=value` texts, or nested settings."""


@dataclass(frozen=True)
class DataRequest:
    """A data set, and the recipe for it. `of` makes a checked one.

    Attributes:
        data: folder with the tables and images, or a table.
        recipe: name of a shipped recipe, `auto`, path of a YAML file, or nested settings.
        changes: merged into the recipe.
        out: where results are written; None: the command's own place.
    """

    data: Path
    recipe: str | Path | Mapping[str, Any] = "cpu"
    changes: Changes = ()
    out: Path | None = None

    @classmethod
    def of(
        cls,
        data: str | Path,
        recipe: RecipeSource = "cpu",
        overrides: Changes = (),
        out: str | Path | None = None,
        keywords: Mapping[str, Any] | None = None,
    ) -> DataRequest:
        """Return a request after every check that needs no torch.

        Args:
            data: as in the request, or an address in an object store, whose files are copied (see `data.remote`).
            recipe, out: as in the request.
            overrides: `key=value` texts, or nested settings.
            keywords: further settings by name, which come last; see `keyword_settings`.

        Raises:
            RecipeError: all mistakes in the recipe and its changes.
            DataError: the data cannot be a data set.
            UserError: the place of the results is an empty text.
        """
        if isinstance(out, str) and not out.strip():
            raise empty_path("out")
        source = recipe.settings() if isinstance(recipe, Recipe) else recipe
        changes = merge(settings_of(overrides), keyword_settings(keywords)) if keywords else overrides
        _load(source, changes)
        place = local_data(data)
        return cls(place, source, changes, None if out is None else Path(out))

    def resolved(self, *, candidates: bool = False) -> DataRequest:
        """Return the request with the recipe for this machine's device where it is `auto`, which is printed.

        Args:
            candidates: see `choose_recipe`.
        """
        if self.recipe != AUTO:
            return self
        from sketchfit.commands.choose_recipe import choose_recipe  # imports torch

        return replace(self, recipe=choose_recipe(self.changes, candidates=candidates))

    def checked_recipe(self) -> Recipe:
        """Return the recipe with its changes; of `auto`, which `resolved` replaces, `cpu` with them.

        Raises:
            RecipeError: all mistakes in them.
        """
        return _load(self.recipe, self.changes)


def _load(source: str | Path | Mapping[str, Any], changes: Changes) -> Recipe:
    return load_recipe("cpu" if source == AUTO else source, changes)
