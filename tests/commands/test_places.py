"""What is printed where a command is given another place than it needs, and that torch is not imported for it."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest

from sketchfit.bundle.manifest import BundleManifest
from sketchfit.commands import places
from sketchfit.hub.published import PublishedNetwork
from sketchfit.runs.state import State
from tests.fresh import run_fresh


@pytest.fixture
def here(tmp_path: Path, drawn: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: data, an empty folder, an archive, a notebook, a folder that looks like a run."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(drawn, "data")
    Path("empty").mkdir()
    with zipfile.ZipFile("data.zip", "w") as archive:
        archive.write("data/train.csv", "train.csv")
    Path("notebook.ipynb").write_text("{}")
    Path("tabs.yaml").write_text("model:\n\tbackbone: resnet18\n")
    Path("broken.yaml").write_text("model: {backbone: resnet18\n")
    Path("runs/first").mkdir(parents=True)
    Path("runs/first/state.json").write_text('{"source": "data"}')
    return tmp_path


MISTAKES = [
    ("check empty", "empty is empty", "one subfolder per class"),
    ("check data.zip", "is an archive", "Unpack it"),
    ("check notebook.ipynb", "is a program", "train.csv"),
    ("check runs/first", "is a run's folder", "trained on: data"),
    ("check C:\\me\\data", "does not exist", "C:/me/data"),
    ("check dta", "the nearest is 'data'", "train.csv"),
    ("check data --recipe tabs.yaml", "tabs.yaml, line 2: a tab", "spaces"),
    ("check data --recipe broken.yaml", "broken.yaml, line 2", "Check the signs"),
    ("run data --time 18", "'18' has no unit", "18m"),
    ("run data --until 25:00", "not a time of the day", "17:30"),
    ("ablate data --vary epochs", "not of the form", "training.epochs=10,20"),
    ("ablate data --vary training.epoch=1,2", "the nearest is 'training.epochs'", "--vary"),
    ("scout data --sizes a", "not a list of pixels", "128,160"),
    ("predict data x.png", "data holds no run", "sketchfit run data"),
    ("predict runs x.png", "runs holds no run", "runs/first"),
    ("predict gone x.png", "gone holds no run: it does not exist", "there is runs/first"),
    ("predict data.zip x.png", "data.zip holds no run: it is a file", "Unpack it"),
    ("predict runs/first gone.png", "gone.png does not exist", "names"),
    ("score runs/first gone.csv", "gone.csv does not exist", "names"),
    ("score data data/train.csv", "data holds no run", "sketchfit run data"),
    ("report data", "data holds no run", "sketchfit run data"),
    ("submit gone", "gone holds no run", "runs/first"),
    ("compare runs/first", "two runs", "sketchfit compare runs/first"),
    ("compare runs/first runs/first --names a", "1 name, and there are 2 runs", "one name per run"),
    ("runs gone", "gone is no folder", "run folders"),
    ("runs runs/first", "runs/first holds no runs", "Give the folder above: runs"),
    ("options loses", "the nearest is 'losses'", "optimizers"),
    ("ensemble data data --out e", "data holds no run", "sketchfit run data"),
    ("export data --out bundle", "data holds no run", "sketchfit run data"),
    ("serve data", "data holds no run", "sketchfit run data"),
    ("push data me/name", "data holds no run", "sketchfit run data"),
    ("soup data", "data holds no run", "sketchfit run data"),
    ("distill data", "data holds no run", "sketchfit run data"),
    ("pseudo-label data", "data holds no run", "sketchfit run data"),
]


def test_each_mistake_is_named_with_what_to_do_before_torch_is_imported(here: Path) -> None:
    for (words, problem, advice), ended in zip(
        MISTAKES, run_fresh([words.split() for words, *_ in MISTAKES], cwd=here), strict=True
    ):
        assert ended.status == 2, (words, ended.errors)
        first, *further = ended.errors.splitlines()
        assert first.startswith("error: "), words
        assert problem in first, (words, first)
        assert advice in " ".join([first, *further]), (words, ended.errors)
        assert not {"torch", "timm", "pandas", "scipy"} & {*ended.modules}, words
    assert not (here / "bundle").exists()


def test_the_files_that_are_looked_for_are_those_that_are_written() -> None:
    assert (State.PLACE, PublishedNetwork.PLACE, BundleManifest.PLACE) == places.HELD


def test_a_packed_table_is_no_archive(here: Path) -> None:
    places.check_data(here / "data")
    (here / "train.csv.zip").write_bytes((here / "data.zip").read_bytes())
    places.check_data(here / "train.csv.zip")
