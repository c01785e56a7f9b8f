"""Size, time and answers of the page that works without a service, in a headless Chromium, opened from the disk.

    python benchmarks/static_page.py BUNDLE IMAGES [--count 100] [--web-runtime FOLDER]

IMAGES is a folder of PNG or JPEG files; `--count` of them, evenly spaced in the order of their names, are answered by
the page and by the bundle in Python (ONNX Runtime, one thread). Needs selenium, chromium and chromedriver.
"""

from __future__ import annotations

import argparse
import base64
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from sketchfit.bundle.decode import upload
from sketchfit.bundle.model import BundleModel
from sketchfit.serving.static_page import write_static_page

ANSWER = """
const [text, type, done] = arguments;
const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
(async () => {
  const bitmap = await createImageBitmap(new Blob([bytes], {type}));
  const canvas = sketchfit.pictureCanvas(bitmap);
  const {label, probability, milliseconds} = await sketchfit.engine.predict({canvas: () => canvas});
  return {label, probability, milliseconds};
})().then(done, (error) => done({error: String(error)}));
"""
TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}


def chosen(folder: Path, count: int) -> list[Path]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in TYPES)
    if not paths:
        raise SystemExit(f"{folder} holds no PNG or JPEG files")
    return [paths[int(place)] for place in np.linspace(0, len(paths) - 1, min(count, len(paths)))]


def open_browser() -> Any:
    from selenium import webdriver

    driver, program = shutil.which("chromedriver"), shutil.which("chromium") or shutil.which("google-chrome")
    if driver is None or program is None:
        raise SystemExit("there is no chromium, or no chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    browser.set_script_timeout(60)
    return browser


def answers_of(browser: Any, paths: list[Path]) -> list[dict[str, Any]]:
    found = []
    for path in paths:
        text = base64.b64encode(path.read_bytes()).decode("ascii")
        answer = browser.execute_async_script(ANSWER, text, TYPES[path.suffix.lower()])
        if "error" in answer:
            raise SystemExit(f"{path}: {answer['error']}")
        found.append(answer)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("images", type=Path)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--web-runtime", type=Path)
    arguments = parser.parse_args()
    paths = chosen(arguments.images, arguments.count)
    model = BundleModel.open(arguments.bundle, threads=1)
    images = [upload(path.read_bytes()).pixels for path in paths]
    expected = model.proba(images)
    with tempfile.TemporaryDirectory() as folder:
        page = write_static_page(arguments.bundle, Path(folder) / "page", arguments.web_runtime)
        browser = open_browser()
        try:
            began = time.perf_counter()
            browser.get(page.index.absolute().as_uri())
            answers_of(browser, paths[:1])
            start = time.perf_counter() - began
            found = answers_of(browser, paths)
        finally:
            browser.quit()
    best = expected.argmax(axis=1)
    equal = sum(one["label"] == model.labels[k] for one, k in zip(found, best, strict=True))
    gap = max(abs(one["probability"] - row.max()) for one, row in zip(found, expected, strict=True))
    times = [one["milliseconds"] for one in found]
    print(f"page: {page.bytes / 1e6:.1f} MB, of which the network {page.network_bytes / 1e6:.1f} MB uncompressed")
    print(f"from opening to the first answer: {start:.1f} s")
    print(f"per image: {statistics.median(times):.1f} ms (median of {len(times)}, one thread of WebAssembly)")
    print(f"equal answers: {equal} of {len(found)}; largest difference of the first probability: {gap:.1e}")


if __name__ == "__main__":
    main()
