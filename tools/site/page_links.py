"""Links of the built site: to files and anchors in it, and to what its pages load."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED_LINKS = {"stylesheet", "icon", "preload", "modulepreload", "preconnect", "dns-prefetch", "manifest"}
"""Values of `rel` with which a browser loads the target of a `link`, or connects to its host."""

CSS_URL = re.compile(r"(?:url\(|@import)\s*[\"']?(https?:)?//([^\"')\s]+)")


@dataclass(frozen=True)
class PageLink:
    """A link of a page.

    Attributes:
        target: as in the page.
        loaded: whether a browser loads it with the page, such as an image or a script.
    """

    target: str
    loaded: bool


@dataclass
class _Reader(HTMLParser):
    """Collects the links and anchors of a page."""

    links: list[PageLink] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the links and the anchor of a tag."""
        values = {key: value for key, value in attrs if value}
        self.anchors.update(values[key] for key in ("id", "name") if key in values)
        if tag == "link":
            loaded = bool(LOADED_LINKS & set(values.get("rel", "").split()))
            self.links += [PageLink(values["href"], loaded)] if "href" in values else []
        elif "href" in values:
            self.links.append(PageLink(values["href"], loaded=False))
        if "src" in values:
            self.links.append(PageLink(values["src"], loaded=True))
        self.links += [PageLink(part.split()[0], loaded=True) for part in values.get("srcset", "").split(",") if part]


@cache
def read_page(path: Path) -> tuple[tuple[PageLink, ...], frozenset[str]]:
    """Return the links and the anchors of a page."""
    reader = _Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return tuple(dict.fromkeys(reader.links)), frozenset(reader.anchors)


def problems(site: Path, page: Path) -> Iterator[str]:
    """Yield what is wrong with the links of a page of a site. An anchor that a script makes in a browser is unknown."""
    links, _ = read_page(page)
    for link in links:
        parts = urlsplit(link.target)
        if parts.scheme or parts.netloc:
            if link.loaded and parts.scheme != "data":
                yield f"{link.target} is loaded from another host"
        elif found := _problem(site, page, parts.path, unquote(parts.fragment)):
            yield f"{link.target}: {found}"


def foreign(sheet: Path) -> Iterator[str]:
    """Yield what a style sheet loads from other hosts."""
    for match in CSS_URL.finditer(sheet.read_text(encoding="utf-8")):
        yield f"//{match[2]} is loaded from another host"


def _problem(site: Path, page: Path, path: str, anchor: str) -> str | None:
    base = site if path.startswith("/") else page.parent
    target = (base / unquote(path).lstrip("/")).resolve() if path else page
    if target.is_dir():
        target /= "index.html"
    if not target.is_file():
        return "there is no such file"
    if anchor and target.suffix == ".html" and anchor not in read_page(target)[1]:
        return "there is no such anchor"
    return None
