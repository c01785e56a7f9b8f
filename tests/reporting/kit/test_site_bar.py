"""The bar of pages: written into a page that has one, with names as text."""

from __future__ import annotations

from pathlib import Path

from sketchfit.reporting.kit.page import render
from sketchfit.reporting.kit.site_bar import PageLink, write_bar


def test_the_bar_of_a_page_is_written_again(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(render("base", title="a <page>", site=[PageLink("Audit", "index.html", current=True)]))
    assert write_bar(page, [PageLink("a <b>", "../index.html"), PageLink("Audit", "index.html", current=True)])
    text = page.read_text(encoding="utf-8")
    assert '<a href="../index.html">a &lt;b&gt;</a>' in text
    assert text.count('aria-current="page"') == 1
    assert "<title>a &lt;page&gt;</title>" in text


def test_a_page_without_sections_has_no_bar_of_them() -> None:
    assert 'aria-label="Sections"' not in render("base", title="t")
    assert 'href="#first"' in render("base", title="t", links=[("first", "First")])
