"""A training whose pictures are made by processes is the one whose pictures are made by threads."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch

from sketchfit.config.load import load_recipe
from sketchfit.config.overrides import merge
from sketchfit.config.policies import list_policies
from sketchfit.data import picture_processes
from sketchfit.data.joined_stores import join_stores
from sketchfit.data.store_files import IMAGES, PAPER
from sketchfit.training import loader, pictures
from sketchfit.training.loader import MOST_PROCESSES
from sketchfit.transforms.augment import augment_for
from sketchfit.transforms.rng import sample_rng
from tests.factories import bars, make_job, tiny_recipe
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


def test_a_store_behind_a_link_is_one_on_disk(tmp_path):
    job = job_of(tmp_path / "one", 2)
    link = tmp_path / "link"
    link.symlink_to(job.store.folder, target_is_directory=True)
    assert pictures._is_on_disk(replace(job.store, folder=link))
    assert not pictures._is_on_disk(replace(job.store, images=job.store.images[:10]))


@pytest.mark.parametrize("policy", [name for name in list_policies() if name != "none"])
def test_the_pictures_of_each_policy_can_be_sent(policy):
    recipe = load_recipe(tiny_recipe({"transforms": {"policy": policy}}))
    augment = pickle.loads(pickle.dumps(augment_for(recipe.transforms, 24, 0, 2)))
    image, paper = bars(np.arange(1))[0], np.array([255], np.uint8)
    for number in range(20):
        expected = augment_for(recipe.transforms, 24, 0, 2)(image, paper, sample_rng(1, 0, number))
        np.testing.assert_array_equal(augment(image, paper, sample_rng(1, 0, number)), expected)


@pytest.mark.parametrize(
    ("device", "setting", "threads", "expected"),
    [
        ("cpu", "auto", 8, 0),
        ("cpu", 3, 8, 3),
        ("cuda", "auto", 8, 8),
        ("cuda", "auto", 128, MOST_PROCESSES),
        ("cuda", "auto", 1, 2),
        ("cuda", 0, 8, 0),
    ],
)
def test_how_many_processes(monkeypatch, device, setting, threads, expected):
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    monkeypatch.setattr(loader, "cores", lambda: 64)
    recipe = load_recipe(merge(SETTINGS, {"compute": {"processes": setting, "threads": 2}}))
    assert loader.count_processes(recipe.compute, torch.device(device)) == expected
    if setting == "auto":
        monkeypatch.setattr(loader, "cores", lambda: 1)
        assert loader.count_processes(recipe.compute, torch.device(device)) == min(1, expected)
