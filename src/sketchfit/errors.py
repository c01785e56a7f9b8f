"""Errors that speak to the user: what is wrong, where (file, row, key), what to do."""

from __future__ import annotations

from collections.abc import Sequence


class UserError(Exception):
    """A mistake in what the user gave: shown as words, never as a traceback.

    Args:
        problems: one sentence a problem. All that were found, so that one run shows them all.
        hint: what to do about it.
    """

    def __init__(self, problems: str | Sequence[str], hint: str = "") -> None:
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        self.hint = hint
        super().__init__("\n".join([*self.problems, *([hint] if hint else [])]))
