"""A part of a page between two comments, which can be written again without the rest of the page."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from sketchfit.files import write_text


def marked_part(name: str, html: Markup) -> Markup:
    """Put HTML between the comments that `replace_part` finds. Text from users is escaped and never contains them."""
    return Markup(_start(name)) + html + Markup(_end(name))


def replace_part(page: Path, name: str, html: Markup) -> bool:
    """Write a part of a page again, atomically.

    Args:
        page: the file; nothing is done where there is none, or a link to one.
        name: of the part.
        html: its new content.

    Returns:
        Whether the page has such a part; one without it is not changed.
    """
    if page.is_symlink() or not page.is_file():
        return False
    text = page.read_text(encoding="utf-8", errors="replace")  # a damaged page is no reason to stop a run
    before, start, rest = text.partition(_start(name))
    old, end, after = rest.partition(_end(name))
    if not start or not end:
        return False
    if old != str(html):
        write_text(page, f"{before}{marked_part(name, html)}{after}")
    return True


def _start(name: str) -> str:
    return f"<!-- {name} -->"


def _end(name: str) -> str:
    return f"<!-- end of {name} -->"
