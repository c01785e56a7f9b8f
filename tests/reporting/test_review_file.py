"""The file and the command of a review, in a real browser."""

from __future__ import annotations

import csv
import shlex
from pathlib import Path

import pytest

from sketchfit.data.own_tables import LABEL_ISSUES
from sketchfit.reporting.run.run_report import write_report
from sketchfit.runs.run import Run
from tests.factories import Cli
from tests.reporting.review_page import OFF, Page, page

__all__ = ["page"]


def test_the_file_and_the_command_continue_the_run(
    page: Page, reviewed_run: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
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
    before = Run.open(reviewed_run)
    wanted = lines[corrected]["decision"]
    assert lines[corrected]["suggested"] == wanted != lines[corrected]["label"]
    assert lines[right]["decision"] == lines[right]["label"]
    page.do("panel")
    monkeypatch.chdir(file.parent)
    program, *words = shlex.split(page.find("#review-command").text)
    assert program == "sketchfit"
    status, _, errors = cli(*words)
    assert status == 0, errors
    after = Run.open(f"{reviewed_run}-reviewed")
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
