"""The registry of named members: decorator, entry points, and every mistake that can be made with either."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from sketchfit.errors import UserError
from sketchfit.registry import FAMILIES, Registry, check_families, family, nearest

GROUP = "example.shapes"
Install = Callable[[str, str, str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts a distribution with one entry point and one module on the path: (distribution, entry point, source)."""
    monkeypatch.syspath_prepend(str(tmp_path))
    modules: list[str] = []

    def add(name: str, point: str, source: str) -> None:
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{point}\n", encoding="utf-8")
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
        modules.append(name)

    yield add
    for module in modules:
        sys.modules.pop(module, None)


def shapes() -> Registry[object]:
    registry: Registry[object] = Registry("shape", GROUP)
    registry.register("circle")(int)
    return registry


def test_a_decorated_member_is_returned_unchanged_and_found() -> None:
    registry = shapes()
    assert registry.get("circle") is int
    assert registry.names() == ("circle",)
    assert "circle" in registry
    assert "square" not in registry
    assert dict(registry.items()) == {"circle": int}


def test_an_unknown_name_is_refused_with_the_nearest_and_all_known() -> None:
    with pytest.raises(UserError) as caught:
        shapes().get("cirle")
    assert "'circle'" in caught.value.problems[0]
    assert "circle" in caught.value.hint


def test_a_name_cannot_be_registered_twice() -> None:
    with pytest.raises(UserError, match="circle"):
        shapes().register("circle")(str)


def test_a_member_that_does_not_fit_the_family_is_refused() -> None:
    registry: Registry[type] = Registry("shape", GROUP, check=lambda name, kind: "" if name == kind.__name__ else "bad")
    registry.register("int")(int)
    with pytest.raises(UserError, match="bad"):
        registry.register("circle")(int)


def test_an_entry_point_is_listed_without_import_and_imported_at_its_first_use(install: Install) -> None:
    install("outside_one", "square = outside_one:Square", "class Square: sides = 4")
    registry = shapes()
    assert registry.names() == ("circle", "square")
    assert "outside_one" not in sys.modules
    assert registry.get("square").sides == 4  # type: ignore[attr-defined]


def test_an_entry_point_may_use_the_decorator_itself(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = shapes()
    monkeypatch.setattr("sketchfit.registry.shapes", registry, raising=False)
    install(
        "outside_two",
        "square = outside_two:Square",
        "from sketchfit.registry import shapes\n@shapes.register('square')\nclass Square: sides = 4",
    )
    assert registry.get("square").sides == 4  # type: ignore[attr-defined]


def test_an_entry_point_that_cannot_be_imported_names_its_distribution(install: Install) -> None:
    install("outside_broken", "square = outside_broken:Square", "import no_such_module_here")
    registry = shapes()
    assert registry.get("circle") is int
    with pytest.raises(UserError, match=r"outside_broken.*no_such_module_here"):
        registry.get("square")


def test_a_list_of_all_leaves_out_what_cannot_be_imported_with_one_warning(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("outside_gone", "square = outside_gone:Square", "import no_such_module_here")
    registry = shapes()
    for _ in range(2):
        assert dict(registry.items()) == {"circle": int}
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "outside_gone" in caplog.text
    with pytest.raises(UserError, match="no_such_module_here"):
        registry.get("square")


def test_each_family_is_searched_for_names_that_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in FAMILIES:
        registry = family(name)
        point = EntryPoint(registry.names()[0], "outside_six:Member", registry.group)
        with monkeypatch.context() as patch:
            patch.setattr("sketchfit.registry.entry_points", lambda group, own=point: [own] * (group == own.group))
            patch.setattr(registry, "_found", False)
            with pytest.raises(UserError, match="outside_six"):
                check_families()
    check_families()


def test_an_entry_point_with_a_name_of_the_package_is_refused(install: Install) -> None:
    install("outside_three", "circle = outside_three:Circle", "class Circle: ...")
    registry = shapes()
    for _ in range(2):
        with pytest.raises(UserError, match="outside_three"):
            registry.names()


def test_two_entry_points_of_one_name_are_refused(install: Install) -> None:
    install("outside_four", "square = outside_four:Square", "class Square: ...")
    install("outside_five", "square = outside_five:Square", "class Square: ...")
    with pytest.raises(UserError) as caught:
        shapes().names()
    assert "outside_four" in str(caught.value)
    assert "outside_five" in str(caught.value)


def test_lazy_members_are_imported_when_used() -> None:
    registry: Registry[object] = Registry("shape", GROUP, lazy={"path": "pathlib:Path", "gone": "pathlib:NoSuchThing"})
    assert registry.names() == ("path", "gone")
    assert registry.get("path") is Path
    with pytest.raises(UserError, match="NoSuchThing"):
        registry.get("gone")


def test_nearest_names_nothing_that_is_far() -> None:
    assert nearest("xyz", ["circle"]) == ""
