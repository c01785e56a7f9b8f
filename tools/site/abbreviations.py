"""Hook of mkdocs: abbreviations of the glossary get their long form where the pointer rests on them.

The glossary's headings name them in brackets: `### out of fold (OOF)`.
"""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

GLOSSARY = "glossary.md"
TERM = re.compile(r"^### (.+?)(?: \((.+)\))?$", re.MULTILINE)


def terms(glossary: str) -> list[tuple[str, str]]:
    """Return the terms of the glossary in their order, each with what is in brackets behind it."""
    return TERM.findall(glossary)


def abbreviations(glossary: str) -> dict[str, str]:
    """Return the long form of each abbreviation: of a term and the text in brackets behind it, the longer one."""
    pairs = [sorted(pair, key=len) for pair in terms(glossary) if all(pair)]
    return {pair[0]: pair[1] for pair in pairs}


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Add the abbreviations to the end of a page."""
    if page.file.src_uri == GLOSSARY:
        return markdown
    text = (Path(config.docs_dir) / GLOSSARY).read_text(encoding="utf-8")
    lines = [f"*[{short}]: {long}" for short, long in abbreviations(text).items()]
    return f"{markdown}\n\n" + "\n".join(lines) + "\n"
