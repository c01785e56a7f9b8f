"""Where a folder comes from: machine, versions, workers, the runs of an ensemble, what it is a copy of; and that a run
is finished."""

from __future__ import annotations

from pathlib import Path

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


class WorkersRecord(Artefact):
    """How the networks of a run are trained at the same time; on CPUs their bits depend on the threads.

    Attributes:
        threads: of each network's training, and of everything else in the run.
        gpus: GPUs of each, or a part of one; 0: it is trained on a CPU.
    """

    PLACE = "workers.json"
    threads: int
    gpus: float = 0.0


class CopyOf(Artefact):
    """The folder that a snapshot was copied from, absolute."""

    PLACE = "copy_of.json"
    folder: Path


class Finished(Artefact):
    """That all stages of a run are done, for the settings and rows that have these digests.

    Attributes:
        recipe: digest of the settings that decide the answers.
        inputs: digest of all rows.
        table_id: digest of the tables.
        files: what the answers consist of, relative to the folder.
    """

    PLACE = "finished.json"
    recipe: str
    inputs: str
    table_id: str
    files: tuple[str, ...] = ()
