"""--fresh deletes what sketchfit wrote, all of it, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sketchfit.errors import UserError
from sketchfit.runs import artefacts
from sketchfit.runs.artefact import Artefact
from sketchfit.runs.artefacts import Divergence
from sketchfit.runs.fresh import check_fresh, delete_run, foreign_files
from sketchfit.runs.networks import Done
from sketchfit.runs.state import State

OF_OTHER_FOLDERS = {
    "CopyOf",
    "ScoutRecord",
    "ScoutedOption",
    "ScoutFinalists",
    "ScoutSample",
    "VariantsBase",
    "SearchRecord",
}

OTHERS = (
    "notes.txt",
    "scores.json",
    "my/model.safetensors",
    "members/notes.txt",
    "members/a/fold0/photo.jpg",
    "report/thesis.docx",
    "ensemble/sub/oof.npz",
)


@pytest.fixture
def run(plain: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(plain, tmp_path / "run"))


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


def test_everything_that_a_run_writes_is_known(run: Path) -> None:
    for name in (
        "tracking/tensorboard/events.1",
        "members/a/fold1/candidate2/last.ckpt",
        "members/a/fold1/log.txt",
        "workers.json",
        "derived/a+soup/fold0/tried/0a1b.npz",
        ".recipe.yaml.77.part",
        ".trial.77.part/model.safetensors",
        ".DS_Store",
        "report/Thumbs.db",
    ):
        (run / name).parent.mkdir(parents=True, exist_ok=True)
        (run / name).touch()
    (run / "report" / "drawings").mkdir(parents=True)
    (run / "report" / "drawings" / "3.webp").touch()
    assert foreign_files(run) == []
    delete_run(run)
    assert files(run) <= {".sketchfit", ".writer.lock"}


def test_every_artefact_is_known(tmp_path: Path) -> None:
    made = {one for one in vars(artefacts).values() if isinstance(one, type) and issubclass(one, Artefact)}
    places = [one.PLACE for one in {*made, State} - {Divergence} if one.__name__ not in OF_OTHER_FOLDERS]
    for place in (*places, *(f"derived/a+refit/fold0/{one.PLACE}" for one in (Done, Divergence))):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).touch()
    assert foreign_files(tmp_path) == []


@pytest.mark.parametrize("name", OTHERS)
def test_a_file_of_others_is_named_and_nothing_is_deleted(run: Path, name: str) -> None:
    (run / name).parent.mkdir(parents=True, exist_ok=True)
    (run / name).write_text("years of work")
    before = files(run)
    with pytest.raises(UserError, match=name):
        check_fresh(run)
    with pytest.raises(UserError, match=name):
        delete_run(run)
    assert files(run) == before


@pytest.mark.parametrize("name", ["notes", "my/photos"])
def test_an_empty_folder_of_others_is_named_and_nothing_is_deleted(run: Path, name: str) -> None:
    (run / name).mkdir(parents=True)
    before = files(run)
    with pytest.raises(UserError, match=name):
        delete_run(run)
    assert files(run) == before


def test_links_are_of_others(run: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "photo.jpg").touch()
    (run / "derived").symlink_to(tmp_path / "mine")
    with pytest.raises(UserError, match="derived"):
        delete_run(run)
    assert (tmp_path / "mine" / "photo.jpg").exists()
    (run / "derived").rename(run / ".store.77.part")
    delete_run(run)
    assert (tmp_path / "mine" / "photo.jpg").exists()
    assert not (run / ".store.77.part").is_symlink()


@pytest.mark.parametrize(
    "mistake", ["--set=folds.train=[9]", "--set=training.epochs=x", "--set=model.backbone=nothing"]
)
def test_a_mistake_in_the_recipe_deletes_nothing(run: Path, drawn: Path, tiny_file: Path, cli, mistake: str) -> None:
    before = {name: (run / name).read_bytes() for name in files(run)}
    status, _, errors = cli("run", drawn, "--recipe", tiny_file, "--out", run, "--fresh", mistake)
    assert (status, bool(errors)) == (2, True)
    assert {name: (run / name).read_bytes() for name in files(run)} == before


def test_a_mistake_in_the_data_deletes_nothing(run: Path, tiny_file: Path, cli, tmp_path: Path) -> None:
    before = files(run)
    (tmp_path / "empty").mkdir()
    assert cli("run", tmp_path / "empty", "--recipe", tiny_file, "--out", run, "--fresh")[0] == 2
    assert files(run) == before


@pytest.mark.parametrize(
    ("option", "value", "named"),
    [("--candidates", "nothing.safetensors", "nothing.safetensors"), ("--set", "schedule=plateau", "schedule.name")],
)
def test_a_mistake_in_a_run_with_a_deadline_deletes_nothing(
    run: Path, drawn: Path, tiny_file: Path, cli, option: str, value: str, named: str
) -> None:
    before = files(run)
    arguments = ("run", drawn, "--recipe", tiny_file, "--out", run, "--fresh", "--time", "60s", option, value)
    status, _, errors = cli(*arguments)
    assert (status, named in errors) == (2, True)
    assert files(run) == before
