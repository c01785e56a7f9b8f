"""The example and the pictures of the documentation are those of the current pages."""

from __future__ import annotations

from tools.page_sources import ROOT, digest, read_record, templates, write_record

EXAMPLE, IMAGES = ROOT / "docs" / "example", ROOT / "docs" / "images"


def test_a_digest_depends_on_contents_and_not_on_line_ends(tmp_path):
    one, other = tmp_path / "a.css", tmp_path / "b.css"
    one.write_bytes(b"p {\r\n}\r\n")
    other.write_bytes(b"p {\n}\n")
    assert digest([one]) == digest([other])
    other.write_bytes(b"p {\n }\n")
    assert digest([one]) != digest([other])


def test_a_record_is_read_as_it_was_written(tmp_path):
    write_record(tmp_path, {"report.png": "0a"})
    assert read_record(tmp_path) == {"report.png": "0a"}


def test_the_example_was_made_with_the_current_templates():
    assert len(templates()) > 50
    assert read_record(EXAMPLE)["templates"] == digest(templates()), "run: make example DATA=folder WEIGHTS=file"


def test_the_pictures_show_the_current_example():
    shown = read_record(IMAGES)
    assert set(shown) == {"report.png", "audit.png"}
    for name, source in shown.items():
        page = EXAMPLE / name.removesuffix(".png") / "index.html"
        assert source == digest([page]), f"{name}: run: python -m tools.screenshots"
