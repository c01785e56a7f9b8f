"""The page without a service: a folder with the network inside, which also works when opened from a disk.

Browsers let a page from a disk fetch nothing. So the network, the runtime and the training drawings are written as
scripts: compressed, as base64, in parts. `web/embedded.js` puts them together.
"""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from sketchfit.bundle.files import open_manifest, read_verified
from sketchfit.bundle.manifest import COMPLETE, BundleManifest
from sketchfit.bundle.neighbours import Neighbours
from sketchfit.errors import UserError
from sketchfit.files import atomic
from sketchfit.moving import delete_file
from sketchfit.regular import read_regular
from sketchfit.serving.page import FOLDER, INDEX, STATIC_MARK, STATIC_SCRIPTS, page_files
from sketchfit.serving.static_facts import sheet_of, static_facts
from sketchfit.serving.web_runtime import PACKAGE, WebRuntime, find_web_runtime

DATA = "data"
PART_BYTES = 3 << 20
"""Compressed bytes per script: texts of 4 MiB, which every browser reads."""

NOTICE = "NOTICE.txt"
EMBEDDED = ("facts", "runtime", "glue", "worker", "wasm", "model", "features", "thumbnails")
OF_A_PAGE = re.compile(
    rf"index\.html|NOTICE\.txt|web|data|web/[a-z_]+\.(css|js|svg)|data/({'|'.join(EMBEDDED)})-\d+\.js"
)
"""Paths in the folder of a page."""
OWN_INDEX = b'src="web/embedded.js"'
"""What no other `index.html` has."""
MOST_INDEX = 1 << 22
NAMED = 3
"""Other files in an error."""
WORKER = "local_worker.js"
"""Not loaded by the page, but by the worker: embedded as data."""


@dataclass(frozen=True)
class StaticPage:
    """A page that was written.

    Attributes:
        index: the file to open.
        bytes: of all files together: what a visitor downloads.
        network_bytes: of the graph, before compression.
        runtime: version of ONNX Runtime Web.
        drawings: number of training drawings in it.
    """

    index: Path
    bytes: int
    network_bytes: int
    runtime: str
    drawings: int


def write_static_page(bundle: Path, out: Path, runtime: Path | None = None) -> StaticPage:
    """Write the page of a bundle into a folder; a page that is there is replaced.

    Args:
        bundle: folder of the bundle.
        out: folder to write; new, empty, or with an earlier static page.
        runtime: folder of the npm package onnxruntime-web; see `find_web_runtime`.

    Raises:
        UserError: no bundle, no runtime, a graph without preprocessing, or a folder with other files.
    """
    manifest = open_manifest(bundle)
    if not manifest.complete:
        raise UserError(f"{bundle}: its graph does not prepare images, which the static page needs")
    check_static_folder(out)
    found = find_web_runtime(runtime)
    graph = read_verified(bundle, manifest, COMPLETE)
    neighbours = Neighbours.of_bundle(bundle, manifest) if manifest.features else None
    written = list(_files(manifest, graph, found, neighbours))
    _remove_data(out)
    for name, content in written:
        with atomic(out / name) as temporary:
            temporary.write_bytes(content)
    return StaticPage(
        index=out / INDEX,
        bytes=sum(len(content) for _, content in written),
        network_bytes=len(graph),
        runtime=found.version,
        drawings=len(neighbours) if neighbours else 0,
    )


def check_static_folder(out: Path) -> None:
    """Refuse a folder in which something other than a static page is.

    Raises:
        UserError: it is a file, or has other content.
    """
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is no folder")
    names = (path.relative_to(out).as_posix() for path in out.rglob("*"))
    others = list(islice((name for name in names if not OF_A_PAGE.fullmatch(name)), NAMED))  # there may be millions
    if not others and not _is_free(out / INDEX):
        others = [INDEX]
    if others:
        raise UserError(f"{out} holds other files: {', '.join(others)}", "Name a new folder for the page.")


def _is_free(index: Path) -> bool:
    """Return whether an `index.html` is that of a page, or missing."""
    try:
        return OWN_INDEX in read_regular(index, MOST_INDEX)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False


def _remove_data(out: Path) -> None:
    """Delete the scripts of an earlier page, see `check_static_folder`: a smaller network has fewer parts."""
    for path in (out / DATA).glob("*.js"):
        delete_file(path)


def _files(
    manifest: BundleManifest, graph: bytes, runtime: WebRuntime, neighbours: Neighbours | None
) -> Iterator[tuple[str, bytes]]:
    """Yield each file of the page: its path and content; `index.html`, which needs all others, comes last."""
    embedded = {
        "facts": static_facts(manifest, neighbours).model_dump_json().encode("utf-8"),
        "runtime": runtime.script,
        "glue": runtime.glue,
        "worker": page_files()[WORKER],
        "wasm": runtime.wasm,
        "model": graph,
    }
    if neighbours is not None:
        embedded["features"] = neighbours.features.astype("<f2").tobytes()
        embedded["thumbnails"] = sheet_of(neighbours)
    scripts = [f"{FOLDER}/{name}" for name in STATIC_SCRIPTS if name != WORKER]
    parts = []
    for name, content in embedded.items():
        for script, text in _scripts(name, content):
            parts.append(f"{DATA}/{script}")
            yield parts[-1], text
    for name, content in page_files().items():
        if name not in (INDEX, WORKER):
            yield f"{FOLDER}/{name}", content
    yield NOTICE, _notice(runtime).encode("utf-8")
    tags = "".join(f'<script defer src="{name}"></script>\n' for name in (scripts[0], *parts, *scripts[1:]))
    yield INDEX, page_files()[INDEX].decode("utf-8").replace(STATIC_MARK, tags).encode("utf-8")


def _scripts(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the scripts that embed a file."""
    packed = gzip.compress(content, compresslevel=6, mtime=0)
    starts = range(0, len(packed), PART_BYTES)
    for number, start in enumerate(starts):
        text = base64.b64encode(packed[start : start + PART_BYTES]).decode("ascii")
        yield f"{name}-{number}.js", f'sketchfit.embed("{name}",{number},{len(starts)},"{text}");\n'.encode("ascii")


def _notice(runtime: WebRuntime) -> str:
    return (
        f"This page contains ONNX Runtime Web {runtime.version} (npm package {PACKAGE}),\n"
        "Copyright (c) Microsoft Corporation, under the MIT licence.\n"
    )
