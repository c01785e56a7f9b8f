"""`sketchfit search` on drawings, with the smallest network."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sketchfit.commands import search as module
from sketchfit.commands.request import DataRequest
from sketchfit.commands.search import SearchOptions, search
from sketchfit.config.load import load_recipe
from sketchfit.errors import UserError
from sketchfit.runs.artefacts import SearchRecord
from sketchfit.runs.lock import one_writer
from sketchfit.runs.probabilities import read_probabilities
from sketchfit.runs.run import Run
from sketchfit.stages.search import trials as trials_module
from sketchfit.training.fold import read_fold
from tests.factories import Cli, tiny_recipe
from tests.workers.in_process import InProcess

pytest.importorskip("optuna")

RECIPE = tiny_recipe({"training": {"epochs": 1, "validate_every": 0}, "folds": {"k": 3}})
OVER = ["optimizer.lr=1e-3..2e-2:log", "model.input_size=32,48"]


@pytest.fixture(scope="module")
def searched(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished search of four trials. Not to be changed by a test."""
    out = tmp_path_factory.mktemp("searched") / "out"
    search(DataRequest(drawn, RECIPE, out=out), SearchOptions(OVER, trials=4, average=2))
    return out


def test_the_command_writes_a_record_a_page_a_recipe_and_a_run(
    drawn: Path, tiny_file: Path, tmp_path: Path, cli: Cli
) -> None:
    out = tmp_path / "out"
    settings = ["--recipe", tiny_file, "--set", "training.epochs=1"]
    options = ["--over", OVER[0], "--over", "loss=ce,focal", "--trials", 3, "--out", out]
    status, printed, errors = cli("search", drawn, *settings, *options)
    assert status == 0, errors
    record = SearchRecord.read(out)
    assert [one.number for one in record.trials] == [0, 1, 2]
    assert record.trials[0].name == "base"
    assert set(record.chosen) <= {one.number for one in record.trials if one.status == "complete"}
    assert (record.folds, record.fold, record.mean.n) == ((0,), 1, 16)
    assert str(record.gain) in printed
    assert f"{out}/search.html" in printed
    assert (out / "search.html").read_text().startswith("<!doctype html>")
    assert (out / record.run / "submission.csv").is_file()
    recipe = load_recipe(out / "recipe.yaml")
    assert [*recipe.members] == [f"trial-{number}" for number in record.chosen]
    assert (recipe.folds.score, recipe.ensemble.method) == ((1,), "mean")


def test_the_run_has_the_networks_of_the_trials_and_scores_the_last_fold_alone(searched: Path) -> None:
    record = SearchRecord.read(searched)
    run = Run.open(searched / record.run)
    assert [*run.members] == [f"trial-{number}" for number in record.chosen]
    oof = read_probabilities(run.path / "ensemble" / "oof.npz")
    assert set(run.rows.fold[oof.row].tolist()) == {2}
    found = [read_fold(run.folder.network(name, fold)) for name in run.members for fold in range(3)]
    expected = np.mean([one.test for one in found], axis=0)
    np.testing.assert_allclose(read_probabilities(run.path / "ensemble" / "test.npz").prob, expected, atol=1e-6)
    labels = run.rows.label[oof.row]
    assert record.mean.value == pytest.approx(float((oof.prob.argmax(axis=1) == labels).mean()))
    assert record.mean.n == len(oof.row)


def test_no_row_of_the_last_fold_is_looked_at_before_the_choice(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    real, chose = trials_module.right_rows, module.best_mean

    def watched(results: list[object], label: object) -> object:
        seen.extend(row for one in results for row in one.rows.tolist())  # type: ignore[attr-defined]
        return real(results, label)  # type: ignore[arg-type]

    def choosing(trials: trials_module.Trials, best: list[object]) -> object:
        chosen = chose(trials, best)  # type: ignore[arg-type]
        last = trials.trainer.folds[-1]
        assert seen
        assert not set(seen) & set(last.valid.tolist())
        assert not list(tmp_path.rglob(f"fold{last.number}"))
        return chosen

    monkeypatch.setattr(trials_module, "right_rows", watched)
    monkeypatch.setattr(module, "best_mean", choosing)
    search(DataRequest(drawn, RECIPE, out=tmp_path / "out"), SearchOptions(OVER, trials=3))


def test_it_continues_and_may_choose_other_trials(searched: Path, drawn: Path, tmp_path: Path) -> None:
    out = shutil.copytree(searched, tmp_path / "out")
    times = {path: path.stat().st_mtime_ns for path in out.glob("trials/*/members/*/*/done.json")}
    before = SearchRecord.read(out)
    again = search(DataRequest(drawn, RECIPE, out=out), SearchOptions(OVER, trials=4, average=2))
    assert (again.trials, again.chosen, again.mean, again.gain) == (
        before.trials,
        before.chosen,
        before.mean,
        before.gain,
    )
    search(DataRequest(drawn, RECIPE, out=out), SearchOptions(OVER, trials=6, average=1))
    assert {path: path.stat().st_mtime_ns for path in times} == times
    record = SearchRecord.read(out)
    assert len(record.trials) == 6
    assert len(record.chosen) == 1
    assert [*Run.open(out / record.run).members] == [f"trial-{record.chosen[0]}"]
    assert (out / before.run / "submission.csv").is_file()  # the run of the former trials is kept


@pytest.mark.parametrize(
    ("recipe", "over"),
    [
        (tiny_recipe({"training": {"epochs": 1}, "folds": {"k": 3}, "optimizer": {"lr": 1e-3}}), OVER),
        (RECIPE, ["optimizer.lr=1e-3..2e-2:log"]),
    ],
)
def test_a_folder_of_another_search_is_refused(
    searched: Path, drawn: Path, recipe: dict[str, object], over: list[str]
) -> None:
    with pytest.raises(UserError, match="another recipe, other data or other values"):
        search(DataRequest(drawn, recipe, out=searched), SearchOptions(over, trials=4))


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"folds": {"holdout": 0.3}}, "folds.holdout"),
        ({"folds": {"k": 2, "repeats": 2}}, "folds.repeats"),
        ({"folds": {"k": 3, "train": [1]}}, "folds.train"),
        ({"folds": {"k": 3, "score": [1]}}, "folds.score"),
        ({"distill": {"enabled": True}}, "distill"),
        ({"soup": {"members": "uniform"}}, "soup"),
        ({"members": {"a": {}, "b": {"optimizer": {"lr": 0.1}}}}, "several members"),
    ],
)
def test_recipes_that_cannot_be_searched(drawn: Path, tmp_path: Path, changes: dict[str, object], word: str) -> None:
    with pytest.raises(UserError, match=word):
        search(DataRequest(drawn, tiny_recipe(changes), out=tmp_path / "out"), SearchOptions(OVER, trials=2))
    assert not (tmp_path / "out" / "trials").exists()


