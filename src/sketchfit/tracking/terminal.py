"""The rich console of a run: it never stops the run, and prints texts as they are, without markup, emoji or control
characters."""

from __future__ import annotations

from typing import IO, Any, cast

from rich.console import Console as RichConsole
from rich.text import Text

from sketchfit.printing import lenient
from sketchfit.visible import visible


class Terminal(RichConsole):
    """Prints on standard output, which is looked up at each text: it may be redirected later.

    Args:
        quiet: print nothing.
    """

    def __init__(self, quiet: bool = False) -> None:
        super().__init__(highlight=False, markup=False, emoji=False, soft_wrap=True, quiet=quiet, force_jupyter=False)

    @property
    def file(self) -> IO[str]:
        """The stream that is written; its errors are no errors of the run."""
        return cast(IO[str], lenient(super().file))

    @file.setter
    def file(self, new_file: IO[str]) -> None:
        self._file = new_file

    def render_str(self, text: str, **options: Any) -> Text:
        """Return a text of a line or a table with visible control characters."""
        return super().render_str(visible(text), **options)
