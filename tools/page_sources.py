"""What pages and pictures of the documentation were made from, so that a test finds those that are not current.

    python -m tools.page_sources page.png     # record that docs/images/page.png shows the current page to draw on

The tools that make the other pictures write their records.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from tools.page_script import blocks

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "sketchfit"
REPORTING, WEB, SYNTHETIC = PACKAGE / "reporting", PACKAGE / "serving" / "web", PACKAGE / "synthetic"
IMAGES = ROOT / "docs" / "images"
TUTORIALS = ROOT / "docs" / "tutorials"
KINDS = (".j2", ".css", ".js", ".svg", ".html")
RECORD = "made_from.json"
"""File next to pages or pictures: digest of the sources of each, by name."""
BY_HAND = "made_by_hand.json"
"""The same for pictures that no tool makes."""

UNSEEN = ("embedded.js", "local.js", "local_worker.js", "service.js")
"""Scripts of the page to draw on that transport answers, and change nothing that is seen."""

DRAWING = ("drawn_page", "items", "model", "pen", "shapes", "objects/*")
"""Modules of `sketchfit.synthetic` that decide what a drawing looks like."""

PAGE = "page.png"
TUTORIAL_PICTURES = {
    "drawings": "first-run",
    "overview": "first-run",
    "audit": "competition",
    "report": "failure-analysis",
    "labels": "failure-analysis",
    "compare": "failure-analysis",
}
"""Pictures of docs/images/tutorials, and the page whose commands made what each shows."""

EVERY_PAGE = ("base", "facts", "macros", "site")
SHOWN = {
    "overview": ("overview",),
    "audit": ("audit", "audit_relations"),
    "report": ("report", "report/headline", "report/summary"),
    "labels": ("report", "report/labels", "review"),
    "compare": ("compare",),
}
"""Templates of what each of them shows, besides those of every page."""
OF_SETTINGS = ("ablation", "scout", "search")
"""Templates of pages that compare settings; no run has them."""
NOT_SHOWN = ("map", "matrix", "print")
"""Styles of parts that no picture of a tutorial shows."""


def digest(paths: Iterable[Path]) -> str:
    """Return a digest of the contents of text files, the same for all kinds of line ends."""
    return digest_of_texts(path.read_text(encoding="utf-8") for path in sorted(paths))


def digest_of_texts(texts: Iterable[str]) -> str:
    """Return a digest of texts in their order."""
    found = hashlib.blake2b(digest_size=16)
    for text in texts:
        found.update(text.encode() + b"\0")
    return found.hexdigest()


def templates() -> list[Path]:
    """Return the templates, styles and scripts of the pages of a run."""
    others = {f"{name}.html.j2" for name in OF_SETTINGS}
    return [path for path in REPORTING.rglob("*") if path.suffix in KINDS and path.name not in others]


def web_page() -> list[Path]:
    """Return the files of the page to draw on that decide what is seen."""
    return [path for path in WEB.rglob("*") if path.suffix in KINDS and path.name not in UNSEEN]


def drawing_code() -> list[Path]:
    """Return the files that decide what synthetic drawings look like."""
    return [path for pattern in DRAWING for path in SYNTHETIC.glob(f"{pattern}.py")]


def commands_of(page: Path) -> list[str]:
    """Return the blocks of a tutorial that are run."""
    found = blocks(page.read_text(encoding="utf-8"))
    return ["\n".join([*one.lines, ""]) for one in found if one.language in ("sh", "python") and not one.reason]


def shown_templates(name: str) -> list[Path]:
    """Return the templates and styles of what a picture of a tutorial shows; scripts change nothing in a still one."""
    folder = REPORTING / "templates"
    own = [folder / f"{one}.html.j2" for one in (*EVERY_PAGE, *SHOWN[name])]
    return [*own, *(one for one in (folder / "styles").glob("*.css") if one.stem not in NOT_SHOWN)]


def tutorial_sources(name: str) -> str:
    """Return the digest of what a picture of a tutorial is made from: commands, and templates or drawing code."""
    files = drawing_code() if name == "drawings" else shown_templates(name)
    return digest_of_texts([digest(files), *commands_of(TUTORIALS / f"{TUTORIAL_PICTURES[name]}.md")])


def write_record(folder: Path, sources: dict[str, str], record: str = RECORD) -> None:
    """Write the digests of what the files of a folder were made from; other files keep theirs."""
    known = read_record(folder, record) if (folder / record).is_file() else {}
    (folder / record).write_text(json.dumps({**known, **sources}, indent=2) + "\n", encoding="utf-8")


def read_record(folder: Path, record: str = RECORD) -> dict[str, str]:
    """Return the digests of what the files of a folder were made from."""
    found: dict[str, str] = json.loads((folder / record).read_text(encoding="utf-8"))
    return found


def main() -> None:
    """Record that a picture which was made by hand is current."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", choices=[PAGE])
    given = parser.parse_args()
    write_record(IMAGES, {given.picture: digest(web_page())}, BY_HAND)


if __name__ == "__main__":
    main()
