"""The changes of a release, and the places that have the version."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tools.release_notes import ROOT, newest, obstacles, package_version

TWO = "# Changelog\n\n## 0.2.0 (2026-12-01)\n\n### Report\n- New.\n\n## 0.1.0 (2026-11-01)\n- Old.\n"


def test_the_newest_section_is_taken() -> None:
    section = newest(TWO)
    assert (section.version, section.date, section.text) == ("0.2.0", "2026-12-01", "### Report\n- New.")


def test_a_changelog_without_versions_is_refused() -> None:
    with pytest.raises(ValueError, match="CHANGELOG"):
        newest("# Changelog\n\n## Next\n")


@pytest.mark.parametrize(
    ("wanted", "text", "package", "count"),
    [
        ("0.2.0", TWO, "0.2.0", 0),
        ("0.2.0", TWO, "0.1.0", 1),
        ("0.3.0", TWO, "0.2.0", 2),
        ("0.2.0", TWO.replace("2026-12-01", "unreleased"), "0.2.0", 1),
    ],
)
def test_obstacles(wanted: str, text: str, package: str, count: int) -> None:
    assert len(obstacles(wanted, newest(text), package)) == count


def test_all_places_have_the_same_version() -> None:
    version = package_version()
    assert newest(Path(ROOT / "CHANGELOG.md").read_text(encoding="utf-8")).version == version
    assert yaml.safe_load(Path(ROOT / "CITATION.cff").read_text(encoding="utf-8"))["version"] == version
