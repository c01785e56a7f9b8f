"""What all public functions share: how errors leave them, and the time that they are given."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from sketchfit.disk import as_user_error
from sketchfit.errors import UserError, empty_path
from sketchfit.missing import installed_packages
from sketchfit.runs.launchers import check_alone
from sketchfit.verbosity import in_words, only_warnings

if TYPE_CHECKING:
    from sketchfit.planning.goal import Deadline, Goal


@contextmanager
def public_call(quiet: bool = False, *, writes: str | None = None) -> Iterator[None]:
    """Raise the errors of users for packages that are not installed and for a full disk, as the command line does.

    Texts of errors and of what is logged name keyword arguments in place of options.

    Args:
        quiet: print only warnings.
        writes: command that the function does, where only one process may run it; None: it writes nothing, or several
            processes run it together.

    Raises:
        RunError: several processes of a command that only one may run.
    """
    try:
        if writes is not None:
            check_alone(os.environ, f"sketchfit {writes}")
        with only_warnings(quiet), in_words(_of_python), as_user_error(), installed_packages():
            yield
    except UserError as error:
        from sketchfit.api.keyword_texts import in_words_of_python  # imports all settings

        in_words_of_python(error)
        raise


def _of_python(text: str) -> str:
    """Return a text that is logged with keyword arguments in place of options."""
    if "--" not in text:
        return text
    from sketchfit.api.keyword_texts import keyword_text  # imports all settings

    return keyword_text(text)


def check_paths(**paths: object) -> None:
    """Refuse paths that are empty texts, which would be the current folder.

    Args:
        paths: of a public function by the names of its arguments: each a path, several, or another value.

    Raises:
        UserError: one of them is an empty text.
    """
    for name, value in paths.items():
        given = value if isinstance(value, list | tuple) else [value]
        if any(isinstance(one, str) and not one.strip() for one in given):
            raise empty_path(name)


def goal_for(time: str | float | timedelta | Deadline) -> Goal:
    """Return the goal of a run that starts now and may take this time.

    Raises:
        UserError: a time of another form, or one of less than 30 seconds.
    """
    from sketchfit.planning.goal import Deadline, goal_of

    return goal_of(time if isinstance(time, Deadline) else Deadline(time))
