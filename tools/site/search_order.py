"""Hook of mkdocs: pages that name everything come last among the results of the site's search."""

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

LAST = ("options/index.md", "changelog.md")
BOOST = 0.1


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Lower the weight of such a page."""
    if page.file.src_uri in LAST:
        page.meta.setdefault("search", {})["boost"] = BOOST
    return markdown
