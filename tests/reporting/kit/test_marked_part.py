"""Parts of pages that are written again: the rest stays, and other files are never changed."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from sketchfit.reporting.kit.marked_part import marked_part, replace_part


def test_only_the_part_of_that_name_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    first, second = (marked_part(name, Markup("<p>old</p>")) for name in ("first", "second"))
    page.write_text(f"before{first}between{second}after", encoding="utf-8")
    assert replace_part(page, "second", Markup("<p>new</p>"))
    assert page.read_text(encoding="utf-8") == f"before{first}between{marked_part('second', Markup('<p>new</p>'))}after"


def test_a_page_without_the_part_stays_as_it_is(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert not replace_part(page, "first", Markup("x"))
    assert not page.exists()
    page.write_text("<!-- first -->cut off", encoding="utf-8")
    assert not replace_part(page, "first", Markup("x"))
    assert page.read_text(encoding="utf-8") == "<!-- first -->cut off"


def test_a_part_that_is_the_same_is_not_written_again(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(str(marked_part("first", Markup("x"))), encoding="utf-8")
    before = page.stat().st_mtime_ns
    assert replace_part(page, "first", Markup("x"))
    assert page.stat().st_mtime_ns == before
