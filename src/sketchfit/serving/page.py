"""The page at `/`: its files, read once from the package, and the routes that send them.

The page is plain HTML, CSS and JavaScript without a build step, and requests nothing from other hosts.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

FOLDER = "web"
"""Folder of the files next to this module, and in the page's addresses."""

INDEX = "index.html"
STATIC_MARK = "<!-- static -->\n"
"""Line of `index.html` where the static form of the page loads its own scripts."""

STATIC_SCRIPTS = ("embedded.js", "pixels.js", "rules.js", "local.js", "local_worker.js")
"""Files that only the static form uses."""

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
HEADERS = {
    "Cache-Control": "no-cache",  # kept, and compared by its ETag
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Vary": "Accept-Encoding",
}
"""Besides those of `guard.SAFE_HEADERS`."""


@dataclass(frozen=True)
class PageFile:
    """A file of the page, also compressed, with its type and a digest of its content."""

    content: bytes
    compressed: bytes
    media_type: str
    etag: str

    @classmethod
    def of(cls, name: str, content: bytes) -> PageFile:
        """Make it from its name and content."""
        digest = hashlib.blake2b(content, digest_size=12).hexdigest()
        media_type = MEDIA_TYPES[name[name.rindex(".") :]]
        return cls(content, gzip.compress(content, mtime=0), media_type, f'W/"{digest}"')


@lru_cache(maxsize=1)
def page_files() -> dict[str, bytes]:
    """Return the content of the page's files by name."""
    return dict(sorted(_files()))


def _files() -> Iterator[tuple[str, bytes]]:
    for file in (resources.files("sketchfit.serving") / FOLDER).iterdir():
        if file.is_file() and file.name.endswith(tuple(MEDIA_TYPES)):
            yield file.name, file.read_bytes()


def page_routes() -> list[Route]:
    """Return the routes `/` and `/web/NAME`."""
    served = {name: content for name, content in page_files().items() if name not in STATIC_SCRIPTS}
    index = served.pop(INDEX).decode("utf-8").replace(STATIC_MARK, "")
    files = {name: PageFile.of(name, content) for name, content in served.items()}
    first = PageFile.of(INDEX, index.encode("utf-8"))

    async def root(request: Request) -> Response:
        return _response(request, first)

    async def file(request: Request) -> Response:
        found = files.get(request.path_params["name"])
        return _response(request, found) if found else Response("no such file", 404, media_type="text/plain")

    return [
        Route("/", root, include_in_schema=False),
        Route(f"/{FOLDER}/{{name}}", file, include_in_schema=False),
    ]


def _response(request: Request, file: PageFile) -> Response:
    headers = HEADERS | {"ETag": file.etag}
    if file.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.compressed, headers=headers | {"Content-Encoding": "gzip"}, media_type=file.media_type)
    return Response(file.content, headers=headers, media_type=file.media_type)
