"""The page in a real browser: drawings with mouse, pen, touch and keyboard get their answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from starlette.responses import JSONResponse

from sketchfit.bundle.manifest import PenInk, UnknownRule
from tests.browser import line, resize, stroke
from tests.bundles import tiny_picture
from tests.serving.watched_service import WatchedService, running

ACROSS = line((0.2, 0.5), (0.8, 0.5))
DOWN = line((0.5, 0.2), (0.5, 0.8))


@pytest.fixture
def service(tmp_path: Path) -> Iterator[WatchedService]:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    with running(tmp_path / "bundle") as found:
        yield found


def wait_for(browser: Any, script: str, value: Any = True) -> None:
    """Wait until a script returns a value."""
    from selenium.webdriver.support.ui import WebDriverWait

    shown = "nothing"

    def same(driver: Any) -> bool:
        nonlocal shown
        shown = driver.execute_script(f"return {script}")
        return bool(shown == value)

    try:
        WebDriverWait(browser, 15, poll_frequency=0.05).until(same)
    except Exception as error:
        raise AssertionError(f"{script} is {shown!r}, not {value!r}; log: {browser.get_log('browser')}") from error


BEST = "document.querySelector('#top li b')?.textContent"


def open_page(browser: Any, service: WatchedService, width: int = 1280) -> Callable[[str], Any]:
    resize(browser, width)
    browser.get(service.address)
    wait_for(browser, "document.querySelectorAll('#facts div').length > 3")
    return lambda css: browser.find_element("css selector", css)


def test_a_drawing_gets_its_answer(browser: Any, service: WatchedService) -> None:
    find = open_page(browser, service)
    stroke(browser, ACROSS)
    wait_for(browser, BEST, "horizontal line")
    assert not find("#empty").is_displayed()
    find("#clear").click()
    assert find("#empty").is_displayed()
    stroke(browser, DOWN, "pen")
    wait_for(browser, BEST, "vertical line")
    assert browser.get_log("browser") == []


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True])
def test_a_finger_on_a_phone(browser: Any, service: WatchedService, dark: bool) -> None:
    find = open_page(browser, service, width=390)
    resize(browser, 390, dark=dark)
    assert browser.execute_script("return document.documentElement.scrollWidth") == 390
    stroke(browser, DOWN, "touch")
    wait_for(browser, BEST, "vertical line")
    assert browser.execute_script("return scrollY") == 0
    small = "[...document.querySelectorAll('button')].filter(b => b.offsetWidth && b.offsetHeight < 40).map(b => b.id)"
    assert browser.execute_script(f"return {small}") == []
    find("#explain").click()
    wait_for(browser, "document.querySelectorAll('#near-list li').length", 6)
    assert browser.execute_script("return document.documentElement.scrollWidth") == 390
    assert browser.get_log("browser") == []


@pytest.mark.slow
def test_undo_redo_eraser_and_clear(browser: Any, service: WatchedService) -> None:
    find = open_page(browser, service)
    stroke(browser, ACROSS)
    wait_for(browser, BEST, "horizontal line")
    find("#eraser").click()
    assert find("#pen").get_attribute("aria-pressed") == "false"
    stroke(browser, line((0.0, 0.5), (0.75, 0.5), 40))  # leaves the end of the line
    wait_for(browser, BEST, "dot")
    find("#undo").click()
    wait_for(browser, BEST, "horizontal line")
    find("#redo").click()
    wait_for(browser, BEST, "dot")
    find("#clear").click()
    assert not find("#clear").is_enabled()
    find("#undo").click()
    find("#undo").click()
    wait_for(browser, BEST, "horizontal line")
    find("#undo").click()
    assert find("#empty").is_displayed()
    assert not find("#undo").is_enabled()


@pytest.mark.slow
def test_the_picture_looks_as_the_training_drawings(browser: Any, service: WatchedService) -> None:
    find = open_page(browser, service)
    stroke(browser, line((0.1, 0.1), (0.3, 0.1)) + line((0.3, 0.1), (0.3, 0.2)))  # small, in a corner
    wait_for(browser, "document.querySelector('#answer').hidden", False)
    ink = np.argwhere(_last_picture(service) < 128)
    assert ink.min(axis=0)[1] / 256 == pytest.approx(0.1, abs=0.02)  # margin of the tiny bundle
    assert (ink.max(axis=0)[1] + 1) / 256 == pytest.approx(0.9, abs=0.02)
    thick = (_last_picture(service)[:, 128] < 128).sum()
    assert thick / 256 == pytest.approx(0.04, abs=0.01)  # and its line width
    count = len(service.bodies)
    find("#fit").click()
    wait_for(browser, BEST, "dot")
    assert len(service.bodies) > count
    assert np.argwhere(_last_picture(service) < 128).max() / 256 < 0.35


@pytest.mark.slow
def test_corners_stay_and_curves_are_smooth(browser: Any, service: WatchedService) -> None:
    open_page(browser, service)
    corners = "return arguments[0].slice(1, -1).map((_, i) => sketchfit.isCorner(...arguments[0].slice(i, i + 3)))"
    angles = np.linspace(0, 2 * np.pi, 25)
    circle = [[0.5 + 0.2 * np.cos(angle), 0.5 + 0.2 * np.sin(angle)] for angle in angles]
    assert not any(browser.execute_script(corners, circle))
    square = [[0.2, 0.2], [0.25, 0.2], [0.3, 0.2], [0.3, 0.25], [0.3, 0.3]]
    assert browser.execute_script(corners, square) == [False, True, False]
    far = [[0.1, 0.1], [0.5, 0.1], [0.9, 0.2]]
    assert browser.execute_script(corners, far) == [True]
    tremor = [[0.2, 0.2], [0.21, 0.2], [0.2, 0.205]]
    assert browser.execute_script(corners, tremor) == [False]


@pytest.mark.slow
def test_boxes_of_strokes_and_of_pixels_agree(browser: Any, service: WatchedService) -> None:
    open_page(browser, service)
    script = """
    const ink = {...sketchfit.DEFAULT_INK};
    const points = [[0.2, 0.3], [0.4, 0.35], [0.7, 0.6], [0.9, 0.62], [1.2, 0.7]]; // leaves the canvas
    const stroke = {kind: "stroke", erase: false, width: 0.04, points};
    const erased = {kind: "stroke", erase: true, width: 0.1, points: [[0, 0.8], [0.1, 0.8]]};
    const boxes = [[stroke], [stroke, erased]].map((marks) => sketchfit.inkBox(marks, ink));
    return boxes.map(({left, top, right}) => [left, top, right]).concat([sketchfit.inkBox([], ink)]);
    """
    exact, measured, blank = browser.execute_script(script)
    assert exact == pytest.approx([0.18, 0.28, 1.0])
    assert measured == pytest.approx(exact, abs=2 / 256)
    assert blank is None


def _last_picture(service: WatchedService) -> np.ndarray[Any, Any]:
    picture = cv2.imdecode(np.frombuffer(service.bodies[-1], np.uint8), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    return picture


@pytest.mark.slow
def test_the_keyboard_draws(browser: Any, service: WatchedService) -> None:
    from selenium.webdriver.common.keys import Keys

    find = open_page(browser, service)
    canvas = find("#canvas")
    canvas.send_keys(Keys.ARROW_LEFT * 5 + " " + Keys.ARROW_RIGHT * 10 + " ")
    wait_for(browser, BEST, "horizontal line")
    wait_for(browser, "document.querySelector('#spoken').textContent.startsWith('horizontal line')")
    canvas.send_keys("e")
    assert find("#eraser").get_attribute("aria-pressed") == "true"
    canvas.send_keys("p]")
    assert find("#width").get_attribute("value") == "1"
    canvas.send_keys(Keys.CONTROL, "z")
    assert find("#empty").is_displayed()


@pytest.mark.slow
def test_an_uploaded_picture_is_sent_as_it_is(browser: Any, service: WatchedService, tmp_path: Path) -> None:
    path = tmp_path / "line.png"
    cv2.imwrite(str(path), tiny_picture("vertical", 90))
    find = open_page(browser, service)
    find("#file").send_keys(str(path))
    wait_for(browser, BEST, "vertical line")
    assert service.bodies[-1] == path.read_bytes()
    find("#undo").click()
    assert find("#empty").is_displayed()
    find("#redo").click()
    wait_for(browser, "document.querySelector('#answer').hidden", False)
    text = tmp_path / "text.png"
    text.write_text("no picture")
    find("#file").send_keys(str(text))
    wait_for(browser, "document.querySelector('#problem').hidden", False)


@pytest.mark.slow
def test_a_pasted_and_a_dropped_picture(browser: Any, service: WatchedService) -> None:
    open_page(browser, service)
    make = """
        const [kind, done] = arguments;
        const canvas = Object.assign(document.createElement("canvas"), {width: 64, height: 64});
        const context = canvas.getContext("2d");
        context.fillStyle = "#fff";
        context.fillRect(0, 0, 64, 64);
        context.fillStyle = "#000";
        context.fillRect(...(kind === "paste" ? [8, 30, 48, 4] : [30, 8, 4, 48]));
        canvas.toBlob((blob) => {
          const data = new DataTransfer();
          data.items.add(new File([blob], "a.png", {type: blob.type}));
          const how = {bubbles: true, cancelable: true};
          dispatchEvent(kind === "paste" ? new ClipboardEvent("paste", {clipboardData: data, ...how})
                                         : new DragEvent("drop", {dataTransfer: data, ...how}));
          done();
        });
    """
    for kind, answer in (("paste", "horizontal line"), ("drop", "vertical line")):
        browser.execute_async_script(make, kind)
        wait_for(browser, BEST, answer)


@pytest.mark.slow
def test_failures_are_shown_and_tried_again(browser: Any, service: WatchedService) -> None:
    find = open_page(browser, service)
    service.failures = [JSONResponse({}, 429, {"Retry-After": "1"}), JSONResponse({}, 500)]
    stroke(browser, ACROSS)
    wait_for(browser, "document.querySelector('#problem').hidden", False)
    wait_for(browser, BEST, "horizontal line")
    assert not find("#problem").is_displayed()
    for status in (200, 422):
        service.failures = [JSONResponse({"predictions": [{"error": f"{status} is <b>damaged</b>"}]}, status)]
        find("#fit").click()
        wait_for(browser, "document.querySelector('#problem').textContent", f"{status} is <b>damaged</b>.")


@pytest.mark.slow
def test_one_request_at_a_time_and_the_last_drawing_wins(browser: Any, service: WatchedService) -> None:
    open_page(browser, service)
    service.delay = 0.4
    for _ in range(3):
        stroke(browser, ACROSS)
    browser.execute_script("document.querySelector('#clear').click()")
    stroke(browser, DOWN)
    wait_for(browser, BEST, "vertical line")
    assert len(service.bodies) <= 5
    assert service.most_at_once == 1


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
def test_the_canvas_keeps_its_place_while_answers_come(browser: Any, service: WatchedService, width: int) -> None:
    open_page(browser, service, width)
    place = "return JSON.stringify(canvas.getBoundingClientRect())"
    before = browser.execute_script(place)
    stroke(browser, ACROSS, "touch" if width < 500 else "mouse")
    wait_for(browser, BEST, "horizontal line")
    wait_for(browser, "document.querySelector('#explanation').hidden", False)
    assert browser.execute_script(place) == before


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(1280, 420), (390, 420), (844, 390), (1280, 2000)])
def test_the_canvas_is_square(browser: Any, service: WatchedService, width: int, height: int) -> None:
    open_page(browser, service)
    resize(browser, width, height)
    shape = "(box => [box.width - box.height, document.documentElement.scrollWidth])(canvas.getBoundingClientRect())"
    across, page = browser.execute_script(f"return {shape}")
    assert abs(across) < 1
    assert page <= width


@pytest.mark.slow
def test_a_token_is_requested(browser: Any, tmp_path: Path) -> None:
    with running(tmp_path / "bundle", token="secret") as service:
        resize(browser, 390)
        browser.get(service.address)
        wait_for(browser, "document.querySelector('#token-form').hidden", False)
        browser.find_element("css selector", "#token").send_keys("secret\n")
        wait_for(browser, "document.querySelectorAll('#facts div').length > 3")
        assert not browser.find_element("css selector", "#token-form").is_displayed()


@pytest.mark.slow
def test_names_are_text_and_not_markup(browser: Any, tmp_path: Path) -> None:
    names = ("<img src=x onerror=alert(1)>", 'vertical & "line"', "x" * 300)
    with running(tmp_path / "bundle", names=names) as service:
        open_page(browser, service, width=390)
        stroke(browser, ACROSS)
        wait_for(browser, BEST, names[0])
        assert browser.execute_script("return document.querySelectorAll('#answer img').length") == 0
        assert browser.execute_script("return document.documentElement.scrollWidth") == 390


CONTRASTS = """
const luminance = ([r, g, b]) => [r, g, b].map((v) => v / 255)
  .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const parse = (text) => text.match(/[0-9.]+/g).map(Number);
