"""Images in bodies of three kinds; what is no body of its kind is refused, never an exception of another class."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.serving.refused import Refused
from sketchfit.serving.uploads import Unusable, parse_uploads

FORM = "multipart/form-data; boundary=XX"


def form(*parts: tuple[str, bytes]) -> bytes:
    """A form of (disposition, content) per part."""
    pieces = [
        f"--XX\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + data + b"\r\n" for head, data in parts
    ]
    return b"".join(pieces) + b"--XX--\r\n"


def refusal(body: bytes, kind: str, most: int = 5) -> int:
    with pytest.raises(Refused) as found:
        parse_uploads(body, kind, most)
    return found.value.status


@pytest.mark.parametrize("kind", ["image/png", "", "application/octet-stream", "IMAGE/JPEG; q=1"])
def test_raw_bytes_are_one_image(kind: str) -> None:
    assert parse_uploads(b"abc", kind, 5) == [b"abc"]


def test_files_of_a_form_come_in_order_and_other_fields_are_skipped() -> None:
    body = form(('name="image"; filename="a"', b"one"), ('name="top"', b"3"), ('name="x"; filename="b"', b"\r\n--X"))
    assert parse_uploads(body, FORM, 5) == [b"one", b"\r\n--X"]


def test_json_holds_base64_or_data_urls() -> None:
    text = base64.b64encode(b"abc").decode()
    body = json.dumps({"images": [text, f"data:image/png;base64,{text}", 7, "?", "data:image/png,abc"]}).encode()
    found = parse_uploads(body, "application/json; charset=utf-8", 5)
    assert found[:2] == [b"abc", b"abc"]
    assert all(isinstance(one, Unusable) for one in found[2:])
    assert parse_uploads(json.dumps({"image": text}).encode(), "application/json", 5) == [b"abc"]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"abc", "text/html", 415),
        (b"{", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"{}", "application/json", 400),
        (b'{"images": 3}', "application/json", 400),
        (b'{"images": []}', "application/json", 400),
        (b"abc", "multipart/form-data", 400),
        (b"abc", FORM, 400),
        (b"--XX--\r\n", FORM, 400),
        (form(('name="top"', b"3")), FORM, 400),
        (form(('name="a"; filename="a"', b"one"))[:-6], FORM, 400),
        (b"abc", f"multipart/form-data; boundary={'x' * 5000}", 400),
        (form(*[('name="a"; filename="a"', b"one")] * 6), FORM, 413),
        (form(*[('name="a"', b"one")] * 1001), FORM, 413),
        (json.dumps({"images": ["YQ=="] * 6}).encode(), "application/json", 413),
    ],
)
def test_other_bodies_are_refused(body: bytes, kind: str, status: int) -> None:
    assert refusal(body, kind) == status


@pytest.mark.parametrize(
    ("piece", "status"), [(b"[],", 400), (b"{},", 400), (b"1,", 413), (b'"",', 413), (b"[[[]]],", 400)]
)
def test_structures_that_take_much_memory_are_not_parsed(
    piece: bytes, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sketchfit.serving.uploads.json", None)
    assert refusal(b'{"images":[' + 1000 * piece + b"1]}", "application/json") == status


def test_as_many_images_as_allowed_are_parsed() -> None:
    url = "data:image/png;base64," + base64.b64encode(b"abc").decode()
    assert parse_uploads(json.dumps({"images": [url] * 64}).encode(), "application/json", 64) == [b"abc"] * 64


@pytest.mark.parametrize(
    ("text", "expected"), [("YW Jj\r\n\t", b"abc"), ("YWJj\u00a0", None), ("é", None), ("YW.Jj", None)]
)
def test_base64_may_have_line_ends(text: str, expected: bytes | None) -> None:
    (found,) = parse_uploads(json.dumps({"image": text}).encode(), "application/json", 5)
    assert found == expected or (expected is None and isinstance(found, Unusable))


@given(st.binary(max_size=300), st.sampled_from([FORM, "application/json", "multipart/form-data; boundary", "image/x"]))
def test_no_body_raises_anything_else(body: bytes, kind: str) -> None:
    for content in (body, form(('name="a"; filename="a"', body)), b"--XX\r\n" + body):
        status = 200
        try:
            parse_uploads(content, kind, 5)
        except Refused as error:
            status = error.status
        assert status in (200, 400, 413, 415)


@given(st.lists(st.binary(max_size=100), min_size=1, max_size=5))
def test_a_form_gives_back_what_was_put_in(contents: list[bytes]) -> None:
    if any(b"\r\n--XX" in b"\r\n" + content for content in contents):
        return
    assert parse_uploads(form(*(('name="a"; filename="a"', content) for content in contents)), FORM, 5) == contents
