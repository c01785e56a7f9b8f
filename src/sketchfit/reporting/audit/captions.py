"""Single thumbnails of the audit's page, with their captions."""

from __future__ import annotations

from dataclasses import dataclass

from sketchfit.auditing.audit import Audit
from sketchfit.reporting.kit.thumbnails import data_uri, from_jpeg, webp


@dataclass(frozen=True)
class CaptionedThumbnail:
    """A thumbnail and its caption.

    Attributes:
        uri: `data:` address; empty where there is no picture.
        path: image file, as in the table.
        label: its class, or `test`.
        value: of the trait that the picture is an example of.
        training: whether it is a training image, whose label can be reviewed.
        suggested: class that is suggested for it; empty without one.
    """

    uri: str
    path: str
    label: str
    value: str = ""
    training: bool = False
    suggested: str = ""


def captioned(audit: Audit, row: int, value: str = "", suggested: str = "") -> CaptionedThumbnail:
    """Caption the thumbnail of a row with its class (or `test`) and a value."""
    content, name = audit.thumbnails[row], audit.class_of(row)
    uri = data_uri(webp(from_jpeg(content))) if content else ""
    return CaptionedThumbnail(uri, audit.paths[row], name or "test", value, name is not None, suggested)
