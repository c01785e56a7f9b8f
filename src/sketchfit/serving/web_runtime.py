"""Finds ONNX Runtime Web: the files of its npm package that the static page needs.

The package is not part of sketchfit: `npm install onnxruntime-web` fetches it, or `npm pack` and tar.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sketchfit.errors import UserError
from sketchfit.regular import read_regular

PACKAGE = "onnxruntime-web"
SCRIPT, GLUE, WASM = "dist/ort.wasm.min.js", "dist/ort-wasm-simd-threaded.mjs", "dist/ort-wasm-simd-threaded.wasm"
"""What is called, what loads the compiled program, and the program: that without WebGPU."""

GLOBAL = (Path("/usr/local/lib/node_modules"), Path("/usr/lib/node_modules"), Path("/opt/homebrew/lib/node_modules"))
"""Folders of `npm install --global`."""

MOST_BYTES = 1 << 27

INSTALL = f"Install it with `npm install {PACKAGE}` in this folder, or name its folder with --web-runtime."


@dataclass(frozen=True)
class WebRuntime:
    """The runtime's files.

    Attributes:
        version: of the package.
        script, glue, wasm: their content.
    """

    version: str
    script: bytes
    glue: bytes
    wasm: bytes


def find_web_runtime(folder: Path | None = None) -> WebRuntime:
    """Read the runtime.

    Args:
        folder: of the package, or one with a `node_modules`; by default it is searched as Node.js does: in the
            `node_modules` of the working folder and those above it, in $NODE_PATH, and among the global packages.

    Raises:
        UserError: it is not there, or incomplete.
    """
    places = list(_usual_places()) if folder is None else [folder, *_below(folder)]
    found = next((place for place in places if (place / SCRIPT).is_file()), None)
    if found is None:
        where = "on this machine" if folder is None else f"in {folder}"
        raise UserError(f"the static page needs the npm package {PACKAGE}, and there is none {where}", INSTALL)
    try:
        script, glue, wasm = (read_regular(found / name, MOST_BYTES) for name in (SCRIPT, GLUE, WASM))
        version = json.loads(read_regular(found / "package.json", 1 << 20))["version"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{found} is no complete {PACKAGE}: {error}", INSTALL) from error
    return WebRuntime(str(version), script, glue, wasm)


def _usual_places() -> Iterator[Path]:
    working = Path.cwd()
    for folder in (working, *working.parents):
        yield folder / "node_modules" / PACKAGE
    listed = [Path(one) for one in os.environ.get("NODE_PATH", "").split(os.pathsep) if one]
    for folder in (*listed, *GLOBAL):
        yield folder / PACKAGE


def _below(folder: Path) -> Iterator[Path]:
    """Where the package is in a folder that the user names: also below what `npm pack` and tar make."""
    for name in ("package", PACKAGE, f"node_modules/{PACKAGE}"):
        yield folder / name
