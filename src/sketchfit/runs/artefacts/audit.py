"""What the audit found."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from sketchfit.runs.artefact import Artefact


class AuditFindings(Artefact):
    """What the audit found; docs/audit.md describes the further keys. Without an audit, notes and unreadable images.

    Attributes:
        notes: on the tables, one sentence each.
        unreadable: `train` and `test` to a mapping from an image's path to the reason.
    """

    model_config = ConfigDict(extra="allow")
    PLACE = "audit/findings.json"
    notes: tuple[str, ...] = ()
    unreadable: dict[str, dict[str, str]] = Field(default={})


class AuditDone(Artefact):
    """That an audit is finished: the digest of its inputs."""

    PLACE = "audit/done.json"
    key: str
