"""Hook of mkdocs: short code in a sentence or a cell gets the class `short`, so that no hyphen breaks it."""

import re

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

SHORT = re.compile(r"<code>([^<\n]{1,28})</code>")


def on_page_content(html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Mark the short code of a page."""
    return mark(html)


def mark(html: str) -> str:
    """Return a page's HTML with the class in each `code` of up to 28 characters outside blocks."""
    return SHORT.sub(r'<code class="short">\1</code>', html)
