"""A wheel that lacks a file, has another one or is too large is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.wheel_contents import DIST_INFO, LARGEST_WHEEL, package_files, problems, same_files

PACKAGE = {"sketchfit/__init__.py": b"1", "sketchfit/py.typed": b"", "sketchfit/a.css": b"2"}
OWN = {f"sketchfit-0.1.0.dist-info/{name}": b"" for name in DIST_INFO}


def test_a_complete_wheel() -> None:
    assert problems(PACKAGE | OWN, 100, PACKAGE) == []


@pytest.mark.parametrize(
    ("wheel", "size", "part"),
    [
        ({name: PACKAGE[name] for name in list(PACKAGE)[:2]} | OWN, 100, "a.css is not"),
        (PACKAGE | OWN | {"tests/test_a.py": b""}, 100, "tests/test_a.py is in"),
        (PACKAGE | OWN | {"sketchfit/__pycache__/a.pyc": b""}, 100, "a.pyc is in"),
        (PACKAGE | OWN | {"sketchfit/a.css": b"3"}, 100, "a.css differs"),
        (PACKAGE, 100, "own files"),
        (PACKAGE | OWN, LARGEST_WHEEL + 1, "bytes"),
    ],
)
def test_what_is_wrong_is_named(wheel: dict[str, bytes], size: int, part: str) -> None:
    found = problems(wheel, size, PACKAGE)
    assert len(found) == 1
    assert part in found[0]


def test_wheels_are_compared_by_content() -> None:
    assert same_files({"a": b"1", "b": b"2"}, {"a": b"1", "b": b"3", "c": b""}) == ["b", "c"]
    assert same_files({"a": b"1", "b": b"2"}, {"a": b"1"}, without=["b"]) == []


def test_files_of_each_kind_belong_to_the_package() -> None:
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        pytest.skip("not a checkout")
    kinds = {Path(name).suffix for name in package_files(root)}
    assert {".py", ".yaml", ".j2", ".css", ".js", ".csv", ".html", ".svg", ".typed"} <= kinds
