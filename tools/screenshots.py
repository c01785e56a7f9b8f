"""Makes the pictures of the documentation from the pages of the example, on a desktop and on a phone.

    python -m tools.screenshots [--example docs/example] [--out docs/images]

Needs selenium, Chromium and its driver.
"""

from __future__ import annotations

import argparse
import io
import shutil
from pathlib import Path
from typing import Any

from PIL import Image

from tools.page_sources import digest, write_record

DESKTOP, PHONE = (1280, 1560), (390, 844)
"""Width and height of the windows in CSS pixels."""

GAP = 24
_BACKGROUND = "#d5d9df"


def open_browser() -> Any:
    """Open a headless Chromium."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome") or ""
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))


def screenshot(browser: Any, page: Path, window: tuple[int, int], *, dark: bool = False) -> Image.Image:
    """Take a picture of the top of a page, with its notes closed."""
    width, height = window
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    browser.get(page.resolve().as_uri())
    browser.execute_script("for (const note of document.querySelectorAll('.reading')) note.open = false")
    return Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("RGB")


def side_by_side(pictures: list[Image.Image]) -> Image.Image:
    """Put pictures next to each other on a grey ground, the tops in one line."""
    width = sum(one.width for one in pictures) + GAP * (len(pictures) + 1)
    height = max(one.height for one in pictures) + 2 * GAP
    ground, left = Image.new("RGB", (width, height), _BACKGROUND), GAP
    for picture in pictures:
        ground.paste(picture, (left, GAP))
        left += picture.width + GAP
    return ground


def main() -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--example", type=Path, default=Path("docs/example"))
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    given = parser.parse_args()
    browser, sources = open_browser(), {}
    try:
        for name in ("report", "audit"):
            page = given.example / name / "index.html"
            shown = [screenshot(browser, page, DESKTOP), screenshot(browser, page, PHONE, dark=True)]
            side_by_side(shown).save(given.out / f"{name}.png", optimize=True)
            sources[f"{name}.png"] = digest([page])
    finally:
        browser.quit()
    write_record(given.out, sources)


if __name__ == "__main__":
    main()
