"""Review of labels in a real browser: select, decide, undo, reload, download, load, continue."""

from __future__ import annotations

import csv
import shlex
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sketchfit.audit import AuditSettings, run_audit
from sketchfit.config.data import DataSection
from sketchfit.data.own_tables import LABEL_ISSUES
from sketchfit.data.review import review_table
from sketchfit.data.table import Table
from sketchfit.reporting.audit.audit_page import write_audit_page
from sketchfit.reporting.run.run_report import write_report
from sketchfit.runs.run import Run
from tests.audit.audit_sets import make_table, png, scribble
from tests.axe import violations
from tests.browser import resize, shared_browser
from tests.factories import Cli

__all__ = ["shared_browser"]

OFF = ["report.attribution=0", "report.robustness=0", "report.embedding=0"]
"""Sections of the report that need networks."""

SIZES = [(1280, False), (1280, True), (390, False), (390, True)]


class Page:
    """A page with the bar, opened without decisions."""

    def __init__(self, browser: Any, path: Path, downloads: Path) -> None:
        self.browser, self.path, self.downloads = browser, path, downloads
        downloads.mkdir(exist_ok=True)
        browser.execute_cdp_cmd("Page.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(downloads)})
        browser.get(path.as_uri())
        browser.execute_script("localStorage.clear()")
        self.open()

    def open(self) -> None:
        self.browser.get(self.path.as_uri())

    def js(self, script: str, *arguments: Any) -> Any:
        return self.browser.execute_script(script, *arguments)

    def find(self, css: str) -> Any:
        return self.browser.find_element("css selector", css)

    def press(self, keys: str) -> None:
        """Press keys, one after the other, wherever the focus is."""
        self.browser.switch_to.active_element.send_keys(keys)

    def click(self, css: str, place: int = 0, **keys: bool) -> None:
        """Click an element, with keys held down."""
        event = "new MouseEvent('click', {bubbles: true, ...arguments[2]})"
        self.js(f"document.querySelectorAll(arguments[0])[arguments[1]].dispatchEvent({event})", css, place, keys)

    def do(self, name: str) -> None:
        """Click a button of the bar."""
        self.js("document.querySelector(`[data-review=${arguments[0]}]`).click()", name)

    def drawings(self, within: str = "body") -> list[str]:
        """Paths of the drawings in an element, in their order."""
        shown = "document.querySelector(arguments[0]).querySelectorAll('[data-drawing]')"
        return list(self.js(f"return [...{shown}].map((node) => node.dataset.drawing)", within))

    @property
    def selected(self) -> list[str]:
        """Paths of the selected drawings that the page shows, each once."""
        found = self.js("return [...document.querySelectorAll('.selected')].map((node) => node.dataset.drawing)")
        return list(dict.fromkeys(found))

    @property
    def decisions(self) -> dict[str, str]:
        """Path to `exclude`, `right` or `correct`, of the drawings that the page shows."""
        entry = "(node) => [node.dataset.drawing, node.dataset.decision]"
        return dict(self.js(f"return [...document.querySelectorAll('[data-decision]')].map({entry})"))

    @property
    def count(self) -> int:
        return int(self.find("#review-count").get_attribute("textContent"))

    @property
    def status(self) -> str:
        return str(self.find("#review-status").get_attribute("textContent"))

    def download(self) -> Path:
        """Download the file and return it."""
        for old in self.downloads.iterdir():
            old.unlink()
        self.do("download")
        for _ in range(100):
            if found := [one for one in self.downloads.iterdir() if one.suffix == ".csv"]:
                return found[0]
            time.sleep(0.05)
        raise AssertionError("no file was downloaded")

    def load(self, file: Path) -> None:
        """Load a file into the page, and wait until it has been read."""
        self.js("document.querySelector('#review-status').textContent = ''")
        self.find("#review-load").send_keys(str(file))
        for _ in range(100):
            if self.status:
                return
            time.sleep(0.02)


@pytest.fixture(scope="module")
def run(plain: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with a report, in a folder of its own."""
    folder = tmp_path_factory.mktemp("reviewed") / "run"
    shutil.copytree(plain, folder)
    write_report(folder, overrides=OFF)
    return folder


@pytest.fixture
def page(shared_browser: Any, run: Path, tmp_path: Path) -> Iterator[Page]:
    resize(shared_browser, 1280)
    yield Page(shared_browser, run / "report" / "index.html", tmp_path / "downloads")
    assert shared_browser.get_log("browser") == []


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


def test_the_open_bar_obeys_the_rules_of_accessibility(page: Page) -> None:
    for keys in "nxnrna":
        page.press(keys)
    for name in ("panel", "help"):
        page.do(name)
        for width, dark in ((1280, True), (390, False)):
            resize(page.browser, width, dark=dark)
            assert violations(page.browser, within="#review") == []


def test_a_label_is_corrected_to_a_class_by_its_name(page: Page, run: Path) -> None:
    page.press("n")
    (path,) = page.selected
    opened = Run.open(run)
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


def test_the_file_and_the_command_continue_the_run(
    page: Page, run: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.press("n")
    (corrected,) = page.selected
    page.press("a")
    page.press("n")
    (excluded,) = page.selected
    page.press("x")
    page.press("n")
    (right,) = page.selected
    page.press("r")
    file = page.download()
    lines = _lines(file)
    assert tuple(next(iter(lines.values()))) == LABEL_ISSUES
    assert set(lines) == {corrected, excluded, right}
    before = Run.open(run)
    wanted = lines[corrected]["decision"]
    assert lines[corrected]["suggested"] == wanted != lines[corrected]["label"]
    assert lines[right]["decision"] == lines[right]["label"]
    page.do("panel")
    monkeypatch.chdir(file.parent)
    program, *words = shlex.split(page.find("#review-command").text)
    assert program == "sketchfit"
    status, _, errors = cli(*words)
    assert status == 0, errors
    after = Run.open(f"{run}-reviewed")
    labels = dict(zip(after.rows.paths, after.rows.label.tolist(), strict=True))
    expected = dict(zip(before.rows.paths, before.rows.label.tolist(), strict=True))
    del expected[excluded]
    expected[corrected] = before.table.class_names.index(wanted)
    assert labels == expected
    assert after.recipe.model == before.recipe.model
    write_report(after.path, overrides=OFF)
    again = Page(page.browser, after.path / "report" / "index.html", page.downloads.with_name("again"))
    found = {path: line["decision"] for path, line in _lines(again.download()).items()}
    assert found == {path: line["decision"] for path, line in lines.items()}  # they apply to the table, not to the run
    again.do("panel")
    again.click(f"#review-list [data-path='{excluded}']")
    assert set(_lines(again.download())) == {corrected, right}


def _lines(file: Path) -> dict[str, dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as stream:
        return {line["image_path"]: line for line in csv.DictReader(stream)}


def test_a_downloaded_file_is_loaded_again(page: Page, tmp_path: Path) -> None:
    for keys in "nxnrna":
        page.press(keys)
    before = page.decisions
    kept = tmp_path / "kept.csv"
    kept.write_bytes(page.download().read_bytes())
    page.do("panel")
    page.do("forget")
    assert page.count == 0
    page.load(kept)
    assert page.decisions == before
    lines = kept.read_text(encoding="utf-8").splitlines()
    kept.write_text(
        "\ufeff" + "\r\n".join(line.replace(",", ";") for line in lines), encoding="utf-8"
    )  # by a spreadsheet
    page.do("forget")
    page.load(kept)
    assert page.decisions == before
    page.do("forget")
    kept.write_text("image_path,decision\nelsewhere.png,exclude\n", encoding="utf-8")
    page.load(kept)
    assert page.count == 0
    assert "1" in page.status


def test_the_folder_of_the_file_is_part_of_the_command(page: Page) -> None:
    page.do("panel")
    page.find("#review-folder").send_keys("/my files")
    words = shlex.split(page.find("#review-command").text)
    name = page.js("return JSON.parse(document.querySelector('#review-data').textContent).file")
    assert words[words.index("--relabel") + 1] == words[words.index("--exclude") + 1] == f"/my files/{name}"


def test_a_class_that_would_be_empty_is_stated(page: Page) -> None:
    page.do("panel")
    page.click("#class-table [data-class]")
    page.press("n")
    page.press("g")
    page.press("x")
    name = page.find("#class-title").text
    assert name in page.find("#review-warning").text
    page.press("u")
    assert not page.find("#review-warning").is_displayed()


def test_shortcuts_can_be_switched_off(page: Page) -> None:
    page.press("?")
    page.find("#review-keys").click()
    page.press("n")
    assert page.selected == []
    page.open()
    page.press("n")
    assert page.selected == []


def test_without_storage_decisions_last_as_long_as_the_page(page: Page) -> None:
    block = (
        "for (const name of ['getItem', 'setItem']) Storage.prototype[name] = () => { throw new Error('no storage'); };"
    )
    added = page.browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": block})
    try:
        page.open()
        page.press("n")
        page.press("x")
        assert page.count == 1
        page.do("panel")
        warned = page.find("#review-summary").text
        page.press("u")
        assert page.count == 0
    finally:
        page.browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", {"identifier": added["identifier"]})
    page.open()
    page.do("panel")
    page.press("n")
    page.press("x")
    assert len(page.find("#review-summary").text) < len(warned)


HOSTILE = ('<b>"x", y', "=SUM(1)", "exclude", "한국어; ב", "it's\ta", "long " * 40 + "name")


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> tuple[Table, Path]:
    """A table with hostile names, and two drawings that are one with two labels; its page is next to it."""
    folder = tmp_path_factory.mktemp("audit")
    train = {f"{k % 6}/{k}, '<i>\".png": (k % 6, png(scribble(k))) for k in range(24)}
    train["=1+1.png"] = (1, png(scribble(2)))  # a copy of number 2
    table = make_table(folder / "data", train, {"test/0.png": png(scribble(3))})
    table = replace(table, class_names=HOSTILE, class_labels=tuple("012345"))
    write_audit_page(folder / "page.html", run_audit(table, AuditSettings(), folder / "cache"))
    return table, folder / "page.html"


@pytest.mark.parametrize("width", [1280, 390])
def test_copies_with_two_labels_are_corrected_in_the_audit(
    shared_browser: Any, audit: tuple[Table, Path], width: int, tmp_path: Path
) -> None:
    table, path = audit
    resize(shared_browser, width)
    page = Page(shared_browser, path, tmp_path / "downloads")
    assert not any(one.startswith("test/") for one in page.drawings())
    page.press("n")
    page.press("g")
    copies = page.selected
    assert sorted(copies) == ["2/2, '<i>\".png", "=1+1.png"]
    page.press("a")  # both are selected, and one keeps its label
    corrected = copies[1]
    assert page.decisions == {corrected: "correct"}
    paths = [one for one in table.train.paths if one not in copies]
    page.js("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    for number, name in enumerate(HOSTILE):
        page.click("[data-drawing]", page.drawings().index(paths[number]))
        page.press("c")
        page.js("document.querySelector('#review-class').value = arguments[0]", name)
        page.find("#review-form button").click()
        assert page.js("return document.documentElement.scrollWidth") <= width
    file = page.download()
    reviewed = review_table(table, DataSection(exclude=str(file), relabel=str(file)))
    expected = dict(zip(table.train.paths, table.label.tolist(), strict=True))
    expected |= {path: number for number, path in enumerate(paths[:6])}
    expected[corrected] = expected[copies[0]]
    assert dict(zip(reviewed.train.paths, reviewed.label.tolist(), strict=True)) == expected
    assert shared_browser.get_log("browser") == []
