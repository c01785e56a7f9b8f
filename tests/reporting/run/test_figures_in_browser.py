"""The matrix, the map and the gallery in a real browser, on a screen and on a phone, in both themes."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from sketchfit.reporting.evidence import Evidence, read_evidence
from sketchfit.reporting.run import confusions
from sketchfit.reporting.run.classes import confusion_matrix
from sketchfit.reporting.run.matrix_table import FIRST_CLASSES, MOST_CLASSES
from sketchfit.reporting.run.run_report import write_report
from tests.axe import violations
from tests.browser import resize
from tests.factories import write_run

SCREENS = pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])


class Page(NamedTuple):
    """A page of a report, and the run that it shows."""

    path: Path
    evidence: Evidence

    @property
    def matrix(self) -> np.ndarray:
        return confusion_matrix(self.evidence.label, self.evidence.answer, self.evidence.class_count)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The page of a run of six classes."""
    return _page(tmp_path_factory.mktemp("few"), 6)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The page of a run of more classes than the table of the matrix holds."""
    return _page(tmp_path_factory.mktemp("many"), MOST_CLASSES + 2)


def _page(folder: Path, classes: int) -> Page:
    """Write a run and its page; the map has invented places."""
    run = write_run(folder / "run", folder / "data", classes=classes)
    with pytest.MonkeyPatch.context() as patch:
        module = "sketchfit.reporting.run.report_content"
        patch.setattr(f"{module}.penultimate_features", lambda _, rows: (rows, np.zeros((len(rows), 2))))
        patch.setattr(f"{module}.embed", lambda features: np.random.default_rng(0).random(features.shape))
        path = write_report(run, overrides=["report.embedding=500", "report.gallery=40"])
    return Page(path, read_evidence(run))


def _open(browser: Any, page: Page, width: int, dark: bool) -> None:
    resize(browser, width, dark=dark)
    browser.get(page.path.as_uri())


def _texts(browser: Any, css: str) -> list[str]:
    return browser.execute_script(
        "return [...document.querySelectorAll(arguments[0])].filter(e => !e.hidden).map(e => e.textContent)", css
    )


def _type(browser: Any, css: str, text: str) -> None:
    browser.execute_script(
        "const field = document.querySelector(arguments[0]); field.value = arguments[1];"
        "field.dispatchEvent(new Event('input'))",
        css,
        text,
    )


def _choose(browser: Any, css: str, value: str) -> None:
    browser.execute_script(
        "const field = document.querySelector(arguments[0]); field.value = arguments[1];"
        "field.dispatchEvent(new Event('change'))",
        css,
        value,
    )


def _click(browser: Any, css: str) -> None:
    browser.execute_script("document.querySelector(arguments[0]).click()", css)


@pytest.mark.parametrize(("name", "width", "dark"), [("few", 390, True), ("many", 1280, False)])
def test_the_matrix_has_names_search_keys_and_drawings(
    shared_browser: Any, request: Any, name: str, width: int, dark: bool
) -> None:
    browser, page = shared_browser, request.getfixturevalue(name)
    _open(browser, page, width, dark)
    names = page.evidence.class_names
    shown = _texts(browser, "#matrix-table tbody th")
    assert len(shown) == (len(names) if name == "few" else FIRST_CLASSES)
    assert _texts(browser, "#matrix-table thead th[data-class]") == shown
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width

    # The row heads stay at the left edge, and the column heads at the upper one.
    sticky = "return getComputedStyle(document.querySelector(arguments[0])).position"
    for css in ("#matrix-table tbody th", "#matrix-table thead th", "#matrix-table .corner"):
        assert browser.execute_script(sticky, css) == "sticky"

    # The table of the script is the table of the template.
    before = browser.execute_script("return document.querySelector('#matrix-table').innerText")
    _type(browser, "#matrix-search", "class <2>")
    found = names.index("class <2>")
    matrix = page.matrix
    near = {found} | set(np.flatnonzero(matrix[found])) | set(np.flatnonzero(matrix[:, found]))
    assert set(_texts(browser, "#matrix-table tbody th")) == {names[index] for index in near}
    assert _texts(browser, "#matrix-table .found") == ["class <2>"] * 2
    _type(browser, "#matrix-search", "no such class")
    assert browser.execute_script("return document.querySelector('#matrix-table').innerText") == before
    _type(browser, "#matrix-search", "")
    assert browser.execute_script("return document.querySelector('#matrix-table').innerText") == before

    # Arrow keys, and the drawings of a cell.
    cell = browser.find_element("css selector", "#matrix-table td[tabindex='0']")
    browser.execute_script("arguments[0].focus()", cell)
    for key, (row, column) in [("\ue014", (1, 2)), ("\ue015", (2, 2)), ("\ue011", (2, 0)), ("\ue012", (2, 0))]:
        browser.switch_to.active_element.send_keys(key)
        at = browser.execute_script("const e = document.activeElement; return [e.parentNode.rowIndex, e.cellIndex]")
        assert at == [row, column]
    browser.switch_to.active_element.send_keys("\n")
    assert browser.find_element("css selector", "#class-dialog").is_displayed()
    browser.execute_script("document.querySelector('#class-dialog').close()")
    _click(browser, "#matrix-table .miss")
    text = browser.execute_script("return document.querySelector('#matrix-readout').textContent")
    count = int(_texts(browser, "#matrix-table .miss")[0])
    assert f": {count} of 20" in text
    assert len(browser.find_elements("css selector", "#matrix-readout [data-drawing]")) == count
    assert browser.get_log("browser") == []


def test_the_matrix_has_orders_and_percents(shared_browser: Any, few: Page) -> None:
    _open(shared_browser, few, 1280, False)
    names, matrix = few.evidence.class_names, few.matrix
    before = _texts(shared_browser, "#matrix-table tbody td")
    _choose(shared_browser, "#matrix-order", "name")
    assert _texts(shared_browser, "#matrix-table tbody th") == sorted(names)
    _choose(shared_browser, "#matrix-order", "right")
    shown = [names.index(name) for name in _texts(shared_browser, "#matrix-table tbody th")]
    assert np.diff(np.diag(matrix)[shown]).min() >= 0  # all classes have 20 drawings
    _choose(shared_browser, "#matrix-unit", "share")
    hits = _texts(shared_browser, "#matrix-table .hit")
    assert [int(text) for text in hits] == [5 * matrix[index, index] for index in shown]
    _choose(shared_browser, "#matrix-unit", "drawings")
    _choose(shared_browser, "#matrix-order", "near")
    assert _texts(shared_browser, "#matrix-table tbody td") == before


def test_the_matrix_is_saved_as_csv(shared_browser: Any, many: Page, tmp_path: Path) -> None:
    _open(shared_browser, many, 1280, False)
    shared_browser.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    _click(shared_browser, "#matrix-csv")
    file = tmp_path / "confusion_matrix.csv"
    until = time.monotonic() + 20
    while not file.exists() and time.monotonic() < until:
        time.sleep(0.05)
    head, *lines = csv.reader(file.read_text(encoding="utf-8").splitlines())
    names = list(many.evidence.class_names)
    order = [names.index(name) for name in head[1:]]
    assert sorted(order) == list(range(len(names)))
    assert [line[0] for line in lines] == head[1:]
    assert (np.array([line[1:] for line in lines], int) == many.matrix[np.ix_(order, order)]).all()


@pytest.mark.parametrize(("cells", "dense"), [(100, 2000), (200_000, MOST_CLASSES)])
def test_a_matrix_of_which_cells_are_left_out_has_no_wrong_zeros(
    shared_browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cells: int, dense: int
) -> None:
    """The page of a matrix with more cells, or more classes, than the page can save as a matrix."""
    monkeypatch.setattr(confusions, "MOST_CELLS", cells)
    monkeypatch.setattr(confusions, "MOST_DENSE", dense)
    page = _page(tmp_path, MOST_CLASSES + 2)
    _open(shared_browser, page, 1280, False)
    shared_browser.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    _click(shared_browser, "#matrix-csv")
    file = tmp_path / "confusion_list.csv"
    until = time.monotonic() + 20
    while not file.exists() and time.monotonic() < until:
        time.sleep(0.05)
    (*_, last), *lines = csv.reader(file.read_text(encoding="utf-8").splitlines())
    assert last == "drawings"
    names, matrix = list(page.evidence.class_names), page.matrix
    listed = np.zeros_like(matrix)
    others = dict.fromkeys(names, 0)
    for true, predicted, count in lines:
        if predicted in names:
            listed[names.index(true), names.index(predicted)] = int(count)
        else:
            others[true] = int(count)
    assert (listed[listed > 0] == matrix[listed > 0]).all()
    assert np.count_nonzero(listed) == min(cells, np.count_nonzero(matrix))
    assert list(others.values()) == (matrix - listed).sum(axis=1).tolist()

    # Cells without a line have a bound, except in classes of which all cells have a line.
    numbers = np.array(
        shared_browser.execute_script("return names.map((_, from) => names.map((_, to) => matrix.number(from, to)))")
    )
    most = (matrix - listed).max()
    unknown = (listed == 0) & ((matrix - listed).sum(axis=1) > 0)[:, None]
    assert (numbers == np.where(unknown, f"at most {most}", listed.astype(str))).all()
    assert unknown.any() == (cells == 100)
    _type(shared_browser, "#matrix-search", "class <2>")
    assert (f"≤{most}" in _texts(shared_browser, "#matrix-table td")) == (cells == 100)
    text = shared_browser.execute_script("return document.querySelector('#confusions').textContent")
    assert ("the largest cells only" in text) == (cells == 100)


@SCREENS
def test_a_large_matrix_has_an_overview(shared_browser: Any, many: Page, width: int, dark: bool) -> None:
    browser = shared_browser
    _open(browser, many, width, dark)
    _type(browser, "#matrix-search", "class <1>")
    canvas = browser.find_element("css selector", "#matrix-overview canvas")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
    browser.execute_script(
        "const box = arguments[0].getBoundingClientRect(), at = {clientX: box.left + 1, clientY: box.top + 1};"
        "arguments[0].dispatchEvent(new PointerEvent('click', at))",
        canvas,
    )
    shown = _texts(browser, "#matrix-table tbody th")
    assert len(shown) == 13  # the first class of the order, and twelve after it
    selected = browser.find_element("css selector", "#matrix-table [aria-selected=true]")
    assert browser.execute_script("return [arguments[0].parentNode.rowIndex, arguments[0].cellIndex]", selected) == [
        1,
        1,
    ]
    assert shown[0] in browser.execute_script("return document.querySelector('#matrix-hint').textContent")


@SCREENS
def test_the_map_has_a_legend_and_filters(shared_browser: Any, few: Page, width: int, dark: bool) -> None:
    browser = shared_browser
    _open(browser, few, width, dark)
    evidence, buttons = few.evidence, "#embedding-legend button"
    assert len(_texts(browser, buttons)) == evidence.class_count
    visible = lambda: browser.execute_script(  # noqa: E731
        "return [...document.querySelectorAll('#embedding circle')].filter(e => e.getClientRects().length)"
        ".map(e => [Number(e.dataset.p), !e.closest('.pale')])"
    )
    total = len(visible())
    assert total == min(500, len(evidence.rows) // 2)

    # Two classes: their drawings have colours of the palette and are listed, the others are pale.
    for index in (1, 3):
        _click(browser, f"{buttons}[value='{index}']")
    assert {int(evidence.label[place]) for place, plain in visible() if plain} == {1, 3}
    assert browser.execute_script("return document.querySelector('[data-class-of=\"3\"]').classList[0]") == "s1"
    listed = browser.find_elements("css selector", "#embedding-readout [data-drawing]")
    assert {one.get_attribute("data-label") for one in listed} == {evidence.class_names[k] for k in (1, 3)}

    # Only errors; then all again.
    _choose(browser, "#embedding-kind", "wrong")
    assert not any(evidence.correct[place] for place, _ in visible())
    _click(browser, "#embedding-all")
    _choose(browser, "#embedding-kind", "all")
    assert len([place for place, plain in visible() if plain]) == total

    _type(browser, "#embedding-search", "class <2>")
    assert [text.split(">")[0] for text in _texts(browser, buttons)] == ["class <2"]
    _click(browser, "#embedding button[data-zoom='1.6']")
    box = browser.execute_script("return document.querySelector('#embedding svg').getAttribute('viewBox')")
    assert float(box.split()[2]) == pytest.approx(625)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert browser.get_log("browser") == []


def test_a_dot_of_the_map_shows_its_drawing(shared_browser: Any, few: Page) -> None:
    _open(shared_browser, few, 1280, False)
    place = shared_browser.execute_script(
        "const dot = document.querySelector('#embedding circle'); dot.scrollIntoView({block: 'center'});"
        "const box = dot.getBoundingClientRect();"
        "const at = {clientX: box.x + box.width / 2, clientY: box.y + box.height / 2};"
        "document.querySelector('#embedding svg').dispatchEvent(new PointerEvent('click', at));"
        "return Number(dot.dataset.p)"
    )
    shown = shared_browser.find_element("css selector", "#embedding-readout [data-drawing]")
    assert shown.get_attribute("data-drawing") == few.evidence.paths[place]


@SCREENS
def test_the_gallery_shows_the_true_class_of_each_drawing(
    shared_browser: Any, few: Page, width: int, dark: bool
) -> None:
    browser = shared_browser
    _open(browser, few, width, dark)
    cards = "#gallery article:not([hidden])"
    first = len(_texts(browser, cards))
    assert first == 24
    assert len(_texts(browser, f"{cards} .probs .true")) == first
    _click(browser, "#gallery-more")
    assert first < len(_texts(browser, cards)) <= 40
    _choose(browser, "#gallery-order", "confidence")
    values = browser.execute_script(
        "return [...document.querySelectorAll(arguments[0])].map(e => Number(e.dataset.confidence))", cards
    )
    assert values == sorted(values, reverse=True)


def test_the_figures_fit_a_sheet_of_paper(shared_browser: Any, many: Page) -> None:
    _open(shared_browser, many, 690, False)
    shared_browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    for css in ("#matrix-table", "#training table", "#embedding svg", "#embedding-legend"):
        box = "return document.querySelector(arguments[0]).getBoundingClientRect().right"
        assert 0 < shared_browser.execute_script(box, css) <= 690
    shown = "return getComputedStyle(document.querySelector('#embedding-legend button')).display"
    assert shared_browser.execute_script(shown) != "none"
    shared_browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


@SCREENS
def test_the_figures_obey_the_rules_of_accessibility(shared_browser: Any, many: Page, width: int, dark: bool) -> None:
    _open(shared_browser, many, width, dark)
    _click(shared_browser, "#matrix-table .miss")
    _click(shared_browser, "#embedding-legend button")
    assert violations(shared_browser) == []


@SCREENS
def test_texts_of_charts_have_about_one_size(shared_browser: Any, few: Page, width: int, dark: bool) -> None:
    _open(shared_browser, few, width, dark)
    sizes = shared_browser.execute_script(
        "return [...document.querySelectorAll('.charts svg')].filter(e => e.clientWidth).map(e =>"
        " parseFloat(getComputedStyle(e).fontSize) * e.clientWidth / e.viewBox.baseVal.width)"
    )
    assert len(sizes) >= 5
    assert min(sizes) > 9
    assert max(sizes) < 1.4 * min(sizes)
