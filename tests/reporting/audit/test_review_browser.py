"""Review of labels on the page of the audit, with names that are hard to write and to show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sketchfit.auditing import AuditSettings, run_audit
from sketchfit.config.data import DataSection
from sketchfit.data.review import review_table
from sketchfit.data.table import Table
from sketchfit.reporting.audit.audit_page import write_audit_page
from tests.auditing.audit_sets import make_table, png, scribble
from tests.browser import resize
from tests.reporting.review_page import Page

HOSTILE = ('<b>"x", y', "=SUM(1)", "exclude", "한국어; ב", "it's\ta", "long " * 40 + "name")


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> tuple[Table, Path]:
    """A table with hostile names, and three drawings that are one with two labels; its page is next to it."""
    folder = tmp_path_factory.mktemp("audit")
    train = {f"{k % 6}/{k}, '<i>\".png": (k % 6, png(scribble(k))) for k in range(24)}
    train["=1+1.png"] = (1, png(scribble(2)))  # a copy of number 2
    train["2/again.png"] = (2, png(scribble(2)))
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
    assert sorted(copies) == ["2/2, '<i>\".png", "2/again.png", "=1+1.png"]
    page.press("a")  # all are selected, and most keep their label
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
