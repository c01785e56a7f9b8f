"""A run's folder from somebody else, whose files and folders are links to files of the user."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import Cli

SUBMIT = (".writer.json", ".sketchfit", "submission.csv")
REPORT = (".writer.json", "report/index.html", "report/label_issues.csv", "report/summary.json")
"""Files that commands write into a run's folder."""


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    path = tmp_path / "home" / "precious"
    path.parent.mkdir()
    path.write_text("precious")
    return path


@pytest.mark.parametrize(
    ("arguments", "names"),
    [(("submit",), SUBMIT), (("report", "--set", "report.resamples=100", "--set", "report.attribution=0"), REPORT)],
)
def test_no_file_of_the_user_is_changed(
    arguments: tuple[str, ...], names: tuple[str, ...], plain: Path, victim: Path, tmp_path: Path, cli: Cli
) -> None:
    run = shutil.copytree(plain, tmp_path / "run")
    for name in names:
        (run / name).parent.mkdir(exist_ok=True)
        (run / name).unlink(missing_ok=True)
        (run / name).symlink_to(victim)
    command, *settings = arguments
    status, _, errors = cli(command, run, *settings)
    assert status == 0, errors
    assert victim.read_text() == "precious"
    assert list(victim.parent.iterdir()) == [victim]
    assert not any((run / name).is_symlink() for name in names if name != ".sketchfit")


@pytest.mark.parametrize("name", ["report", "ensemble"])
def test_no_folder_of_the_user_is_written(name: str, plain: Path, victim: Path, tmp_path: Path, cli: Cli) -> None:
    run = shutil.copytree(plain, tmp_path / "run")
    shutil.rmtree(run / name, ignore_errors=True)
    (run / name).symlink_to(victim.parent)
    assert cli("submit", run)[0] == 2
    assert list(victim.parent.iterdir()) == [victim]
