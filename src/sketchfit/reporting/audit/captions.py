"""Single thumbnails of the audit's page, with their captions."""

from __future__ import annotations

from dataclasses import dataclass

from sketchfit.audit.audit import Audit
from sketchfit.reporting.kit.thumbnails import data_uri, from_jpeg, webp


@dataclass(frozen=True)
class CaptionedThumbnail:
    """A thumbnail and its caption; `uri` is empty where there is no picture."""

    uri: str
    path: str
    label: str
    value: str = ""


def captioned(audit: Audit, row: int, value: str = "") -> CaptionedThumbnail:
    """Caption the thumbnail of a row with its class (or `test`) and a value."""
    content = audit.thumbnails[row]
    uri = data_uri(webp(from_jpeg(content))) if content else ""
    return CaptionedThumbnail(uri, audit.paths[row], audit.class_of(row) or "test", value)
