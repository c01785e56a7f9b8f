"""`sketchfit scout` on drawings, with the smallest networks and random weights in local files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from sketchfit._timm import timm
from sketchfit.commands import scout as module
from sketchfit.commands.request import DataRequest
from sketchfit.commands.scout import ScoutOptions, find_backbone
from sketchfit.config.load import load_recipe
from sketchfit.errors import UserError
from sketchfit.runs.artefacts import ScoutedOption, ScoutFinalists, ScoutRecord, WorkersRecord
from sketchfit.stages.scout import search, tune
from sketchfit.training.context import RunContext
from sketchfit.workers.threads import unit_threads
from tests.factories import Cli, tiny_recipe
from tests.workers.in_process import InProcess

RECIPE = tiny_recipe({"training": {"epochs": 1, "validate_every": 0}})


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with weights of two of timm's smallest models."""
    folder = tmp_path_factory.mktemp("weights")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for name in ("test_resnet", "test_efficientnet"):
            save_file(timm.create_model(name, num_classes=10).state_dict(), folder / f"{name}.safetensors")
    return folder


@pytest.fixture(scope="module")
def scouted(drawn: Path, weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished scout by `options_of`. Not to be changed by a test."""
    out = tmp_path_factory.mktemp("scouted") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sketchfit.stages.scout.measure._doubt", lambda _: "")  # other tests run at the same time
        find_backbone(DataRequest(drawn, RECIPE, out=out), options_of(weights))
    return out


def options_of(weights: Path) -> ScoutOptions:
    return ScoutOptions([str(weights)], [32], seconds=600.0)


def test_it_chooses_an_option_and_writes_a_recipe_that_runs(
    drawn: Path, weights: Path, tiny_file: Path, tmp_path: Path, cli: Cli
) -> None:
    out = tmp_path / "scout"
    options = ["--candidates", weights, "--sizes", "32,48", "--time", "10m", "--out", out]
    settings = ["--recipe", tiny_file, "--set", "training.epochs=1"]
    status, printed, errors = cli("scout", drawn, *options, *settings)
    assert status == 0, errors
    record = ScoutRecord.read(out)
    assert [one.name for one in record.options if one.bank_top1] == [one.name for one in record.options]
    assert {(one.backbone, one.size) for one in record.options} == {
        (name, size) for name in ("test_resnet", "test_efficientnet") for size in (32, 48)
    }
    assert record.chosen in record.finalists
    chosen = record.option(record.chosen)
    assert chosen.tuned_top1 is not None
    assert chosen.tuned_top1.n == 16  # one fold of two
    assert chosen.tuned_epochs == 1
    assert f"{out}/scout.html" in printed
    assert (out / "scout.html").read_text().startswith("<!doctype html>")
    recipe = load_recipe(out / "recipe.yaml")
    assert (recipe.model.backbone, recipe.model.size) == (chosen.backbone, chosen.size)
    status, _, errors = cli("run", drawn, "--recipe", out / "recipe.yaml", "--out", tmp_path / "run")
    assert status == 0, errors
    assert (tmp_path / "run" / "submission.csv").is_file()


def test_what_was_measured_is_not_measured_again(
    drawn: Path, weights: Path, scouted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sketchfit.stages.scout.measure._doubt", lambda _: "")
    options, first = options_of(weights), ScoutRecord.read(scouted)
    shutil.copytree(scouted, tmp_path / "out")
    measured = []
    real = search.measure
    monkeypatch.setattr(search, "measure", lambda *given, **named: measured.append(given) or real(*given, **named))
    again = find_backbone(DataRequest(drawn, RECIPE, out=tmp_path / "out"), options)
    assert measured == []
    assert again.options == first.options
    assert (again.chosen, again.reason, again.difference) == (first.chosen, first.reason, first.difference)
    find_backbone(DataRequest(drawn, RECIPE, ["optimizer.lr=0.001"], tmp_path / "out"), options)
    assert len(measured) == 2
    file = next((tmp_path / "out" / "options").glob("*/option.json"))
    file.write_text("{")
    find_backbone(DataRequest(drawn, RECIPE, ["optimizer.lr=0.001"], tmp_path / "out"), options)
    assert len(measured) == 3
    assert ScoutedOption.read(file.parent).figures.bank_top1 is not None


def test_finalists_that_workers_fine_tune_have_the_same_figures(
    drawn: Path, weights: Path, scouted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options, made = options_of(weights), list[tuple[InProcess, int]]()
    plain = ScoutRecord.read(scouted)

    @contextmanager
    def workers(context: RunContext, units: int) -> Iterator[InProcess]:
        made.append((InProcess(context), units))
        yield made[-1][0]

    monkeypatch.setattr(tune, "unit_executor", workers)
    found = find_backbone(DataRequest(drawn, RECIPE, out=tmp_path / "workers"), options)
    ((executor, units),) = made
    assert units == len(executor.trained) == 2
    assert _outcome(found) == _outcome(plain)
    again = find_backbone(DataRequest(drawn, RECIPE, out=tmp_path / "workers"), options)
    assert made[-1][0].trained == []
    assert _outcome(again) == _outcome(plain)


def _outcome(record: ScoutRecord) -> dict[str, object]:
    """What does not depend on times."""
    return {one.name: (one.bank_top1, one.tuned_top1, one.tuned_epochs) for one in record.options} | {
        "difference": record.difference
    }


def test_workers_without_ray_are_refused_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sketchfit.workers.start.find_spec", lambda _: None)
    request = DataRequest(tmp_path / "nowhere", RECIPE, ["compute.workers=2"], tmp_path / "out")
    with pytest.raises(UserError, match="ray"):
        find_backbone(request, ScoutOptions())
    assert not (tmp_path / "out").exists()


def test_automatic_workers_without_ray_are_refused_before_anything_is_measured(
    drawn: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measured(*_: object) -> None:
        pytest.fail("features are measured")

    monkeypatch.setattr("sketchfit.workers.start.find_spec", lambda _: None)
    monkeypatch.setattr("sketchfit.workers.start.cores", lambda: 4)
    monkeypatch.setattr(module, "scout", measured)
    request = DataRequest(drawn, RECIPE, ["compute.workers=auto"], tmp_path / "out")
    with pytest.raises(UserError, match="ray"):
        find_backbone(request, ScoutOptions([str(weights)], [32], seconds=600.0))


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed: pip install 'sketchfit[cluster]'")
def test_finalists_on_ray_have_the_same_figures(drawn: Path, weights: Path, tmp_path: Path) -> None:
    options = ScoutOptions([str(weights)], [32], seconds=600.0)
    changes = ["compute.workers=2"]
    found = find_backbone(DataRequest(drawn, RECIPE, changes, tmp_path / "workers"), options)
    with unit_threads(WorkersRecord.read(tmp_path / "workers").threads):
        plain = find_backbone(DataRequest(drawn, RECIPE, out=tmp_path / "plain"), options)
    assert _outcome(found) == _outcome(plain)


def test_without_time_for_fine_tuning_frozen_features_decide(drawn: Path, weights: Path, tmp_path: Path) -> None:
    times = iter([0.0] * 8)
    options = ScoutOptions([str(weights)], [32], 60.0)
    record = find_backbone(DataRequest(drawn, RECIPE, out=tmp_path), options, now=lambda: next(times, 59.9999))
    assert all(one.tuned_top1 is None for one in record.options)
    assert "by frozen features alone" in record.reason
    assert ScoutFinalists.find(tmp_path) is None


def test_options_that_are_left_out_have_a_reason(drawn: Path, weights: Path, tmp_path: Path) -> None:
    options = ScoutOptions([str(weights)], [32], 600.0, run_seconds=1e-9)
    with pytest.raises(UserError) as error:
        find_backbone(DataRequest(drawn, RECIPE, out=tmp_path / "slow"), options)
    assert sum("are allowed" in problem for problem in error.value.problems) == 2
    (weights.parent / "one").mkdir(exist_ok=True)
    with pytest.raises(UserError, match="has no files of weights"):
        find_backbone(DataRequest(drawn, RECIPE, out=tmp_path / "none"), ScoutOptions([str(weights.parent / "one")]))


@pytest.mark.parametrize(
    ("options", "changes", "words"),
    [
        (ScoutOptions(sizes=[8]), {}, "16 to 2048"),
        (ScoutOptions(), {"training": {"epochs": 0, "kernel": "replace"}}, "training.epochs=0"),
    ],
)
def test_mistakes_are_found_before_the_data_is_read(tmp_path: Path, options, changes, words) -> None:
    with pytest.raises(UserError, match=words):
        module.find_backbone(DataRequest(tmp_path / "nowhere", tiny_recipe(changes), out=tmp_path), options)


@pytest.mark.parametrize("option", [["--sizes", "a"], ["--time", "5"], ["--train-time", "soon"]])
def test_texts_that_cannot_be_read(drawn: Path, tmp_path: Path, cli: Cli, option: list[str]) -> None:
    status, _, errors = cli("scout", drawn, *option, "--out", tmp_path / "out")
    assert status == 2
    assert option[1] in errors
    assert not (tmp_path / "out").exists()
