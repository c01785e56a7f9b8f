"""A run's folder: where each file is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sketchfit.config.load import load_recipe
from sketchfit.config.overrides import merge, settings_of
from sketchfit.config.recipe import Recipe
from sketchfit.config.scope import keys_that_decide
from sketchfit.errors import RunError, UserError
from sketchfit.runs.artefact import Artefact
from sketchfit.runs.artefacts import Divergence
from sketchfit.runs.fingerprint import differing_keys, digest
from sketchfit.runs.inside import is_relative
from sketchfit.runs.networks import NetworkFolder
from sketchfit.runs.recipe import write_recipe

_DIGITS = 6
"""Of the digest in a folder's name."""


@dataclass(frozen=True)
class RunFolder:
    """Paths within a run's folder, and writing what is not a network's."""

    path: Path

    @property
    def recipe(self) -> Path:
        """The complete recipe."""
        return self.path / "recipe.yaml"

    @property
    def state(self) -> Path:
        """The folder's kind and the table's facts."""
        return self.path / "state.json"

    @property
    def findings(self) -> Path:
        """What the audit found."""
        return self.path / "audit" / "findings.json"

    @property
    def folds(self) -> Path:
        """The fold of every training row."""
        return self.path / "folds.parquet"

    @property
    def inputs(self) -> Path:
        """The content of every row that the run was made on."""
        return self.path / "inputs.parquet"

    @property
    def ensemble(self) -> Path:
        """Probabilities of all members together."""
        return self.path / "ensemble"

    @property
    def submission(self) -> Path:
        """The label of each test row."""
        return self.path / "submission.csv"

    @property
    def overview(self) -> Path:
        """The first page about the run, with links to all others."""
        return self.path / "index.html"

    @property
    def log(self) -> Path:
        """What the run printed."""
        return self.path / "log.txt"

    @property
    def report(self) -> Path:
        """The page about the run."""
        return self.path / "report" / "index.html"

    def member(self, name: str) -> Path:
        """Folder of a member's networks. What derives from a member (`NAME+pseudo1`, `NAME+refit`, `NAME+distilled`)
        is stored apart from the members.

        Raises:
            UserError: the name is not that of a folder in this one.
        """
        if not is_relative(name) or Path(name).name != name:
            raise RunError(f"{self.path} names the member {name!r}, which is no name of a folder in it")
        return self.path / ("derived" if "+" in name else "members") / name

    def fold(self, member: str, fold: int) -> Path:
        """Folder of one network."""
        return self.member(member) / f"fold{fold}"

    def network(self, member: str, fold: int) -> NetworkFolder:
        """One network."""
        return NetworkFolder(self.fold(member, fold))

    def networks(self, member: str) -> list[NetworkFolder]:
        """The finished networks of a member, by fold."""
        found = [NetworkFolder(path) for path in self.member(member).glob("fold*")]
        return sorted((one for one in found if one.is_done()), key=lambda one: one.fold)

    def has_training(self) -> bool:
        """Return whether a training of a member has begun."""
        return any(self.path.glob("members/*/*/*"))

    def has_only_diverged(self) -> bool:
        """Return whether a training of a member has stopped at NaN, and none is finished: its settings may change."""
        stopped = [Divergence.read_file(path).stopped for path in self.path.glob(f"members/*/*/**/{Divergence.PLACE}")]
        return any(stopped) and not any(self.path.glob("members/*/*/done.json"))

    def write(self, artefact: Artefact) -> None:
        """Write an artefact to its place."""
        artefact.write(self.path)

    def write_recipe(self, recipe: Recipe) -> None:
        """Write the complete recipe, every default included."""
        write_recipe(self.recipe, recipe)


def default_name(
    recipe: str | Path | Mapping[str, Any], data: Path, overrides: Sequence[str] | Mapping[str, Any] = ()
) -> Path:
    """Return `runs/<data>-<recipe>`, with a digest of the overrides: the same command finds its own run again.

    Settings in place of a named recipe are called `custom`, with a digest of them.
    """
    name = "custom" if isinstance(recipe, Mapping) else Path(recipe).stem
    return place_of(data, f"{name}{changes_suffix(recipe, overrides)}")


def place_of(data: Path, ending: str) -> Path:
    """Return `runs/<data>-<ending>`: with the name of a folder, or that of a table without its suffix.

    >>> place_of(Path("sketches.v2.csv"), "scout").as_posix()
    'runs/sketches.v2-scout'
    """
    place = data.resolve()
    return Path("runs") / f"{place.name if place.is_dir() else place.stem}-{ending}"


def changes_suffix(recipe: str | Path | Mapping[str, Any], overrides: Sequence[str] | Mapping[str, Any]) -> str:
    """Return a dash and a digest of what overrides change in a recipe; empty where no result depends on it.

    Of settings in place of a named recipe: of what they change in the defaults.

    Raises:
        UserError: a mistake in the recipe with the overrides.
    """
    if isinstance(recipe, Mapping):
        recipe, overrides = {}, merge(recipe, settings_of(overrides))
    if not overrides:
        return ""
    after = load_recipe(recipe, overrides).model_dump(mode="json")
    try:
        before = load_recipe(recipe).model_dump(mode="json")
    except UserError:  # the overrides correct it
        before = {}
    free = keys_that_decide("nothing")
    changed = [(key, value) for key, _, value in differing_keys(before, after) if key not in free]
    return f"-{digest(changed)[:_DIGITS]}" if changed else ""
