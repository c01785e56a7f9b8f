"""The link checker finds dead files, headings and images, and what a page would load from another host."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.check_links import external_links, wrong_links, wrong_site_links
from tools.site.markdown_links import anchors, links


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "mkdocs.yml").write_text("extra:\n  repository: &repository https://github.com/owner/name\n")
    (tmp_path / "README.md").write_text("# Name\n\n## The `main` command, first\n")
    return tmp_path


@pytest.mark.parametrize(
    ("link", "wrong"),
    [
        ("[a](../README.md)", False),
        ("[a](../README.md#the-main-command-first)", False),
        ("[a](../README.md#the-main-command)", True),
        ("[a](#part)", False),
        ("[a](#no-part)", True),
        ("[a](no.md)", True),
        ("![a](images/no.png)", True),
        ('<img src="images/no.png">', True),
        ("[![a](images/no.png)](page.md)", True),
        ("`[a](no.md)`", False),
        ("```\n[a](no.md)\n```", False),
        ("[a](https://example.org/no.md)", False),
        ("[a](https://github.com/owner/name/blob/main/README.md#the-main-command-first)", False),
        ("[a](https://github.com/owner/name/blob/main/no.md)", True),
        ("![a](https://raw.githubusercontent.com/owner/name/main/docs/no.png)", True),
    ],
)
def test_a_dead_link_of_a_markdown_file_is_found_with_its_line(root: Path, link: str, wrong: bool) -> None:
    (root / "docs" / "page.md").write_text(f"# Page\n\n## Part\n\n{link}\n")
    assert [found.startswith("docs/page.md:5: ") for found in wrong_links(root)] == [True] * wrong


def test_links_to_other_hosts_are_listed(root: Path) -> None:
    (root / "docs" / "page.md").write_text(
        "[a](https://example.org) [b](page.md)\n[c](https://github.com/owner/name/blob/main/x)"
    )
    assert list(external_links(root)) == ["docs/page.md:1: https://example.org"]


def test_headings_that_occur_twice_have_numbers() -> None:
    assert anchors("# A [link](x.md)\n## B\n## B\n```\n# C\n```\n") == {"a-link", "b", "b-1"}


def test_the_line_is_counted_across_code() -> None:
    assert list(links("```\nx\n```\n`a\nb` [c](d.md)")) == [(5, "d.md")]


@pytest.mark.parametrize(
    ("tag", "wrong"),
    [
        ('<a href="other/">', False),
        ('<a href="other/#part">', False),
        ('<a href="other/#no-part">', True),
        ('<a href="#own">', False),
        ('<a href="no/">', True),
        ('<a href="/other/index.html">', False),
        ('<a href="https://example.org/no">', False),
        ('<img src="no.png">', True),
        ('<img src="data:image/png;base64,AA">', False),
        ('<script src="https://example.org/x.js"></script>', True),
        ('<link rel="stylesheet" href="//example.org/x.css">', True),
        ('<link rel="preconnect" href="https://example.org">', True),
        ('<link rel="canonical" href="https://example.org">', False),
        ('<img srcset="other/index.html 1x, https://example.org/x.png 2x">', True),
    ],
)
def test_a_dead_link_or_foreign_file_of_the_site_is_found(tmp_path: Path, tag: str, wrong: bool) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "index.html").write_text('<h2 id="part">Part</h2>')
    (tmp_path / "index.html").write_text(f'<p id="own">{tag}')
    assert [found.startswith("index.html: ") for found in wrong_site_links(tmp_path)] == [True] * wrong


def test_a_style_sheet_that_loads_from_another_host_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a { background: url(b.png) } @import 'https://example.org/c.css';")
    assert [found.startswith("a.css: //example.org/c.css") for found in wrong_site_links(tmp_path)] == [True]
