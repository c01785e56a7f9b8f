"""Errors for the user: what is wrong, where (file, row, key), what to do."""

from __future__ import annotations

from collections.abc import Sequence


class UserError(Exception):
    """A mistake in the user's input: printed as text, never as a traceback.

    Args:
        problems: all that were found, one sentence each, so that one run reports them together.
        hint: what to do.
    """

    def __init__(self, problems: str | Sequence[str], hint: str = "") -> None:
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        self.hint = hint
        super().__init__("\n".join([*self.problems, *([hint] if hint else [])]))
