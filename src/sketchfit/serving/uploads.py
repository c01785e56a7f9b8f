"""The images in the body of a request: raw bytes, a form with files, or JSON with base64."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from python_multipart.multipart import parse_options_header

from sketchfit.serving.forms import file_parts
from sketchfit.serving.refused import Refused

RAW = ("application/octet-stream", "application/x-www-form-urlencoded", "")
"""Content types of raw bytes, besides `image/…`; the second one is what `curl --data-binary` sends."""

DATA_URL = "data:"

FEW = 64
"""Brackets and commas of a JSON body besides those of its images."""

SPACE = b" \t\r\n"


@dataclass(frozen=True)
class Unusable:
    """A part of a request that holds no image.

    Attributes:
        reason: one sentence.
    """

    reason: str


Part = bytes | Unusable


def parse_uploads(body: bytes, content_type: str, most: int) -> list[Part]:
    """Return the images of a request in order; one that is no image does not affect the others.

    Args:
        body: of the request, not empty.
        content_type: its header.
        most: number of images.

    Raises:
        Refused: the body cannot be parsed (400), it holds too many images (413), or its type is another (415).
    """
    kind, options = parse_options_header(content_type)
    name = kind.decode("latin-1").lower()
    if name == "multipart/form-data":
        parts: list[Part] = list(file_parts(body, options.get(b"boundary", b""), most))
    elif name == "application/json":
        parts = _json_parts(body, most)
    elif name in RAW or name.startswith("image/"):
        parts = [body]
    else:
        raise Refused(415, "send image bytes (Content-Type: image/png), multipart/form-data, or application/json")
    if not parts:
        raise Refused(400, "the request holds no image")
    if len(parts) > most:
        raise too_many(most)
    return parts


def too_many(most: int) -> Refused:
    """Return the error for more images than one request may hold."""
    return Refused(413, f"one request may hold {most} images at most")


def _json_parts(body: bytes, most: int) -> list[Part]:
    """Return the images of `{"images": [base64, …]}` or `{"image": base64}`; data URLs are accepted.

    Base64 has neither brackets nor commas. So a body with many of them is refused before it is parsed: a list of empty
    lists takes twenty times the memory of its text, and seconds in which nothing else is answered.
    """
    if body.count(b"[") + body.count(b"{") > FEW:
        raise Refused(400, "the request has more lists and objects than images need")
    if body.count(b",") > 2 * most + FEW:
        raise too_many(most)
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(400, "the request is no valid JSON") from error
    found = content.get("images", content.get("image")) if isinstance(content, dict) else None
    texts = [found] if isinstance(found, str) else found
    if not isinstance(texts, list):
        raise Refused(400, 'expected JSON is {"images": ["base64 of an image file", …]}')
    return [_decoded(text) for text in texts]


def _decoded(text: Any) -> Part:
    if not isinstance(text, str):
        return Unusable("is no text with base64")
    if text.startswith(DATA_URL):
        head, _, text = text.partition(",")
        if not head.endswith(";base64"):
            return Unusable("is a data URL without base64")
    try:
        return base64.b64decode(text.encode("ascii").translate(None, SPACE), validate=True)
    except (binascii.Error, ValueError):  # also for texts that are not ASCII
        return Unusable("is no valid base64")
