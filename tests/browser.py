"""A headless Chromium for tests of pages: the fixture, the size of its window, and a hand that draws."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")

Point = tuple[float, float]


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser that is closed at the end; the test is skipped where there is none."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("no chromium and chromedriver on this machine")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture
def browser() -> Iterator[Any]:
    """A separate browser for each test."""
    with chromium() as driver:
        yield driver


@pytest.fixture(scope="module")
def shared_browser() -> Iterator[Any]:
    """One browser for all tests of a file: storage of pages and the size of the window stay between them."""
    with chromium() as driver:
        yield driver


def resize(browser: Any, width: int, height: int = 900, *, dark: bool = False) -> None:
    """Set the size of the window; narrow ones are phones with touch. Also light or dark."""
    phone = width < 500
    metrics = {"width": width, "height": height, "deviceScaleFactor": 2 if phone else 1, "mobile": phone}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": phone})
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    browser.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")


def stroke(
    browser: Any,
    points: Sequence[Point],
    pointer: Literal["mouse", "pen", "touch"] = "mouse",
    *,
    selector: str = "#canvas",
    release: bool = True,
) -> None:
    """Draw a line through points, which are shares of an element's box."""
    box = browser.execute_script(
        "const box = document.querySelector(arguments[0]).getBoundingClientRect();"
        "return [box.left, box.top, box.width, box.height]",
        selector,
    )
    at = [(box[0] + x * box[2], box[1] + y * box[3]) for x, y in points]
    kinds = ["down", *["move"] * (len(at) - 1)]
    for kind, (x, y) in zip(kinds, at, strict=True):
        _dispatch(browser, pointer, kind, x, y)
    if release:
        _dispatch(browser, pointer, "up", *at[-1])


def _dispatch(browser: Any, pointer: str, kind: str, x: float, y: float) -> None:
    if pointer == "touch":
        name = {"down": "touchStart", "move": "touchMove", "up": "touchEnd"}[kind]
        points = [] if kind == "up" else [{"x": x, "y": y}]
        browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": name, "touchPoints": points})
        return
    name = {"down": "mousePressed", "move": "mouseMoved", "up": "mouseReleased"}[kind]
    event = {"type": name, "x": x, "y": y, "button": "left", "clickCount": 1, "pointerType": pointer}
    browser.execute_cdp_cmd("Input.dispatchMouseEvent", event | {"buttons": 0 if kind == "up" else 1})


def line(start: Point, end: Point, count: int = 12) -> list[Point]:
    """`count` points from start to end."""
    shares = [i / (count - 1) for i in range(count)]
    return [(start[0] + s * (end[0] - start[0]), start[1] + s * (end[1] - start[1])) for s in shares]
