"""Where a folder comes from: machine and versions, and the runs of an ensemble."""

from __future__ import annotations

from pydantic import Field

from sketchfit.runs.artefact import Artefact


class Environment(Artefact):
    """Machine and versions, without anything secret."""

    PLACE = "environment.json"
    python: str
    platform: str = ""
    cpus: int | None = None
    command: str = ""
    packages: dict[str, str | None] = Field(default={})


class Sources(Artefact):
    """What an ensemble of runs is made of: a run's name to its folder, and a submission's path to its accuracy."""

    PLACE = "ensemble/sources.json"
    runs: dict[str, str]
    submissions: dict[str, float]
