"""What all public functions share: how errors leave them, and the settings that they are given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from sketchfit.api.keyword_texts import in_words_of_python
from sketchfit.config.keywords import keyword_settings
from sketchfit.config.load import load_recipe
from sketchfit.config.overrides import merge, settings_of
from sketchfit.config.recipe import Recipe
from sketchfit.disk import as_user_error
from sketchfit.errors import UserError, no_such_data
from sketchfit.missing import installed_packages
from sketchfit.verbosity import only_warnings

if TYPE_CHECKING:
    from sketchfit.planning.goal import Deadline, Goal

AUTO = "auto"

RecipeSource: TypeAlias = str | Path | Mapping[str, Any] | Recipe
"""Name of a shipped recipe, path of a YAML file, nested settings, or a recipe."""

Changes: TypeAlias = Sequence[str] | Mapping[str, Any]
"""`key=value` texts, or nested settings."""


@contextmanager
def public_call(quiet: bool = False) -> Iterator[None]:
    """Raise the errors of users for packages that are not installed and for a full disk, as the command line does.

    Texts of errors name keyword arguments in place of options.

    Args:
        quiet: print only warnings.
    """
    try:
        with only_warnings(quiet), as_user_error(), installed_packages():
            yield
    except UserError as error:
        in_words_of_python(error)
        raise


@dataclass(frozen=True)
class RecipeRequest:
    """A recipe as a caller gave it.

    Attributes:
        recipe: name, file or nested settings; `auto`: by the device.
        changes: nested settings, those of keywords last.
    """

    recipe: str | Path | Mapping[str, Any]
    changes: dict[str, Any]

    @classmethod
    def of(cls, recipe: RecipeSource, overrides: Changes, keywords: Mapping[str, Any]) -> RecipeRequest:
        """Check a recipe with its changes.

        Raises:
            RecipeError: all mistakes in them.
        """
        source = recipe.settings() if isinstance(recipe, Recipe) else recipe
        changes = merge(settings_of(overrides), keyword_settings(keywords))
        load_recipe("cpu" if source == AUTO else source, changes)
        return cls(source, changes)

    def chosen(self) -> str | Path | Mapping[str, Any]:
        """Return the recipe, for `auto` the one for the device of this machine, which is printed."""
        from sketchfit.commands.choose_recipe import choose_recipe

        return choose_recipe(self.recipe, self.changes)


def existing_data(data: str | Path) -> Path:
    """Return the path of a data set.

    Raises:
        DataError: it does not exist.
    """
    path = Path(data)
    if not path.exists():
        raise no_such_data(path)
    return path


def goal_for(time: str | float | timedelta | Deadline) -> Goal:
    """Return the goal of a run that starts now and may take this time.

    Raises:
        UserError: a time of another form, or one of less than 30 seconds.
    """
    from sketchfit.planning.goal import Deadline, goal_of

    return goal_of(time if isinstance(time, Deadline) else Deadline(time))
