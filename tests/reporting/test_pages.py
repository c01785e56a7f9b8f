"""Pages in a real browser: they fit the screen, obey the rules of accessibility, load nothing, and report no error."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.axe import violations
from tests.browser import resize, shared_browser
from tests.reporting.pages import KINDS, write_pages

__all__ = ["shared_browser"]

SIZES = {1280: 900, 390: 844}
SCREENS = 20
"""Longest page on a phone."""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_pages(tmp_path_factory.mktemp("pages"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_fits_each_screen(shared_browser: Any, pages: dict[str, Path], kind: str) -> None:
    browser = shared_browser
    browser.get(pages[kind].as_uri())
    for width, height in SIZES.items():
        resize(browser, width, height)
        page = browser.execute_script("const d = document.documentElement; return [d.scrollWidth, d.scrollHeight]")
        assert page[0] <= width
        assert width > 500 or page[1] <= SCREENS * height
    assert browser.get_log("browser") == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_obeys_the_rules_in_both_themes(shared_browser: Any, pages: dict[str, Path], kind: str) -> None:
    browser = shared_browser
    browser.get(pages[kind].as_uri())
    browser.execute_script("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    for dark, (width, height) in zip((False, True), SIZES.items(), strict=True):  # colours do not depend on the width
        resize(browser, width, height, dark=dark)
        assert violations(browser) == []


@pytest.mark.parametrize("kind", KINDS)
def test_on_paper_everything_is_shown_on_white(shared_browser: Any, pages: dict[str, Path], kind: str) -> None:
    browser = shared_browser
    resize(browser, 1280, 900, dark=True)
    browser.get(pages[kind].as_uri())
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": dark})
    browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    found = browser.execute_script("""
      const all = (css) => [...document.querySelectorAll(css)], shown = (one) => one.getClientRects().length > 0;
      return {
        background: getComputedStyle(document.body).backgroundColor,
        bars: all("nav, .controls, .review").filter(shown).length,
        heads: all("main th").filter((one) => shown(one) && one.textContent && !one.innerText).length,
        cut: all(".scroll, .cards, .list").filter((one) => one.scrollHeight > one.clientHeight + 1).length,
        folded: all("main details:not(.reading, [open])").length,
      }""")
    browser.execute_script("dispatchEvent(new Event('afterprint'))")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    assert found == {"background": "rgb(255, 255, 255)", "bars": 0, "heads": 0, "cut": 0, "folded": 0}


def test_the_dialog_of_a_class_obeys_the_rules(shared_browser: Any, pages: dict[str, Path]) -> None:
    browser = shared_browser
    browser.get(pages["report"].as_uri())
    browser.execute_script("openClass(0)")
    for dark in (False, True):
        resize(browser, 390, 844, dark=dark)
        assert violations(browser) == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_theme_changes_and_tables_are_sorted(shared_browser: Any, pages: dict[str, Path], kind: str) -> None:
    browser = shared_browser
    browser.get(pages[kind].as_uri())
    colour = "return getComputedStyle(document.body).backgroundColor"
    browser.execute_script("Storage.prototype.setItem = () => {}")  # other pages keep their theme
    before = browser.execute_script(colour)
    browser.execute_script("document.querySelector('#theme').click()")
    assert browser.execute_script(colour) != before
    for head in browser.find_elements("css selector", "table.sortable th button"):
        browser.execute_script("arguments[0].click()", head)
    assert browser.get_log("browser") == []


def test_the_choice_of_a_theme_is_stored(browser: Any, pages: dict[str, Path]) -> None:
    stored = "return localStorage.getItem('sketchfit theme')"
    browser.get(pages["scout"].as_uri())
    browser.execute_script("document.querySelector('#theme').click()")
    chosen = browser.execute_script(stored)
    assert chosen in {"light", "dark"}
    browser.refresh()
    assert browser.execute_script(f"{stored} === document.documentElement.dataset.theme")
    assert browser.execute_script(stored) == chosen


@pytest.mark.parametrize("kind", ["report", "compare"])
def test_drawings_are_named_by_class_answer_and_probability(
    shared_browser: Any, pages: dict[str, Path], kind: str
) -> None:
    browser = shared_browser
    browser.get(pages[kind].as_uri())
    found = browser.execute_script("""
      const name = (one) => one.getAttribute("aria-label") || one.alt || "";
      const all = "#confusions [data-drawing], #errors [data-drawing], #flipped [data-drawing]";
      return [...document.querySelectorAll(all)].map((one) =>
        [one.dataset.label, name(one) || name(one.querySelector("img, [aria-label]"))])""")
    assert found
    for label, name in found:
        assert label in name
        assert re.search(r"predict(s|ed as).* with \d+(\.\d)? %", name) or "right with" in name


def test_the_rules_find_what_is_wrong(shared_browser: Any, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        "<!doctype html><html lang=en><title>t</title><main><h1>t</h1><p style='color:#aaa;background:#fff'>pale</p>"
        "<img src='data:,'></main>"
    )
    shared_browser.get(page.as_uri())
    assert {one.split(":")[0] for one in violations(shared_browser)} == {"color-contrast", "image-alt"}


def test_a_class_of_the_audit_is_found_by_name(shared_browser: Any, pages: dict[str, Path]) -> None:
    browser = shared_browser
    browser.get(pages["audit"].as_uri())
    browser.find_element("css selector", "#find").send_keys("c1")
    shown = browser.find_elements("css selector", "#class-list details:not([hidden])")
    assert [one.get_attribute("data-name") for one in shown] == ["c1"]
