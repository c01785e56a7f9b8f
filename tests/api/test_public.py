"""The public names: what they are, that they are light, and that a change of them is a deliberate act."""

from __future__ import annotations

import importlib.metadata
import inspect
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import sketchfit
from sketchfit.missing import EXTRAS
from sketchfit.version import UNKNOWN, version
from tools.public_surface import STORED, surface

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]

FUNCTIONS = [name for name in sketchfit.__all__ if name.islower() and name != "__version__"]


def run_python(code: str) -> list[object]:
    """Return the JSON lines that code prints in a new interpreter."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_surface_is_the_stored_one() -> None:
    stored = STORED.read_text(encoding="utf-8").splitlines()
    present = surface().splitlines()
    gone, new = sorted(set(stored) - set(present)), sorted(set(present) - set(stored))
    assert (gone, new) == ([], []), "see docs/api/versioning.md, then: python -m tools.public_surface --write"
    assert present == stored


def test_dir_has_the_public_names_and_those_of_every_module() -> None:
    assert [name for name in dir(sketchfit) if not name.startswith("__")] == sorted(
        name for name in sketchfit.__all__ if name != "__version__"
    )
    assert set(sketchfit.__all__) <= set(dir(sketchfit))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'train'"):
        _ = sketchfit.train
    assert not hasattr(sketchfit, "_CLASSEZ")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_public_function_is_complete(name: str) -> None:
    function = getattr(sketchfit, name)
    text = inspect.getdoc(function)
    assert function.__name__ == name
    for part in ("Args:", "Raises:", "Examples:", f"sketchfit.{name}("):
        assert part in text
    if name not in ("draw", "load_recipe"):  # these need nothing that is optional
        assert "MissingPackageError: " in text
    if name != "load_recipe":  # all of its mistakes are those of a recipe
        assert "UserError: " in text
    for parameter in inspect.signature(function).parameters.values():
        shown = f"**{parameter.name}" if parameter.kind is parameter.VAR_KEYWORD else parameter.name
        assert f"    {shown}: " in text


@pytest.mark.parametrize("name", [name for name in sketchfit.__all__ if name[0].isupper()])
def test_a_public_class_has_an_example(name: str) -> None:
    assert ">>> " in inspect.getdoc(getattr(sketchfit, name))


def test_names_are_used_without_torch_and_pandas() -> None:
    functions = [*FUNCTIONS, "Recipe", "Deadline", "UserError"]
    (first,), (names,), (loading,) = (
        run_python(f"import json, sys, sketchfit\n{use}\nprint(json.dumps(sorted(sys.modules)))")
        for use in (
            "",
            f"[getattr(sketchfit, name) for name in {functions!r}]; sketchfit.load_recipe(epochs=1)",
            "sketchfit.load, sketchfit.predict",
        )
    )
    assert not {"torch", "pandas", "numpy", "pydantic", "typer"} & set(first)
    assert not {"torch", "pandas", "timm", "scipy", "sklearn"} & set(names)
    assert not {"pydantic", "numpy", "sketchfit.config"} & set(loading)


def test_without_the_packages_of_training_a_call_names_the_command_that_installs_them(drawn: Path) -> None:
    code = f"""
import json, sys
for name in {EXTRAS["train"]!r}: sys.modules[name] = None
import sketchfit
print(json.dumps(sketchfit.load_recipe("cpu", epochs=3).training.epochs))
for call in (lambda: sketchfit.run({str(drawn)!r}, "cpu"), lambda: sketchfit.check({str(drawn)!r}),
             lambda: sketchfit.predict("run", "image.png"), lambda: sketchfit.RunResult):
    try:
        call()
    except sketchfit.MissingPackageError as error:
        print(json.dumps(error.hint))
"""
    assert run_python(code) == [3, *["pip install 'sketchfit[train]'"] * 4]


def test_mistakes_are_found_before_torch_is_imported(drawn: Path) -> None:
    code = f"""
import json, sys, sketchfit
for call in (lambda: sketchfit.run({str(drawn)!r}, epochs=-1), lambda: sketchfit.fit("nowhere"),
             lambda: sketchfit.plan({str(drawn)!r}, "a while")):
    try:
        call()
    except sketchfit.UserError as error:
        print(json.dumps([type(error).__name__, "torch" in sys.modules]))
"""
    assert run_python(code) == [["RecipeError", False], ["DataError", False], ["UserError", False]]


def test_the_version_is_that_of_the_distribution(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sketchfit.__version__ == PROJECT["version"]

    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    assert version() == UNKNOWN
