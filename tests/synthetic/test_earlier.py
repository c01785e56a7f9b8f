"""A folder that has a drawn set already: kept, refused, or replaced on request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sketchfit.errors import DataError
from sketchfit.synthetic import DrawSettings, draw
from tests.factories import Cli

FEW = DrawSettings(classes=2, per_class=2, test_per_class=1)


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return draw(tmp_path / "set", FEW).out


def test_the_same_set_is_not_written_again(out: Path) -> None:
    (out / "notes.txt").write_text("mine")
    before = state(out)
    again = draw(out, FEW)
    assert state(out) == before
    assert (again.n_train, again.n_test, again.n_copies) == (4, 2, 0)


def test_other_settings_are_refused_and_named(out: Path) -> None:
    before = state(out)
    with pytest.raises(DataError) as caught:
        draw(out, replace(FEW, per_class=3, families=1))
    assert all(word in caught.value.problems[0] for word in ("per-class 2, here 3", "families none, here 1"))
    assert "--fresh" in caught.value.hint
    assert state(out) == before
    assert draw(out, replace(FEW, per_class=3), fresh=True).n_train == 6
    assert len((out / "train.csv").read_text().splitlines()) == 7


def relabel(out: Path) -> None:
    (out / "train.csv").write_text((out / "train.csv").read_text().replace(",0", ",1"))


def delete_an_image(out: Path) -> None:
    next((out / "test").iterdir()).unlink()


def damage_the_mark(out: Path) -> None:
    (out / "drawn.json").write_text("{")


@pytest.mark.parametrize(
    ("change", "named"), [(relabel, "train.csv"), (delete_an_image, "test/"), (damage_the_mark, "settings")]
)
def test_a_set_that_was_changed_is_kept_unless_it_is_to_be_drawn_again(
    change: Callable[[Path], None], named: str, out: Path
) -> None:
    drawn = state(out)
    change(out)
    before = state(out)
    with pytest.raises(DataError) as caught:
        draw(out, FEW)
    assert named in caught.value.problems[0]
    assert state(out) == before
    draw(out, FEW, fresh=True)
    assert {name: data for name, (data, _) in state(out).items()} == {name: data for name, (data, _) in drawn.items()}


def test_a_file_of_the_system_is_no_change(out: Path) -> None:
    for folder in (out, out / "train"):
        (folder / ".DS_Store").write_bytes(b"x")
    before = state(out)
    draw(out, FEW)
    assert state(out) == before


def test_a_part_that_a_killed_process_left_is_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "set" / ".set.1-00000000.part").mkdir(parents=True)
    assert draw(tmp_path / "set", FEW).n_train == 4


def test_the_command_replaces_a_set_with_fresh_only(cli: Cli, out: Path) -> None:
    few = ("--classes", 3, "--per-class", 1, "--test-per-class", 1)
    status, printed, errors = cli("draw", out, *few)
    assert (status, printed) == (2, "")
    assert "classes 2, here 3" in errors
    assert "--fresh" in errors
    assert cli("draw", out, *few, "--fresh")[0] == 0
    assert len(list((out / "train").iterdir())) == 3
