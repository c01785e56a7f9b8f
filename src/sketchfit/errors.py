"""Errors for the user: what is wrong, where (file, row, key), what to do."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sketchfit.regular import what_it_is

Result = TypeVar("Result")


class UserError(Exception):
    """A mistake in the user's input: printed as text, never as a traceback.

    Args:
        problems: all that were found, one sentence each, so that one run reports them together.
        hint: what to do.

    Examples:
        >>> error = UserError(["row 3: no label", "row 7: no label"], "Add them.")
        >>> len(error.problems), error.hint
        (2, 'Add them.')
    """

    def __init__(self, problems: str | Sequence[str], hint: str = "") -> None:
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        self.hint = hint
        super().__init__("\n".join([*self.problems, *([hint] if hint else [])]))


class DataError(UserError):
    """A mistake in tables or images: of a data set, of labels, of a submission.

    Examples:
        >>> import sketchfit
        >>> try:
        ...     sketchfit.check("no-such-folder")
        ... except sketchfit.DataError as error:
        ...     print(error.problems[0])
        no-such-folder does not exist
    """


class RecipeError(UserError):
    """A mistake in the settings of a recipe: an unknown key, a refused value, settings that contradict each other.

    Examples:
        >>> import sketchfit
        >>> try:
        ...     sketchfit.load_recipe("cpu", epoch=3)
        ... except sketchfit.RecipeError as error:
        ...     print(error.problems[0])
        there is no setting 'epoch'; the nearest is 'epochs'
    """


class RunError(UserError):
    """A run, a bundle or a published network that is missing, unfinished, damaged, in use, or without what is needed.

    Examples:
        >>> import sketchfit
        >>> try:
        ...     sketchfit.Run.open("no-such-run")
        ... except sketchfit.RunError as error:
        ...     print(error.problems[0])
        no-such-run holds no run
    """


class MissingPackageError(UserError):
    """A package that is not installed. The hint is the command that installs it.

    Examples:
        >>> import sketchfit
        >>> error = sketchfit.MissingPackageError("this needs torch", "pip install 'sketchfit[train]'")
        >>> isinstance(error, sketchfit.UserError), error.hint
        (True, "pip install 'sketchfit[train]'")
    """


@contextmanager
def raised_as(kind: type[UserError]) -> Iterator[None]:
    """Raise a `UserError` of the block as this subclass of it; one that is of a subclass already stays as it is.

    Put around what reads one kind of input, as a decorator or in a `with`: what is below raises `UserError` and need
    not know for whom it works.

    Args:
        kind: the subclass.

    Examples:
        >>> try:
        ...     with raised_as(DataError):
        ...         raise UserError("row 3: no label", "Add it.")
        ... except DataError as error:
        ...     print(error.problems, error.hint)
        ('row 3: no label',) Add it.
    """
    try:
        yield
    except UserError as error:
        if type(error) is not UserError:
            raise
        raise kind(error.problems, error.hint).with_traceback(error.__traceback__) from error.__cause__


def empty_path(name: str) -> UserError:
    """Return the error for an empty text in the place of a path, which would be the current folder.

    Args:
        name: of the argument or option.
    """
    return UserError(
        f"{name} is an empty text, and a path is needed", "Is a variable empty? `.` is the current folder."
    )


def no_such_data(path: Path) -> DataError:
    """Return the error that a data set does not exist, with the nearest name in its folder."""
    try:
        near = difflib.get_close_matches(path.name, [one.name for one in path.parent.iterdir()], n=1)
    except OSError:
        near = []
    nearest = f"; the nearest is {str(path.with_name(near[0]))!r}" if near else ""
    expected = "the path of a table" if path.suffix else "the folder that contains train.csv, or a table"
    return DataError(f"{path} does not exist{nearest}", f"Expected: {expected}.")


def not_a_file(path: str | Path) -> str:
    """Return a sentence about a path that should be a file and is none."""
    try:
        mode = Path(path).expanduser().stat().st_mode
    except (OSError, ValueError):
        return f"{path} does not exist"
    return f"{path} is {what_it_is(mode)}, not a file"


class Problems:
    """Collects what several checks find, for one `UserError`.

    Attributes:
        about: put before each problem.
    """

    def __init__(self) -> None:
        self.about = ""
        self._found: dict[str, None] = {}
        self._hints: dict[str, None] = {}
        self._kinds: set[type[UserError]] = set()

    def __len__(self) -> int:
        return len(self._found)

    def add(self, problem: str, hint: str = "", kind: type[UserError] = UserError) -> None:
        """Add a problem, what to do about it, and the class of an error that has no other problems."""
        self._kinds.add(kind)
        self._found[self.about + problem] = None
        self._hints[hint] = None

    def collect(self, check: Callable[[], Result]) -> Result | None:
        """Return the result of a check, or None after adding its problems."""
        try:
            return check()
        except UserError as error:
            for problem in error.problems:
                self.add(problem, error.hint, type(error))
            return None

    def stop(self) -> None:
        """Raise everything that was found, if there is anything."""
        if self._found:
            kind = next(iter(self._kinds)) if len(self._kinds) == 1 else UserError
            raise kind(list(self._found), " ".join(hint for hint in self._hints if hint))
