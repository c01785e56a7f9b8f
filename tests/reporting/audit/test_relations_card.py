"""The section on related rows: written into a page again and again, and never elsewhere."""

from __future__ import annotations

from pathlib import Path

from sketchfit.reporting.audit.relations_card import relations_section, show_relations
from tests.factories import make_relations


def page_with(section: str, folder: Path) -> Path:
    page = folder / "index.html"
    page.write_text(f"<p>before</p>{section}<p>after</p>", encoding="utf-8")
    return page


def test_the_section_is_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    page = page_with(relations_section(None), tmp_path)
    assert "not tested" in page.read_text(encoding="utf-8")
    show_relations(page, make_relations())
    first = page.read_text(encoding="utf-8")
    assert first.startswith("<p>before</p>")
    assert first.endswith("<p>after</p>")
    assert "not tested" not in first
    assert "name:^(.+)_" in first
    show_relations(page, make_relations())
    assert page.read_text(encoding="utf-8") == first
    show_relations(page, None, "no <weights>")
    again = page.read_text(encoding="utf-8")
    assert "no &lt;weights&gt;" in again
    assert again.count('id="related"') == 1
    assert "name:^(.+)_" not in again


def test_pages_without_a_place_stay_as_they_are(tmp_path: Path) -> None:
    page = page_with("", tmp_path)
    show_relations(page, make_relations())
    assert page.read_text(encoding="utf-8") == "<p>before</p><p>after</p>"
    show_relations(tmp_path / "none.html", make_relations())
    assert not (tmp_path / "none.html").exists()


def test_damaged_text_elsewhere_in_the_page_stops_nothing(tmp_path: Path) -> None:
    page = page_with(relations_section(None), tmp_path)
    page.write_bytes(page.read_bytes().replace(b"before", b"bef\xe2\x28re"))
    show_relations(page, make_relations())
    assert "name:^(.+)_" in page.read_text(encoding="utf-8")
