"""Makes the pictures of the tutorials from the folders in which `make tutorials` ran their commands.

    make tutorials && python -m tools.tutorial_pictures [--pages build/pages] [--out docs/images/tutorials] [NAME …]

Needs selenium, Chromium and its driver.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from tools.page_sources import ROOT, TUTORIAL_PICTURES, TUTORIALS, tutorial_sources, write_record
from tools.run_pages import folder_of
from tools.screenshots import GAP, open_browser, screenshot, side_by_side

SIDE = 160
"""Height of a drawing on a sheet, in pixels."""


def drawings(browser: Any, folder: Path) -> Image.Image:  # noqa: ARG001
    """A training drawing of each of the first eight rows with different classes."""
    folder /= "drawings"
    rows = [line.split(",") for line in (folder / "train.csv").read_text(encoding="utf-8").splitlines()[1:]]
    first = {name: path for name, path, _ in reversed(rows)}
    shown = list(dict.fromkeys(name for name, _, _ in rows))[:8]
    pictures = [Image.open(folder / "train" / first[name]).convert("RGB") for name in shown]
    pictures = [one.resize((round(one.width * SIDE / one.height), SIDE)) for one in pictures]
    return under_each_other([side_by_side(pictures[:4]), side_by_side(pictures[4:])])


def overview(browser: Any, folder: Path) -> Image.Image:
    """The overview of the first run."""
    return screenshot(browser, folder / "runs/first/index.html", (1280, 960))


def report(browser: Any, folder: Path) -> Image.Image:
    """The top of the report on the run with wrong labels."""
    return screenshot(browser, folder / "runs/before/report/index.html", (1280, 900))


def labels(browser: Any, folder: Path) -> Image.Image:
    """The section on labels of that report."""
    report(browser, folder)
    browser.execute_script("document.getElementById('labels').scrollIntoView()")
    time.sleep(1)  # pictures are loaded when they come into view
    return Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("RGB")


def compare(browser: Any, folder: Path) -> Image.Image:
    """The comparison of the runs before and after the correction of labels."""
    return screenshot(browser, folder / "compare.html", (1280, 800))


def audit(browser: Any, folder: Path) -> Image.Image:
    """The top of the audit of drawings in families."""
    return screenshot(browser, folder / "audit/index.html", (1280, 1000))


PICTURES: dict[str, Callable[[Any, Path], Image.Image]] = {
    one.__name__: one for one in (drawings, overview, audit, report, labels, compare)
}


def under_each_other(pictures: list[Image.Image]) -> Image.Image:
    """Put pictures under each other, with their left sides in one line, on the colour of the first one's corner."""
    size = (max(one.width for one in pictures), sum(one.height for one in pictures) - GAP * (len(pictures) - 1))
    ground, top = Image.new("RGB", size, pictures[0].getpixel((0, 0))), 0
    for picture in pictures:
        ground.paste(picture, (0, top))
        top += picture.height - GAP
    return ground


def main() -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(PICTURES)}; all by default")
    parser.add_argument("--pages", type=Path, default=Path("build/pages"))
    parser.add_argument("--out", type=Path, default=Path("docs/images/tutorials"))
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    browser = open_browser()
    try:
        for name in given.names or PICTURES:
            page = folder_of((TUTORIALS / f"{TUTORIAL_PICTURES[name]}.md").relative_to(ROOT))
            picture = PICTURES[name](browser, given.pages / page / "page")
            picture.quantize(128).save(given.out / f"{name}.png", optimize=True)
            write_record(given.out, {f"{name}.png": tutorial_sources(name)})
            print(f"{given.out / name}.png")
    finally:
        browser.quit()


if __name__ == "__main__":
    main()
