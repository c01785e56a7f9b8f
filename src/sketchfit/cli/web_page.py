"""Writes the page that works without a service, and prints what it is: for `export --web` and `serve --static`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sketchfit.cli.options import check_above
from sketchfit.printing import echo

WebRuntimeFolder = Annotated[
    Path | None,
    typer.Option("--web-runtime", help="Folder of the npm package onnxruntime-web; by default it is searched."),
]

REPEATS = 5


def check_web_page(out: Path, runtime: Path | None) -> None:
    """Refuse a folder and a runtime with which no page can be written, before long work.

    Raises:
        UserError: other files are in the folder, it cannot be written, or there is no runtime.
    """
    from sketchfit.serving.static_page import check_static_folder
    from sketchfit.serving.web_runtime import find_web_runtime

    check_static_folder(out)
    check_above(out, out)
    find_web_runtime(runtime)


def write_web_page(bundle: Path, out: Path, runtime: Path | None) -> None:
    """Write the page of a bundle; print its size and the time per image."""
    from sketchfit.serving.static_page import write_static_page

    page = write_static_page(bundle, out, runtime)
    drawings = f" and {page.drawings:,} training drawings" if page.drawings else ""
    echo(f"{page.index}: open it in a browser, or put its folder on any web server")
    echo(
        f"{page.bytes / 1e6:.1f} MB with the network ({page.network_bytes / 1e6:.1f} MB), "
        f"ONNX Runtime Web {page.runtime}{drawings}"
    )
    if (milliseconds := _milliseconds(bundle)) is not None:
        echo(f"{milliseconds:.1f} ms per image at best, with one thread here; the page shows the browser's time")


def _milliseconds(bundle: Path) -> float | None:
    """Return the time per image with ONNX Runtime and one thread, the fastest of several; None where it is missing."""
    import time

    import numpy as np

    from sketchfit.bundle.model import BundleModel
    from sketchfit.errors import UserError

    try:
        model = BundleModel.open(bundle, threads=1)
    except UserError:
        return None
    size = model.manifest.preprocessing.size
    image = np.full((size, size), 255, np.uint8)
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        model.proba([image])
        times.append(time.perf_counter() - start)
    return 1000 * min(times)
