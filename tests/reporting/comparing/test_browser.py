"""The page of a comparison in a real browser: another base, filters of drawings and classes, and no script at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sketchfit.reporting.comparing.costs import RunCost
from sketchfit.reporting.comparing.page import ComparedRun, comparison_page
from sketchfit.reporting.comparing.paired import PairedRuns
from sketchfit.reporting.site.page_facts import page_facts
from tests.axe import violations
from tests.browser import resize, shared_browser
from tests.reporting.comparing.by_hand import by_hand

__all__ = ["shared_browser"]

RUNS = by_hand(
    *("".join(str(int(one)) for one in np.random.default_rng(seed).random(60) < 0.5) for seed in range(3)),
    names=("small", "large <b>", "n" * 200),
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("comparison") / "page.html"
    facts = [ComparedRun(f"runs/{k}", "resnet18", None, RunCost(2, 60.0 * (k + 1), 5.0 - k)) for k in range(3)]
    path.write_text(comparison_page(PairedRuns.of(RUNS), 1, facts, [], page_facts("compare", {})), encoding="utf-8")
    return path


@pytest.fixture(params=[(1280, False), (390, True)], ids=["desktop, light", "phone, dark"])
def shown(shared_browser: Any, page: Path, request: pytest.FixtureRequest) -> Any:
    width, dark = request.param
    resize(shared_browser, width, dark=dark)
    shared_browser.get(page.as_uri())
    return shared_browser


def texts(browser: Any, selector: str) -> list[str]:
    return [one.text for one in browser.find_elements("css selector", selector) if one.is_displayed()]


def choose(browser: Any, selector: str, value: str) -> None:
    browser.find_element("css selector", f"{selector} option[value='{value}']").click()


def test_long_names_do_not_widen_the_page(shown: Any) -> None:
    assert shown.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    assert texts(shown, "h1") == ["Comparison of 3 runs"]


def test_another_base_is_chosen(shown: Any) -> None:
    assert texts(shown, ".base-view h3") == ["Compared with large <b>"]
    choose(shown, "#base", "2")
    assert len(texts(shown, ".base-view")) == 1
    assert texts(shown, ".base-view td:first-child") == ["small", "large <b>"]
    wanted = PairedRuns.of(RUNS).compare(2, 0).top1
    cell = texts(shown, ".base-view:not([hidden]) td:nth-child(2)")[0]
    assert cell.startswith(f"{100 * wanted.value:+.1f} ")
    assert violations(shown) == []
    assert shown.get_log("browser") == []


def test_drawings_are_filtered_by_runs_and_name(shown: Any) -> None:
    right, wrong = RUNS.correct[0], ~RUNS.correct[2]
    choose(shown, "#flipped-right", "0")
    choose(shown, "#flipped-wrong", "2")
    wanted = {RUNS.paths[place] for place in np.flatnonzero(right & wrong)}
    cards = "#flipped-cards article:not([hidden]) img"
    found = {one.get_attribute("data-drawing") for one in shown.find_elements("css selector", cards)}
    assert found == wanted
    assert f"({len(wanted)} in all)" in shown.find_element("css selector", "#flipped-count").text
    one = min(wanted)
    shown.find_element("css selector", "#flipped-search").send_keys(one)
    assert {img.get_attribute("data-drawing") for img in shown.find_elements("css selector", cards)} == {one}


def test_more_drawings_are_shown_on_request(shown: Any) -> None:
    cards, more = "#flipped-cards article:not([hidden])", shown.find_element("css selector", "#flipped-more")
    total = int(((RUNS.correct.any(axis=0)) & ~RUNS.correct.all(axis=0)).sum())
    assert len(shown.find_elements("css selector", cards)) == 24
    more.click()
    assert len(shown.find_elements("css selector", cards)) == min(48, total)
    assert more.is_displayed() == (total > 48)


def test_classes_are_found_by_name(shown: Any) -> None:
    shown.find_element("css selector", "input[data-filters]").send_keys("bus")
    assert texts(shown, "#class-table td:first-child") == ["bus"]


def test_without_scripts_all_drawings_and_the_base_of_the_command_are_there(shared_browser: Any, page: Path) -> None:
    shared_browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        shared_browser.get(page.as_uri())
        assert texts(shared_browser, ".base-view h3") == ["Compared with large <b>"]
        cards = shared_browser.find_elements("css selector", "#flipped-cards article")
        assert len(cards) > 24
        assert all(card.is_displayed() for card in cards)
        assert not shared_browser.find_element("css selector", "#flipped-controls").is_displayed()
    finally:
        shared_browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
