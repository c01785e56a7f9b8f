"""Check links: those of the Markdown files of the repository, or those of the built site.

    python tools/check_links.py                       # README, CHANGELOG, docs: files, headings, images
    python tools/check_links.py --site build/site     # each page: files, anchors; nothing is loaded from other hosts
    python tools/check_links.py --external            # list links to other hosts; they are not followed

Prints `file:line: what is wrong`, and exits with status 1 if there is something. An address of the repository itself
(`extra.repository` of mkdocs.yml) counts as the path of the file.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.site.markdown_links import is_external, links, problem  # noqa: E402
from tools.site.page_links import foreign, problems  # noqa: E402


def markdown_files(root: Path) -> list[Path]:
    """Return the Markdown files of the repository's root and of docs/."""
    return sorted([*root.glob("*.md"), *(root / "docs").rglob("*.md")])


def repository(root: Path) -> str:
    """Return the repository's address from mkdocs.yml, which has tags that a plain reader of YAML refuses."""
    found = re.search(
        r"^ +repository: (?:&\w+ )?(\S+)$", (root / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE
    )
    if found is None:
        raise SystemExit("mkdocs.yml has no extra.repository")
    return found[1]


def own_file(target: str, address: str) -> str | None:
    """Return the path in the repository of one of its own addresses on the web; None for any other address."""
    raw = address.replace("https://github.com/", "https://raw.githubusercontent.com/")
    found = re.match(rf"(?:{re.escape(address)}/(?:blob|tree|raw)|{re.escape(raw)})/main/(.+)", target)
    return found[1] if found else None


def wrong_links(root: Path) -> Iterator[str]:
    """Yield `file:line: target: what is wrong` for the Markdown files."""
    address = repository(root)
    for file in markdown_files(root):
        for line, target in links(file.read_text(encoding="utf-8")):
            own = own_file(target, address)
            if own is None and is_external(target):
                continue
            if found := problem(root / "README.md" if own else file, own or target):
                yield f"{file.relative_to(root)}:{line}: {target}: {found}"


def external_links(root: Path) -> Iterator[str]:
    """Yield `file:line: target` for links to other hosts."""
    address = repository(root)
    for file in markdown_files(root):
        for line, target in links(file.read_text(encoding="utf-8")):
            if is_external(target) and own_file(target, address) is None:
                yield f"{file.relative_to(root)}:{line}: {target}"


def wrong_site_links(site: Path) -> Iterator[str]:
    """Yield `page: what is wrong` for the pages and the style sheets of the built site."""
    for page in sorted(site.rglob("*.html")):
        yield from (f"{page.relative_to(site)}: {found}" for found in problems(site, page))
    for sheet in sorted(site.rglob("*.css")):
        yield from (f"{sheet.relative_to(site)}: {found}" for found in foreign(sheet))


def main(arguments: list[str]) -> int:
    """Print the findings; 1 if there are any."""
    if arguments == ["--external"]:
        print("\n".join(external_links(ROOT)))
        return 0
    found = list(wrong_site_links(Path(arguments[1])) if arguments[:1] == ["--site"] else wrong_links(ROOT))
    print("\n".join(found), end="\n" if found else "")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
