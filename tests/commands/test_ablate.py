"""`sketchfit ablate`: the same folds for all variants, and what is trained again."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from sketchfit.commands.ablate import Variation, ablate
from sketchfit.commands.request import DataRequest
from sketchfit.data.folds import Fold
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


def test_the_command(drawn: Path, tiny_file: Path, tmp_path: Path, cli: Cli) -> None:
    settings = ["--set", "training.epochs=1", "--set", "folds.holdout=0.3"]
    ablation = ["--vary", "loss=poly1", "--seeds", 1, "--out", tmp_path / "ab"]
    assert cli("ablate", drawn, "--recipe", tiny_file, *settings, *ablation)[0] == 0
    assert (tmp_path / "ab" / "ablation.html").is_file()