const behind = (element) => {
  for (let one = element; one; one = one.parentElement) {
    const colour = parse(getComputedStyle(one).backgroundColor);
    if (colour.length === 3 || colour[3] === 1) return colour;
  }
  return [255, 255, 255];
};
return [...document.querySelectorAll("body *")].filter((element) =>
  [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())
  && element.checkVisibility() && !element.closest(":disabled, .only-spoken")
).map((element) => {
  const [one, other] = [parse(getComputedStyle(element).color), behind(element)].map(luminance);
  return [element.textContent.trim().slice(0, 30), (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)];
}).filter(([, contrast]) => contrast < 4.5);
"""


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True])
def test_text_can_be_read(browser: Any, tmp_path: Path, dark: bool) -> None:
    rule = UnknownRule(score="least-confidence", known=tuple([0.0] * 40))
    with running(tmp_path / "bundle", unknown=rule) as service:
        find = open_page(browser, service)
        resize(browser, 320, dark=dark)
        stroke(browser, [*ACROSS, *DOWN], "touch")  # between two classes: no known drawing is as unfamiliar
        wait_for(browser, "document.querySelector('#unknown').checkVisibility()")
        find("#explain").click()
        wait_for(browser, "document.querySelector('#explanation').hidden", False)
        find(".help").click() if find(".help").is_displayed() else None
        assert browser.execute_script(CONTRASTS) == []
        assert browser.execute_script("return document.documentElement.scrollWidth") == 320


@pytest.mark.slow
def test_light_ink_on_dark_paper(browser: Any, tmp_path: Path) -> None:
    ink = PenInk(line_width=0.05, margin=0.1, ink=(250, 250, 250), paper=(10, 10, 30))
    with running(tmp_path / "bundle", ink=ink) as service:
        open_page(browser, service)
        stroke(browser, DOWN)
        wait_for(browser, "document.querySelector('#answer').hidden", False)
        picture = cv2.imdecode(np.frombuffer(service.bodies[-1], np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        assert picture[0, 0].tolist() == [30, 10, 10]
        assert picture[128, 128].tolist() == [250, 250, 250]
