"""Frames with tables: what they show without scrolling, and how they show that there is more."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.browser import resize

TEMPLATES = files("sketchfit.reporting") / "templates"


def text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def write_table(path: Path, rows: int, columns: int) -> Path:
    styles = "".join(text(f"styles/{name}.css") for name in ("theme", "page", "tables", "narrow"))
    scripts = "".join(text(f"scripts/{name}.js") for name in ("common", "scroll_regions"))
    body = f"<tr>{'<td>a longer text</td>' * columns}</tr>" * rows
    path.write_text(
        f"<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'><style>{styles}</style>"
        f"<main id=main><section><h2>T</h2><div class=scroll>"
        f"<table><thead><tr>{'<th>n</th>' * columns}</tr></thead><tbody>{body}</tbody></table></div></section></main>"
        f"<script>{scripts}</script>",
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize(("rows", "cut"), [(1, False), (16, False), (20, False), (60, True)])
def test_short_tables_are_complete(shared_browser: Any, tmp_path: Path, width: int, rows: int, cut: bool) -> None:
    resize(shared_browser, width, 844)
    shared_browser.get(write_table(tmp_path / "page.html", rows, 2).as_uri())
    frame = "const one = document.querySelector('.scroll'); return one.scrollHeight > one.clientHeight + 1"
    assert shared_browser.execute_script(frame) == cut


def test_the_edge_fades_until_the_last_column(shared_browser: Any, tmp_path: Path) -> None:
    browser = shared_browser
    resize(browser, 390, 844)
    browser.get(write_table(tmp_path / "page.html", 3, 9).as_uri())
    more = "return document.querySelector('.scroll').classList.contains('more')"
    assert browser.execute_script(more)
    browser.execute_async_script(
        "const frame = document.querySelector('.scroll'), done = arguments[0];"
        "frame.addEventListener('scroll', () => setTimeout(done), {once: true}); frame.scrollLeft = 1e6"
    )
    assert not browser.execute_script(more)
    browser.get(write_table(tmp_path / "page.html", 3, 1).as_uri())
    assert not browser.execute_script(more)
