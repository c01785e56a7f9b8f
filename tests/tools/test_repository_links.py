"""Links as they are written for the repository become links that work in the site."""

from __future__ import annotations

import pytest

from tools.site.repository_links import resolve

REPOSITORY = "https://example.org/owner/name/"


@pytest.mark.parametrize(
    ("page", "link", "expected"),
    [
        ("a.md", "b.md#part", "b.md#part"),
        ("how-to/a.md", "../b.md", "../b.md"),
        ("how-to/a.md", "b.md", "b.md"),
        ("a.md", "../benchmarks/x.py", f"{REPOSITORY}blob/main/benchmarks/x.py"),
        ("how-to/a.md", "../../README.md#speed", f"{REPOSITORY}blob/main/README.md#speed"),
        ("how-to/a.md", "../../CHANGELOG.md", "../changelog.md"),
        ("how-to/a.md", "../../CONTRIBUTING.md#tests", "../contributing.md#tests"),
        ("contributing.md", "SECURITY.md", "security.md"),
        ("contributing.md", "docs/a.md", "a.md"),
        ("contributing.md", "README.md#architecture", f"{REPOSITORY}blob/main/README.md#architecture"),
        ("changelog.md", "docs/a.md#part", "a.md#part"),
        ("changelog.md", "tools/x.py", f"{REPOSITORY}blob/main/tools/x.py"),
        ("a.md", "https://example.org/x", "https://example.org/x"),
        ("a.md", "#part", "#part"),
    ],
)
def test_a_link_is_resolved_from_the_place_of_its_file(page: str, link: str, expected: str) -> None:
    assert resolve(f"See [this]({link}).", page, REPOSITORY) == f"See [this]({expected})."
