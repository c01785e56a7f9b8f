"""Links of Markdown files as a reader of the repository follows them: to files, to headings, to images."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

FENCE = re.compile(r"^( *)(`{3,}|~{3,}).*?^\1\2[`~]* *$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)")
LINK = re.compile(
    r"\]\(\s*<?([^)\s>]+)|^\s{0,3}\[[^\]]+\]:\s+(\S+)|<(?:a|img)\s[^>]*?(?:href|src)=\"([^\"]+)\"", re.MULTILINE
)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
IDENTIFIER = re.compile(r"<[^>]+\s(?:id|name)=\"([^\"]+)\"|\{\s*#([\w.-]+)[^}]*\}\s*$", re.MULTILINE)
GENERATED = re.compile(r"^::: ", re.MULTILINE)
"""Headings of such a page are known in the built site only."""


def links(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the target of each link and image outside code."""
    plain = CODE.sub(_blank, FENCE.sub(_blank, text))
    for match in LINK.finditer(plain):
        target = next(part for part in match.groups() if part)
        yield plain.count("\n", 0, match.start()) + 1, target


def anchors(text: str) -> set[str]:
    """Return the anchors of a file's headings, as GitHub makes them, and those that it sets itself."""
    plain, seen, found = FENCE.sub(_blank, text), Counter[str](), set[str]()
    for heading in HEADING.findall(plain):
        name = slug(heading)
        found.add(f"{name}-{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return found | {first or second for first, second in IDENTIFIER.findall(plain)}


def slug(heading: str) -> str:
    """Return the anchor of a heading: in lower case, without punctuation, with hyphens for spaces."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    text = re.sub(r"\{\s*#[^}]*\}\s*$", "", text).strip()
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def is_external(target: str) -> bool:
    """Whether a link leads to another host, or to no file at all (`mailto:`)."""
    return re.match(r"[a-z][a-z+.-]*:|//", target, re.IGNORECASE) is not None


def problem(file: Path, target: str) -> str | None:
    """Return what is wrong with an internal link of a file; None where nothing is."""
    name, _, anchor = target.partition("#")
    path = (file.parent / name).resolve() if name else file
    if not path.exists():
        return f"there is no {name}"
    if anchor and path.suffix == ".md":
        text = path.read_text(encoding="utf-8")
        if not GENERATED.search(text) and anchor not in anchors(text):
            return f"{path.name} has no heading #{anchor}"
    return None


def _blank(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n")
