"""Review of labels in a real browser: select drawings, decide, undo, reload."""

from __future__ import annotations

from pathlib import Path

import pytest

from sketchfit.runs.run import Run
from tests.axe import violations
from tests.browser import resize
from tests.reporting.review_page import SIZES, Page, page

__all__ = ["page"]


@pytest.mark.parametrize(("width", "dark"), SIZES)
def test_drawings_are_reviewed_with_the_keyboard(page: Page, width: int, dark: bool) -> None:
    resize(page.browser, width, dark=dark)
    page.press("n")
    (first,) = page.selected
    assert first in page.status
    page.press("x")
    assert page.decisions == {first: "exclude"}
    page.press("n")
    (second,) = page.selected
    page.press("r")
    assert page.decisions == {first: "exclude", second: "right"}
    page.press("p")
    assert page.selected == [first]
    page.press("\ue014")  # the right arrow
    assert page.selected == [second]
    page.press("A")  # accept, and go to the next one
    assert page.decisions[second] == "correct"
    (third,) = page.selected
    assert third not in {first, second}
    page.press("u")
    assert (page.decisions[second], page.selected) == ("right", [second])
    page.press("u")
    page.press("u")
    assert page.count == 0
    assert not page.find("#review-help").is_displayed()
    page.press("?")
    assert page.find("#review-help").is_displayed()
    page.press("?")
    page.press("\ue00c")
    assert page.selected == []
    assert page.js("return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("width", "dark"), SIZES)
def test_the_buttons_do_what_the_keys_do(page: Page, width: int, dark: bool) -> None:
    resize(page.browser, width, dark=dark)
    assert not page.find("#review-actions").is_displayed()
    page.click("[data-drawing]")
    (path,) = page.selected
    for name, wanted in (("accept", "correct"), ("right", "right"), ("exclude", "exclude")):
        page.find(f"[data-review={name}]").click()
        assert page.decisions == {path: wanted}
    page.find("[data-review=undo]").click()
    assert page.decisions == {path: "right"}
    page.find("[data-review=next]").click()
    assert page.selected != [path]
    page.find("[data-review=previous]").click()
    assert page.selected == [path]
    page.find("[data-review=clear]").click()
    assert page.selected == []
    page.find("[data-review=panel]").click()
    assert "1 confirmed" in page.find("#review-summary").text
    page.find("#review-list button").click()
    assert page.count == 0
    box = page.js("const box = document.querySelector('#review').getBoundingClientRect(); return [box.left, box.right]")
    assert 0 <= box[0] < box[1] <= width


def test_why_nothing_was_decided_is_stated(page: Page) -> None:
    """A drawing of an unknown label has no decision, and one that is predicted right has no suggestion."""
    page.js("document.querySelector('#gallery').insertAdjacentHTML('afterbegin', '<i data-drawing=\"odd.png\">x</i>')")
    page.click("[data-drawing='odd.png']")
    for name in ("exclude", "right"):
        page.do(name)
        assert "label is unknown" in page.status
        assert "suggestion" not in page.status
    page.js("openClass(rows.label.find((_, place) => isRight(place)))")
    page.click("#class-drawings .thumb.right")
    page.press("a")
    assert "There is no suggestion" in page.status
    assert page.count == 0


def test_the_bar_appears_with_the_first_drawing(page: Page) -> None:
    resize(page.browser, 390, 200)
    page.open()
    page.js("scrollTo(0, 0)")
    assert not page.find("#review").is_displayed()
    page.press("?")
    assert page.find("#review").is_displayed()
    page.open()
    page.js("scrollTo(0, 0)")
    assert not page.find("#review").is_displayed()
    page.js("document.querySelector('#gallery [data-drawing]').scrollIntoView()")
    assert page.wait_for("return !document.querySelector('#review').hidden")
    page.js("scrollTo(0, 0)")
    assert page.find("#review").is_displayed()


def test_the_open_bar_obeys_the_rules_of_accessibility(page: Page) -> None:
    for keys in "nxnrna":
        page.press(keys)
    for name in ("panel", "help"):
        page.do(name)
        for width, dark in ((1280, True), (390, False)):
            resize(page.browser, width, dark=dark)
            assert violations(page.browser, within="#review") == []


def test_a_label_is_corrected_to_a_class_by_its_name(page: Page, reviewed_run: Path) -> None:
    page.press("n")
    (path,) = page.selected
    opened = Run.open(reviewed_run)
    own = opened.rows.label[opened.rows.paths.index(path)]
    other = next(name for index, name in enumerate(opened.table.class_names) if index != own)
    page.press("c")
    page.press("no such class\n")
    assert page.count == 0
    field = page.find("#review-class")
    field.clear()
    field.send_keys(other.upper() + "\n")
    assert page.decisions == {path: "correct"}
    assert other in page.status
    page.press("c")
    page.press(f"{opened.table.class_names[own]}\n")
    assert page.decisions == {path: "right"}  # its own class


def test_several_drawings_are_decided_together(page: Page) -> None:
    drawings = ".pair-thumbs [data-drawing]"
    paths = page.js("return [...document.querySelectorAll(arguments[0])].map((node) => node.dataset.drawing)", drawings)
    page.click(drawings, 0)
    page.click(drawings, 3, shiftKey=True)
    assert page.selected == paths[:4]
    page.click(drawings, 1, ctrlKey=True)
    assert set(page.selected) == {paths[0], *paths[2:4]}
    page.press("x")
    assert set(page.decisions) == set(page.selected)
    page.press("u")
    assert page.count == 0
    page.do("several")
    page.click(drawings, 5)
    assert paths[5] in page.selected
    page.do("clear")
    page.click(drawings, 0)
    page.press("g")
    assert page.selected == page.drawings(".pair-thumbs")
    page.click(drawings, 2)
    page.click(drawings, 2)
    assert page.selected == []


def test_decisions_survive_a_reload_and_show_on_each_picture_of_a_drawing(page: Page) -> None:
    page.click("#gallery [data-drawing]")
    (path,) = page.selected
    page.press("x")
    page.open()
    assert page.decisions == {path: "exclude"}
    assert page.drawings().count(path) > 1
    decided = "(node) => [node.dataset.drawing, node.dataset.decision]"
    shown = page.js(f"return [...document.querySelectorAll('[data-drawing]')].map({decided})")
    assert {decision for one, decision in shown if one == path} == {"exclude"}
    page.press("u")
    assert page.count == 0


def test_drawings_in_a_dialog_are_reviewed_there(page: Page) -> None:
    page.click("#class-table [data-class]")
    page.press("n")
    (path,) = page.selected
    assert page.find("dialog [aria-current=true]").get_attribute("data-drawing") == path
    page.find("[data-review=exclude]").click()  # it is above the dialog
    assert page.decisions[path] == "exclude"
    page.press("\ue00c")
    assert not page.find("#class-dialog").is_displayed()
    assert page.selected == []
    assert page.find("#review").is_displayed()
    assert page.count == 1


def test_shortcuts_can_be_switched_off(page: Page) -> None:
    page.press("?")
    page.find("#review-keys").click()
    page.press("n")
    assert page.selected == []
    page.open()
    page.press("n")
    assert page.selected == []
