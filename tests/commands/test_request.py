from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sketchfit.commands.request import DataRequest
from sketchfit.config.load import load_recipe
from sketchfit.errors import DataError, RecipeError, UserError
from tests.factories import Cli


def test_keywords_come_after_overrides_and_a_recipe_is_a_source(drawn: Path) -> None:
    recipe = load_recipe("cpu", ["training.epochs=5", "folds.k=3"])
    found = DataRequest.of(drawn, recipe, {"folds": {"k": 4}}, "out", {"loss": "focal", "gradual_epochs": 2})
    changed = found.checked_recipe()
    assert (changed.folds.k, changed.loss.name, changed.training.epochs) == (4, "focal", 5)
    assert (found.data, found.out) == (drawn, Path("out"))
    assert recipe.folds.k == 3


def test_texts_are_applied_one_after_the_other(drawn: Path) -> None:
    texts = ["training.epochs=3", "training.epochs=4"]
    found = DataRequest.of(drawn, "cpu", texts)
    assert (found.changes, found.checked_recipe().training.epochs) == (texts, 4)


def test_mistakes_are_refused(drawn: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as error:
        DataRequest.of(tmp_path / "none", "auto", ["seeed=1", "folds.k=1"])
    assert len(error.value.problems) == 2
    with pytest.raises(DataError, match="does not exist"):
        DataRequest.of(tmp_path / "none")
    with pytest.raises(DataError, match="is empty"):
        DataRequest.of(tmp_path)


def test_only_auto_depends_on_the_device(drawn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "sketchfit.commands.choose_recipe.choose_recipe", lambda changes, candidates: f"for {changes}, {candidates}"
    )
    assert DataRequest.of(drawn, "auto", ["seed=1"]).resolved().recipe == "for ['seed=1'], False"
    assert DataRequest.of(drawn, "auto", ["seed=1"]).resolved(candidates=True).recipe == "for ['seed=1'], True"
    named = DataRequest.of(drawn, "demo")
    assert named.resolved() is named


def test_a_request_needs_neither_torch_nor_pandas(drawn: Path) -> None:
    code = f"""
import sys
from sketchfit.commands.request import DataRequest
DataRequest.of({str(drawn)!r}, "auto", ["training.epochs=3"], keywords={{"k": 2}})
print([name for name in ("torch", "pandas", "timm", "scipy") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_a_text_in_the_place_of_a_list_and_an_empty_place_are_refused(drawn: Path) -> None:
    with pytest.raises(RecipeError, match="is the text") as error:
        DataRequest.of(drawn, "cpu", "training.epochs=1")
    assert len(error.value.problems) == 1
    with pytest.raises(DataError, match="empty text"):
        DataRequest.of("")
    with pytest.raises(UserError, match="out is an empty text"):
        DataRequest.of(drawn, "cpu", out=" ")


@pytest.mark.parametrize(
    "command",
    [
        "ablate data --vary training.epochs=2",
        "audit data",
        "augment data",
        "lr-find data",
        "scout data --candidates resnet18",
        "search data --over training.epochs=2,3",
    ],
)
def test_commands_that_train_or_show_data_know_the_recipe_of_the_device(
    command: str, drawn: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(changes: object, candidates: bool) -> str:
        raise UserError("the device was asked")

    monkeypatch.setattr("sketchfit.commands.choose_recipe.choose_recipe", refuse)
    arguments = [drawn if one == "data" else one for one in command.split()]
    code, *printed = cli(*arguments, "--recipe", "auto")
    assert (code, "the device was asked" in "".join(printed)) == (2, True)
