"""Read the user's YAML files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from sketchfit.errors import UserError


def read_yaml(path: Path) -> Any:
    """Return the value in a YAML file: UTF-8, or UTF-16 with a byte order mark.

    Raises:
        UserError: it cannot be read, is in another encoding, or is not valid YAML.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}") from error
    return parse_yaml(content, str(path))


def parse_yaml(content: str | bytes, origin: str) -> Any:
    """Return the value of YAML text or of a YAML file's content; `origin` is what messages call it.

    Raises:
        UserError: it is in another encoding, or is not valid YAML.
    """
    try:
        return yaml.safe_load(content)
    except UnicodeDecodeError as error:
        raise UserError(f"{origin} is not UTF-8 text: {error.reason} at byte {error.start}", _SAVE) from error
    except yaml.reader.ReaderError as error:
        raise UserError(f"{origin} is not UTF-8 text: {error.reason} at byte {error.position}", _SAVE) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date such as 2026-13-45
        raise UserError(f"{origin} is not valid YAML: {error}") from error


_SAVE = "Save it as UTF-8."