def test_trials_at_the_same_time(drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from contextlib import contextmanager

    executors: list[InProcess] = []

    @contextmanager
    def executor(context: object, units: int) -> object:
        executors.append(InProcess(context))  # type: ignore[arg-type]
        yield executors[-1]

    monkeypatch.setattr(module, "unit_executor", executor)
    record = search(DataRequest(drawn, RECIPE, out=tmp_path / "out"), SearchOptions(OVER, trials=4, average=2))
    assert len(record.trials) == 4
    names = [unit.name for unit in executors[0].trained]
    assert len(names) == len(set(names))
    assert any(name.startswith("trial-1/") for name in names)
    assert "trial-0/fold2" in names


def test_a_column_of_folds(drawn: Path, tmp_path: Path) -> None:
    data = shutil.copytree(drawn, tmp_path / "data")
    table = pd.read_csv(data / "train.csv")
    for folds in (1, 3):
        table.assign(part=np.arange(len(table)) % folds - (folds == 1) * (np.arange(len(table)) % 2)).to_csv(
            data / "train.csv", index=False
        )
        recipe = tiny_recipe({"training": {"epochs": 1}, "folds": {"column": "part"}})
        request, options = DataRequest(data, recipe, out=tmp_path / f"out{folds}"), SearchOptions(OVER, trials=2)
        if folds == 1:
            with pytest.raises(UserError, match="there is one fold"):
                search(request, options)
        else:
            assert search(request, options).folds == (0, 1)


def test_networks_that_the_run_lacks_are_written_again(searched: Path, drawn: Path, tmp_path: Path) -> None:
    out = shutil.copytree(searched, tmp_path / "out")
    run = out / SearchRecord.read(out).run
    first, *_ = Run.open(run).members
    folder = run / "members" / first
    (folder / "fold0" / "done.json").unlink()
    shutil.rmtree(folder / "fold1")
    search(DataRequest(drawn, RECIPE, out=out), SearchOptions(OVER, trials=4, average=2))
    assert all((folder / f"fold{fold}" / "done.json").is_file() for fold in range(3))


@pytest.mark.parametrize("content", [b"", b"no database" * 1000])
def test_a_damaged_storage(drawn: Path, tmp_path: Path, content: bytes) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "trials.db").write_bytes(content)
    request, options = DataRequest(drawn, RECIPE, out=out), SearchOptions(OVER, trials=2)
    if content:
        with pytest.raises(UserError, match=r"trials\.db"):
            search(request, options)
    else:  # a new one, as a process leaves that was killed when it made it
        assert len(search(request, options).trials) == 2


def test_the_folder_of_a_run_is_refused(plain: Path, drawn: Path, tmp_path: Path) -> None:
    out = shutil.copytree(plain, tmp_path / "run")
    before = (out / "recipe.yaml").read_bytes()
    with pytest.raises(UserError, match="holds a run"):
        search(DataRequest(drawn, RECIPE, out=out), SearchOptions(OVER, trials=2))
    assert (out / "recipe.yaml").read_bytes() == before


def test_a_run_that_another_process_writes_is_left_unchanged(searched: Path, drawn: Path, tmp_path: Path) -> None:
    out = shutil.copytree(searched, tmp_path / "out")
    run = out / SearchRecord.read(out).run
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*.*") if not path.name.startswith(".")}
    with one_writer(run), pytest.raises(UserError, match="is being written"):
        search(DataRequest(drawn, RECIPE, out=out), SearchOptions(OVER, trials=4, average=2))
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_storage_that_fails_during_the_search(drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, real = tmp_path / "out", trials_module.right_rows

    def damaging(results: list[object], label: object) -> object:
        (out / "trials.db").write_bytes(b"no database" * 1000)
        return real(results, label)  # type: ignore[arg-type]

    monkeypatch.setattr(trials_module, "right_rows", damaging)
    with pytest.raises(UserError, match=r"trials\.db cannot be read or written"):
        search(DataRequest(drawn, RECIPE, out=out), SearchOptions(OVER, trials=2))
