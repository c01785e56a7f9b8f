"""A training whose pictures are made by processes is the one whose pictures are made by threads."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from sketchfit.config.load import load_recipe
from sketchfit.config.overrides import merge
from sketchfit.data import picture_processes
from sketchfit.data.joined_stores import join_stores
from sketchfit.data.store_files import IMAGES, PAPER
from sketchfit.training import pictures
from sketchfit.training.loader import MOST_PROCESSES, DataLoader
from tests.factories import make_job, tiny_recipe
from tests.training.conftest import train as train

SETTINGS = tiny_recipe({"transforms": {"policy": "medium"}, "training": {"epochs": 2}})


@pytest.fixture(autouse=True)
def ended():
    yield
    picture_processes.end_picture_processes()


def on_disk(job):
    """The same job with the images of its store in a folder."""
    folder = job.folder.parent / "store"
    folder.mkdir()
    np.save(folder / IMAGES, job.store.images)
    np.save(folder / PAPER, job.store.paper)
    return replace(job, store=replace(job.store, images=np.load(folder / IMAGES, mmap_mode="r"), folder=folder))


def job_of(folder, processes):
    recipe = load_recipe(merge(SETTINGS, {"compute": {"processes": processes}}))
    folder.mkdir()
    return on_disk(make_job(folder / "job", recipe))


def test_the_weights_are_those_with_threads(tmp_path, train, monkeypatch):
    started, real = [], pictures.picture_processes
    monkeypatch.setattr(pictures, "picture_processes", lambda count: started.append(count) or real(count))
    expected = train(job_of(tmp_path / "threads", 0))
    assert not started
    found = train(job_of(tmp_path / "processes", 2))
    assert set(started) == {2}
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_a_store_that_is_not_one_on_disk_is_read_by_threads(tmp_path, train, monkeypatch):
    monkeypatch.setattr(pictures, "picture_processes", lambda count: pytest.fail("a process cannot read it"))
    job = job_of(tmp_path / "one", 2)
    train(replace(job, store=make_job(tmp_path / "memory", job.recipe).store))
    (tmp_path / "two").mkdir()
    train(replace(job, folder=tmp_path / "two", store=join_stores(job.store, job.store)))


@pytest.mark.parametrize(
    ("device", "setting", "threads", "expected"),
    [
        ("cpu", "auto", 8, 0),
        ("cpu", 3, 8, 3),
        ("cuda", "auto", 8, 8),
        ("cuda", "auto", 128, MOST_PROCESSES),
        ("cuda", 0, 8, 0),
    ],
)
def test_how_many_processes(tmp_path, monkeypatch, device, setting, threads, expected):
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    recipe = load_recipe(merge(SETTINGS, {"compute": {"processes": setting}}))
    engine = SimpleNamespace(device=torch.device(device))
    assert DataLoader(make_job(tmp_path / "job", recipe), None, engine)._processes == expected
