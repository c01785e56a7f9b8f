"""`sketchfit ablate`: the same folds for all variants, and what is trained again."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import pytest

from sketchfit.commands.ablate import Variation, ablate
from sketchfit.commands.request import DataRequest
from sketchfit.data.folds import Fold
from sketchfit.errors import RunError
from sketchfit.stages.context import Member, RunContext
from sketchfit.training import bank_member as module
from tests.factories import Cli, tiny_recipe

RECIPE = tiny_recipe({"training": {"epochs": 1, "validate_every": 0}})


def test_it_trains_on_the_same_folds_resumes_and_adds_variants(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = []
    real = module.train_fold

    def watched(context: RunContext, member: Member, fold: Fold, callback: Any) -> Any:
        if not context.run.network(member.name, fold.number).is_done():
            trained.append((context.run.path.parent.name, member.recipe.seed, fold.number, tuple(fold.valid)))
        return real(context, member, fold, callback)

    monkeypatch.setattr(module, "train_fold", watched)
    rows = ablate(DataRequest(drawn, RECIPE, out=tmp_path / "out"), Variation(["loss=focal"]))
    assert [row.name for row in rows] == ["base", "loss=focal"]
    assert all(row.top1.n == 32 and len(row.by_seed) == 2 for row in rows)
    assert [one[:3] for one in trained] == [
        (name, seed, fold) for name in ("base", "loss=focal") for seed in (0, 1) for fold in (0, 1)
    ]
    assert len({one[3] for one in trained}) == 2  # two folds, whatever the seed
    trained.clear()
    again = ablate(DataRequest(drawn, RECIPE, out=tmp_path / "out"), Variation(["loss=focal", "training.epochs=2"]))
    assert {one[0] for one in trained} == {"training.epochs=2"}
    by_seed = {row.name: row.by_seed for row in again}
    assert all(by_seed[row.name] == row.by_seed for row in rows)
    with (tmp_path / "out" / "ablation.csv").open() as file:
        assert {line["variant"] for line in csv.DictReader(file)} == set(by_seed)
    assert (tmp_path / "out" / "ablation.html").is_file()


@pytest.mark.parametrize("changes", [["training.epochs=2"], ["folds.k=3"], ["seed=3"]])
def test_an_ablation_of_another_base_is_kept(drawn: Path, tmp_path: Path, changes: list[str]) -> None:
    out, one_seed = tmp_path / "out", Variation(["loss=focal"], seeds=1)
    ablate(DataRequest(drawn, RECIPE, out=out), one_seed)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.suffix in (".safetensors", ".csv", ".yaml")}
    with pytest.raises(RunError, match="another recipe or other data"):
        ablate(DataRequest(drawn, RECIPE, changes, out=out), one_seed)
    assert {path: path.read_bytes() for path in before} == before


def test_the_folder_of_a_run_is_left_alone(drawn: Path, plain: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(plain, tmp_path / "run"))
    with pytest.raises(RunError, match="holds a run"):
        ablate(DataRequest(drawn, RECIPE, out=out), Variation(["loss=focal"]))


def test_it_is_named_after_the_folder_in_which_it_was_started(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = Path(shutil.copytree(drawn, tmp_path / "set.v2"))
    monkeypatch.chdir(data)
    ablate(DataRequest(Path(), RECIPE), Variation(["loss=focal"], seeds=1))
    assert "Ablation on set.v2" in (data / "runs" / "set.v2-ablation" / "ablation.html").read_text()


def test_the_command(drawn: Path, tiny_file: Path, tmp_path: Path, cli: Cli) -> None:
    settings = ["--set", "training.epochs=1", "--set", "folds.holdout=0.3"]
    ablation = ["--vary", "loss=poly1", "--seeds", 1, "--out", tmp_path / "ab"]
    assert cli("ablate", drawn, "--recipe", tiny_file, *settings, *ablation)[0] == 0
    assert (tmp_path / "ab" / "ablation.html").is_file()
