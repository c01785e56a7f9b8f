"""Addresses of models on the hub: `hf://owner/name`, with `@revision` for a branch, a tag or a commit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sketchfit.errors import UserError

SCHEME = "hf:"
EXAMPLE = "For example: hf://owner/name"

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_REPOSITORY = re.compile(rf"({_NAME}/{_NAME})(?:@([A-Za-z0-9][\w./-]*))?")
MOST_NAME = 96
"""Characters of a name on the hub."""


@dataclass(frozen=True)
class HubAddress:
    """A model on the hub.

    Attributes:
        repository: `owner/name`.
        revision: branch, tag or commit; None: the main branch.
    """

    repository: str
    revision: str | None = None

    @classmethod
    def parse(cls, text: str | Path) -> Self:
        """Read `hf://owner/name`, `hf:/owner/name` (a path has no double slash) or `owner/name`.

        >>> HubAddress.parse("hf://me/doodles@v1")
        HubAddress(repository='me/doodles', revision='v1')

        Raises:
            UserError: it is none.
        """
        name = re.sub(rf"^{SCHEME}/*", "", str(text))
        found = _REPOSITORY.fullmatch(name)
        if found is None or any(len(part) > MOST_NAME for part in found[1].split("/")) or _is_confusing(name):
            raise UserError(f"{str(text)!r} is no model on the hub", EXAMPLE)
        return cls(found[1], found[2])

    def __str__(self) -> str:
        """`hf://owner/name@revision`."""
        return f"{SCHEME}//{self.repository}" + (f"@{self.revision}" if self.revision else "")


def is_on_hub(text: str | Path) -> bool:
    """Return whether a text is an address on the hub, well-formed or not, rather than a path.

    >>> is_on_hub("hf://me/doodles"), is_on_hub(Path("hf://me/doodles")), is_on_hub("runs/first")
    (True, True, False)
    """
    return str(text).startswith(f"{SCHEME}/")


def _is_confusing(name: str) -> bool:
    """Return whether the hub refuses a name, or it would lead out of a folder."""
    return any(part in name for part in ("--", "..", "//")) or name.endswith(".git")
