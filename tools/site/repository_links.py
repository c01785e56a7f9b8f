"""Hook of mkdocs: pages made of files outside docs/, and links between such files, pages and the repository.

A link is written as it works in the repository (`../benchmarks/families.py`, `../CHANGELOG.md`). In the site, a link to
a file that has a page becomes a link to that page; one to any other file outside docs/ becomes the file's address in
the repository (`extra.repository` of mkdocs.yml).
"""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

BRANCH = "main"
# Files of the repository that are pages of the site.
PAGES = {"changelog.md": "CHANGELOG.md", "contributing.md": "CONTRIBUTING.md", "security.md": "SECURITY.md"}
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#|/)([^)\s#]+)")


def resolve(markdown: str, page: str, repository: str) -> str:
    """Return the text of `page` (its path in docs/) with links as they work in the site."""
    source = PAGES.get(page, f"docs/{page}")
    here = posixpath.dirname(page)
    pages = {path: name for name, path in PAGES.items()}

    def address(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), match[1]))
        if path in pages:
            return posixpath.relpath(pages[path], here or ".")
        if path.startswith("docs/"):
            return posixpath.relpath(path, posixpath.join("docs", here))
        return f"{repository.rstrip('/')}/blob/{BRANCH}/{path}"

    return LINK.sub(address, markdown)


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages that are made of files outside docs/."""
    root = Path(config.config_file_path).parent
    for name, path in PAGES.items():
        files.append(File.generated(config, name, content=(root / path).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Resolve the links of a page before it is rendered."""
    return resolve(markdown, page.file.src_uri, str(config.extra["repository"]))
