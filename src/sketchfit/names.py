"""Names of folders that every system can make: a run's folder is moved from one system to another."""

from __future__ import annotations

from collections.abc import Iterable

DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{kind}{number}" for kind in ("com", "lpt") for number in range(1, 10))}
)
"""Names that Windows reserves, with any ending."""


def name_problem(name: str, names: Iterable[object]) -> str | None:
    """Return why a folder of this name cannot be made on every system; None where it can.

    Args:
        name: of letters, digits, `_`, `-` and `.`.
        names: of all folders next to each other.

    Example:
        >>> name_problem("nul.b0", ["nul.b0"])
        'Windows reserves the name nul'
    """
    if (stem := name.partition(".")[0]).casefold() in DEVICES:
        return f"Windows reserves the name {stem}"
    alike = (str(one) for one in names if str(one) != name and str(one).casefold() == name.casefold())
    if (other := next(alike, None)) is not None:
        return f"it differs from {other} only in capital letters, which Windows and macOS do not distinguish in names"
    return None
