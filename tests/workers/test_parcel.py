from __future__ import annotations

import os
import pickle
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from sketchfit.errors import DataError
from sketchfit.tracking.console import Console
from sketchfit.training.fold import train_fold
from sketchfit.workers import node_stores
from sketchfit.workers.messages import UnitFiles, UnitProgress
from sketchfit.workers.node_stores import open_member
from sketchfit.workers.parcel import MemberName, StoreName, UnitParcel, packed, unpacked
from sketchfit.workers.unit_state import UnitState
from tests.contracts.executor import units_of


@pytest.fixture(autouse=True)
def _new_node() -> None:
    node_stores._stored.cache_clear()


def test_names_and_rows_travel_and_no_images(drawn: Path, tmp_path: Path):
    context, units = units_of(tmp_path, drawn)
    (member,) = {id(unit.train.keywords["member"]): unit.train.keywords["member"] for unit in units}.values()  # type: ignore[attr-defined]
    content = packed(units[0])
    assert len(content) < member.train.images.nbytes / 2
    opened: list[MemberName] = []

    def opener(name: MemberName):
        opened.append(name)
        return open_member(name, context.table, Console("none"))

    train = unpacked(content, opener, "another dispatcher")
    assert [one.train for one in opened] == [StoreName("train", member.train.folder)]
    assert train.keywords["callback"] == "another dispatcher"  # type: ignore[attr-defined]
    found = train.keywords["member"]  # type: ignore[attr-defined]
    assert np.array_equal(found.train.images, member.train.images)
    assert found.recipe == member.recipe


def test_a_unit_that_would_carry_images_is_refused(drawn: Path, tmp_path: Path):
    _, units = units_of(tmp_path, drawn)
    member = units[0].train.keywords["member"]  # type: ignore[attr-defined]
    wrong = replace(units[0], train=partial(train_fold, member=member.train, fold=None))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="Store"):
        packed(wrong)


def test_a_node_without_the_store_builds_it_from_the_data(drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    context, units = units_of(tmp_path / "run", drawn)
    member = units[0].train.keywords["member"]  # type: ignore[attr-defined]
    name = MemberName(
        member.name,
        member.recipe,
        StoreName("train", tmp_path / "elsewhere" / member.train.folder.name),
        StoreName("test", tmp_path / "elsewhere" / member.test.folder.name),
    )
    monkeypatch.setenv("SKETCHFIT_CACHE", str(tmp_path / "cache of the node"))
    built = open_member(name, context.table, Console("none"))
    assert np.array_equal(built.train.images, member.train.images)
    assert built.train.folder.name == member.train.folder.name
    assert {path.name for path in (tmp_path / "cache of the node").glob("store-*") if path.is_dir()} == {
        member.train.folder.name,
        member.test.folder.name,
    }


def test_a_node_without_the_data_or_with_others_is_an_error(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    context, units = units_of(tmp_path / "run", drawn)
    member = units[0].train.keywords["member"]  # type: ignore[attr-defined]
    name = MemberName(member.name, member.recipe, StoreName("train", tmp_path / member.train.folder.name), None)
    monkeypatch.setenv("SKETCHFIT_CACHE", str(tmp_path / "cache"))
    with pytest.raises(DataError, match="is not there"):
        open_member(name, replace(context.table, root=tmp_path / "missing"), Console("none"))
    other = tmp_path / "other"
    shutil.copytree(drawn, other)
    first, second = (other / path for path in context.table.train.paths[:2])
    shutil.copy(second, first)
    with pytest.raises(DataError, match="not those of the run"):
        open_member(name, replace(context.table, root=other), Console("none"))


def test_what_a_lost_worker_still_sends_is_ignored(drawn: Path, tmp_path: Path):
    _, units = units_of(tmp_path, drawn)
    state = UnitState(units[0], clock=lambda: 7.0)
    first = state.parcel()
    progress = UnitProgress("host", os.getpid(), "title", "5 images/s", 0.5)
    state.receive(1, [progress, UnitFiles((), {"last.ckpt": b"first"})])
    assert state.progress == progress
    assert state.advanced
    state.lose()
    state.receive(1, [UnitFiles((), {"last.ckpt": b"late"})])
    again = state.parcel()
    assert dict(first.files) == {}
    assert again.files == {"last.ckpt": b"first"}
    assert not state.advanced
    state.receive(1, [progress])
    assert state.progress is None
    state.receive(state.attempt, [progress])
    assert state.progress == progress
    assert pickle.loads(pickle.dumps(again)) == again
    assert isinstance(again, UnitParcel)
