"""A `.env` file: variables for this process that are kept out of recipes and of git."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, MutableMapping
from pathlib import Path

TAKEN = re.compile(r"^(SKETCHFIT_NOTIFY|(WANDB|MLFLOW|COMET|CLEARML|SWANLAB|AIM|DVC|TRACKIO)_\w+)$")
"""Names that are read; a `.env` may hold other programs' variables."""

_LINE = re.compile(r"^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$")


def read_dotenv(path: Path) -> dict[str, str]:
    """Variables of trackers and notifiers in a file of `NAME=value` lines; empty where there is no file.

    Values may be quoted; ` #` starts a comment outside of quotes; `$OTHER` is not expanded.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    found = {}
    for line in lines:
        match = _LINE.match(line)
        if match and TAKEN.match(match[1]):
            found[match[1]] = _unquoted(match[2])
    return found


def take_dotenv(path: Path, environ: MutableMapping[str, str] | None = None) -> Mapping[str, str]:
    """Put a `.env` file's variables into the environment, where trackers look for theirs; what is set there stays."""
    environ = os.environ if environ is None else environ
    for name, value in read_dotenv(path).items():
        environ.setdefault(name, value)
    return environ


def _unquoted(value: str) -> str:
    for quote in "\"'":
        if value.startswith(quote) and (end := value.find(quote, 1)) > 0:
            return value[1:end]
    return re.split(r"\s#", value, maxsplit=1)[0].strip()
