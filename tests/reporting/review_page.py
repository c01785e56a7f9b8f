"""A page with the bar in which labels are reviewed, in a browser."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import resize

SIZES = [(1280, False), (390, True)]
"""Width of the window, and whether it is dark: the two do not depend on each other."""

OFF = ["report.attribution=0", "report.robustness=0", "report.embedding=0"]
"""Settings of a report without sections that need networks."""


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
            found = list(self.downloads.iterdir())
            if len(found) == 1 and found[0].suffix == ".csv" and found[0].stat().st_size:  # its name comes first
                return found[0]
            time.sleep(0.05)
        raise AssertionError("no file was downloaded")

    def wait_for(self, condition: str) -> bool:
        """Return whether a script returns true, now or within two seconds."""
        for _ in range(100):
            if self.js(condition):
                return True
            time.sleep(0.02)
        return False

    def load(self, file: Path) -> None:
        """Load a file into the page, and wait until it has been read."""
        self.js("document.querySelector('#review-status').textContent = ''")
        self.find("#review-load").send_keys(str(file))
        for _ in range(100):
            if self.status:
                return
            time.sleep(0.02)


@pytest.fixture
def page(shared_browser: Any, reviewed_run: Path, tmp_path: Path) -> Iterator[Page]:
    resize(shared_browser, 1280)
    yield Page(shared_browser, reviewed_run / "report" / "index.html", tmp_path / "downloads")
    assert shared_browser.get_log("browser") == []
