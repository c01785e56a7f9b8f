from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from sketchfit.errors import UserError
from sketchfit.runs import snapshot as module
from sketchfit.runs.artefacts import CopyOf
from sketchfit.runs.snapshot import snapshot
from sketchfit.runs.state import State


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a run; its data is no longer where it was, but next to the run."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setattr(module, "WAIT", 0.0)
    folder, data = tmp_path / "run", tmp_path / "data"
    for one in (folder / "ensemble", folder / "members" / "a", folder / "report", data, tmp_path / "tmp"):
        one.mkdir(parents=True)
    gone = Path("/nowhere/data")
    State(data=gone, source=gone / "train.csv", table_id="x", class_names=("a",), class_labels=("a",)).write(folder)
    for name in ("ensemble/oof.npz", "members/a/model.safetensors", "report/index.html", "clock.json", ".writer.lock"):
        (folder / name).write_text("first")
    return folder


def test_a_copy_has_all_that_is_read_and_links_to_the_networks(run: Path) -> None:
    with snapshot(run) as copy:
        assert copy.name == run.name
        names = {path.relative_to(copy).as_posix() for path in copy.rglob("*")}
        assert names == {"state.json", "clock.json", "copy_of.json", "ensemble", "ensemble/oof.npz", "members"}
        assert CopyOf.read(copy).folder == run
        (run / "ensemble" / "oof.npz").write_text("second")
        assert (copy / "ensemble" / "oof.npz").read_text() == "first"
        assert (copy / "members").resolve() == run / "members"
        assert State.read(copy).data == run.parent / "data"
    assert (run / "members" / "a" / "model.safetensors").exists()
    assert list((run.parent / "tmp").iterdir()) == []
    assert json.loads((run / "state.json").read_text())["data"] == "/nowhere/data"


@pytest.mark.parametrize("times", [1, 3])
def test_a_copy_is_made_again_where_the_run_has_written(run: Path, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    real, seen = module._copied, list[int]()

    def copied(folder: Path, copy: Path, names: dict[str, tuple[int, int]]) -> bool:
        found = real(folder, copy, names)
        seen.append(len(seen))
        if len(seen) <= times:  # the run writes its next answer, one file after the other
            (run / "ensemble" / "oof.npz").write_text("s" * len(seen))
            (run / "ensemble" / f"more{len(seen)}.json").write_text("{}")
        return found

    monkeypatch.setattr(module, "_copied", copied)
    with snapshot(run) as copy:
        assert (copy / "ensemble" / "oof.npz").read_text() == "s" * times
        assert len(list((copy / "ensemble").iterdir())) == 1 + times
    assert len(seen) == times + 1


def test_a_mistake_is_named_in_the_run_and_not_in_the_copy(run: Path) -> None:
    with pytest.raises(UserError) as caught, snapshot(run) as copy:
        raise UserError([f"{copy}/ensemble/oof.npz is damaged"], f"Delete {copy}/ensemble")
    assert (caught.value.problems, caught.value.hint) == (
        (f"{run}/ensemble/oof.npz is damaged",),
        f"Delete {run}/ensemble",
    )


def test_a_run_that_writes_all_the_time_is_refused(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_copied", lambda *_: False)
    with pytest.raises(UserError, match="changes all the time"), snapshot(run):
        pass
