"""Print the changes of a version, from CHANGELOG.md, for its release.

    python tools/release_notes.py 0.1.0

It is refused, with exit status 1, where the changelog's newest version or the package's version is another one, or the
changelog still has "unreleased" in place of the date.
"""

from __future__ import annotations

import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEADING = re.compile(r"^## (?P<version>\S+) \((?P<date>\d{4}-\d\d-\d\d|unreleased)\)$", re.MULTILINE)


@dataclass(frozen=True)
class Section:
    """The newest section of the changelog; `date` is None before the release."""

    version: str
    date: str | None
    text: str


def newest(changelog: str) -> Section:
    """Return the changelog's first section.

    Raises:
        ValueError: it has no heading such as `## 0.1.0 (2026-12-01)`.
    """
    found = list(HEADING.finditer(changelog))
    if not found:
        raise ValueError("CHANGELOG.md has no heading such as `## 0.1.0 (2026-12-01)` or `## 0.1.0 (unreleased)`")
    first = found[0]
    end = found[1].start() if len(found) > 1 else len(changelog)
    date = None if first["date"] == "unreleased" else first["date"]
    return Section(first["version"], date, changelog[first.end() : end].strip())


def package_version(root: Path = ROOT) -> str:
    """Return the version in pyproject.toml."""
    return str(tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def obstacles(wanted: str, section: Section, package: str) -> list[str]:
    """Return why a version cannot be released."""
    found = [
        f"{place} has {version}, not {wanted}"
        for place, version in (("CHANGELOG.md", section.version), ("pyproject.toml", package))
        if version != wanted
    ]
    if section.date is None:
        found.append(f"CHANGELOG.md has no date for {section.version}; write `## {section.version} (YYYY-MM-DD)`")
    return found


def main() -> int:
    """Print the section, or what is wrong."""
    if len(sys.argv) != 2:
        print("python tools/release_notes.py VERSION", file=sys.stderr)
        return 2
    section = newest((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    if found := obstacles(sys.argv[1], section, package_version()):
        print("\n".join(found), file=sys.stderr)
        return 1
    print(section.text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
