"""The settings that runs do not share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sketchfit.config.scope import keys_that_decide, settings
from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.kit.formats import MISSING
from sketchfit.reporting.kit.page import flat_settings

_MEMBER = re.compile(r"^members\.[^.]+\.")
"""Before the keys of a member, which are those of a recipe."""


@dataclass(frozen=True)
class DifferingSetting:
    """A setting that differs between runs.

    Attributes:
        key: as in a recipe and after `--set`.
        values: as JSON, one per run; a dash where a run has none.
        meaning: its first sentence in the list of settings; empty where there is none.
    """

    key: str
    values: tuple[str, ...]
    meaning: str


def differing_settings(runs: Sequence[Evidence]) -> list[DifferingSetting]:
    """List the settings that differ and affect results."""
    tables = [dict(flat_settings(one.run.recipe.model_dump(mode="json"))) for one in runs]
    keys = dict.fromkeys(key for table in tables for key in table)
    ignored = keys_that_decide("nothing")
    rows = [(key, tuple(table.get(key, MISSING) for table in tables)) for key in keys if key not in ignored]
    meanings = {one.key: _first_sentence(one.field.description or "") for one in settings()}
    return [
        DifferingSetting(key, values, meanings.get(_MEMBER.sub("", key), ""))
        for key, values in rows
        if len(set(values)) > 1
    ]


def _first_sentence(text: str) -> str:
    """Return the first sentence of a description, without marks of code."""
    return re.split(r"(?<=\.) |; ", " ".join(text.split()).replace("`", ""))[0]
