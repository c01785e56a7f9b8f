"""The report in a real browser: no error on its console, and its controls work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sketchfit.reporting.run import shown_rows, slices, sprites
from sketchfit.reporting.run.run_report import write_report
from tests.factories import write_run


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    return write_report(write_run(folder / "run", folder / "data"))


@pytest.mark.parametrize("width", [1280, 390])
def test_the_controls_work(shared_browser: Any, page: Path, width: int) -> None:
    browser = shared_browser
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500},
    )
    browser.get(page.as_uri())
    find, all_of = (
        (lambda css: browser.find_element("css selector", css)),
        (lambda css: browser.find_elements("css selector", css)),
    )
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width

    # Sort the classes by what is right, from the keyboard, up and down.
    values = lambda: [float(cell.get_attribute("data-v")) for cell in all_of("#class-table tbody td:nth-child(2)")]  # noqa: E731
    head = find("#class-table th:nth-child(2) button")
    head.send_keys("\n")
    assert values() == sorted(values())
    head.send_keys("\n")
    assert values() == sorted(values(), reverse=True)
    assert find("#class-table th:nth-child(2)").get_attribute("aria-sort") == "descending"

    # Open a class, show its errors, close it with Escape.
    browser.execute_script("arguments[0].click()", find("#class-table tbody button"))
    dialog = find("#class-dialog")
    assert dialog.is_displayed()
    assert len(all_of("#class-drawings .thumb")) == 20
    find("#class-kinds button[value=wrong]").click()
    wrong = len(all_of("#class-drawings .thumb"))
    assert wrong == len(all_of("#class-drawings .thumb.wrong")) < 20
    dialog.send_keys("\ue00c")
    assert not dialog.is_displayed()

    # Open the drawings of a slice.
    part = find("[data-slice]")
    browser.execute_script("arguments[0].click()", part)
    assert find("#class-title").text == part.get_attribute("data-title")
    assert len(all_of("#class-drawings .thumb")) == min(60, int(part.get_attribute("data-count")))
    dialog.send_keys("\ue00c")

    # Filter errors by class and by reason.
    cards = lambda: all_of("#gallery article:not([hidden])")  # noqa: E731
    before = len(cards())
    find("#gallery-search").send_keys("class <3>")
    assert 0 < len(cards()) <= before
    assert all("class <3>" in card.text for card in cards())
    find("#gallery-search").clear()
    browser.execute_script(
        "const kind = document.querySelector('#gallery-kind'); kind.value = 'disagreement';"
        "kind.dispatchEvent(new Event('change'))"
    )
    assert cards()

    # Every picture has loaded, the theme changes, and the console has no message.
    assert browser.execute_script(
        "return [...document.querySelectorAll('img')].every(i => i.loading === 'lazy' || i.naturalWidth > 0)"
    )
    before_theme = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    browser.execute_script("document.querySelector('#theme').click()")
    assert browser.execute_script("return getComputedStyle(document.body).backgroundColor") != before_theme
    assert browser.get_log("browser") == []


def test_a_page_with_a_sample_counts_all_drawings(
    shared_browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shown_rows, "MOST_SHOWN", 30)
    monkeypatch.setattr(slices, "SHOWN", 1)
    page = write_report(write_run(tmp_path / "run", tmp_path / "data"), overrides=["report.embedding=12"])
    shared_browser.get(page.as_uri())
    read = shared_browser.execute_script
    assert read("return document.querySelector('.alarm').textContent").count("120 drawings") == 1
    assert read("return totals.reduce((a, b) => a + b)") == 120
    assert 30 <= read("return byClass.flat().length") < 120
    assert read(
        "return byClass.flat().every((place) => rows.path[place] && thumb(place).title.includes(rows.path[place]))"
    )
    text = read("openClass(0); return document.querySelector('#class-text').textContent")
    assert "in a sample of the 20 of this class" in text
    severe = [entry for entry in shared_browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert severe == []


def test_a_class_with_several_sprites_shows_its_own_pictures(
    shared_browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sprites, "MOST_IN_SPRITE", 12)
    page = write_report(write_run(tmp_path / "run", tmp_path / "data"), overrides=["report.thumbnail=32"])
    shared_browser.get(page.as_uri())
    read = shared_browser.execute_script
    assert read("return sprites.length") == 12
    styles = read(
        "return byClass[1].map((place) => { const style = thumb(place).style;"
        " return [sprites.indexOf(style.backgroundImage.slice(5, -2)), style.backgroundPosition]; })"
    )
    first, second = [[2, f"{-32 * k}px 0px"] for k in range(12)], [[3, f"{-32 * k}px 0px"] for k in range(8)]
    assert [[number, position.replace("-0px", "0px")] for number, position in styles] == first + second


def test_a_large_class_opens_with_some_of_its_drawings(shared_browser: Any, page: Path) -> None:
    shared_browser.get(page.as_uri())
    read = shared_browser.execute_script
    read("openDrawings('all', '', '', Array.from({ length: 90000 }, (_, k) => k % 120))")
    shown = "return document.querySelectorAll('#class-drawings .thumb').length"
    assert read(shown) == 200
    more = shared_browser.find_element("css selector", "#class-more")
    more.click()
    assert read(shown) == 400
    read("openDrawings('some', '', '', Array.from({ length: 250 }, (_, k) => k % 120))")
    assert read(shown) == 200
    more.click()
    assert read(shown) == 250
    assert not more.is_displayed()
