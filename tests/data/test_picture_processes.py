"""Pictures of processes are those of threads; a picture that cannot be made, a lost process and an early end."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import closing
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

import sketchfit
from sketchfit.config.load import load_recipe
from sketchfit.data import picture_processes as module_of_processes
from sketchfit.data.batches import load_batches
from sketchfit.data.picture_processes import PictureProcesses, picture_processes
from sketchfit.data.picture_source import PictureSource
from sketchfit.data.samples import number_samples, rows_of
from sketchfit.data.store_files import IMAGES, PAPER
from sketchfit.transforms.augment import augment_for, eval_augment
from sketchfit.transforms.rng import EpochRandomness
from tests.factories import bars, make_store, tiny_recipe

SIZE = 24


@pytest.fixture
def store(tmp_path):
    """A store of 70 pictures, on disk."""
    made = make_store(bars(np.arange(70) % 4), tmp_path)
    np.save(tmp_path / IMAGES, made.images)
    np.save(tmp_path / PAPER, made.paper)
    return made


@pytest.fixture(scope="module")
def processes():
    made = PictureProcesses(2)
    yield made
    made.end()


def source_of(store, epoch=0, special=None):
    recipe = load_recipe(tiny_recipe({"transforms": {"policy": "medium"}}))
    augment = augment_for(recipe.transforms, SIZE, epoch, 2)
    return PictureSource(store.folder, shape_of(store), augment, EpochRandomness(3, epoch), special or {})


def by_threads(store, source, batches):
    return load_batches(store, batches, source.augment, source.generator, 2, source.special)


def shape_of(store):
    return SIZE, SIZE, store.images.shape[-1]


@pytest.mark.parametrize("sizes", [(1,), (16,), (17, 3), (40, 40, 40), (5,) * 12])
def test_the_pictures_are_those_of_threads(store, processes, sizes):
    rng = np.random.default_rng(0)
    batches = np.split(number_samples(rng.integers(0, 70, sum(sizes))), np.cumsum(sizes)[:-1])
    special = {int(rows_of(batches[0])[0]): eval_augment(SIZE)}
    for epoch in (0, 1):
        source = source_of(store, epoch, special)
        found = list(processes.batches(source, batches))
        expected = list(by_threads(store, source, batches))
        assert len(found) == len(expected) == len(sizes)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one.rows, other.rows)
            np.testing.assert_array_equal(one.images, other.images)


def test_a_batch_that_is_not_taken_disturbs_no_later_one(store, processes):
    batches = [np.arange(30)] * 6
    with closing(processes.batches(source_of(store), batches)) as first:
        next(first)
    source = source_of(store, 1)
    found = [one.images for one in processes.batches(source, batches)]
    expected = next(by_threads(store, source, batches[:1])).images
    assert all(np.array_equal(one, expected) for one in found)


def test_no_batches(store, processes):
    assert list(processes.batches(source_of(store), [])) == []


def test_a_row_that_the_store_does_not_have_is_an_error_and_the_next_batch_is_made(store, processes):
    source = source_of(store)
    with pytest.raises(IndexError):
        list(processes.batches(source, [np.array([70])]))
    assert len(list(processes.batches(source, [np.arange(4)]))) == 1


def test_a_lost_process_is_replaced_by_this_one(store, caplog):
    lost = PictureProcesses(2)
    try:
        source, batches = source_of(store), [np.arange(35)] * 8
        made = lost.batches(source, batches)
        first = next(made)
        for one in lost.all:
            os.kill(one.piped.process.pid, signal.SIGKILL)
        found = [first, *made]
    finally:
        lost.end()
    expected = next(by_threads(store, source, batches[:1])).images
    assert len(found) == len(batches)
    assert all(np.array_equal(one.images, expected) for one in found)
    assert any("has ended" in record.getMessage() for record in caplog.records)


def test_a_picture_of_another_type_or_shape_is_an_error(store, processes):
    for wrong in (as_floats, as_large):
        with pytest.raises(ValueError, match="in place of uint8"):
            list(processes.batches(replace(source_of(store), augment=wrong), [np.arange(20)]))
    assert len(list(processes.batches(source_of(store), [np.arange(4)]))) == 1


def as_floats(image, paper, rng):
    return np.zeros((SIZE, SIZE, image.shape[-1]), np.float32)


def as_large(image, paper, rng):
    return np.zeros((SIZE + 1, SIZE, image.shape[-1]), np.uint8)


def test_an_augmentation_that_processes_cannot_import_is_applied_here(store, monkeypatch, caplog):
    module = ModuleType("script_of_a_user")
    exec("def inverted(image, paper, rng):\n    return 255 - image[:24, :24]", module.__dict__)
    monkeypatch.setitem(sys.modules, "script_of_a_user", module)
    source = replace(source_of(store), augment=module.inverted)
    made = PictureProcesses(2)
    try:
        with caplog.at_level("INFO"):
            [found] = made.batches(source, [np.arange(40)])
        assert len(list(made.batches(source_of(store), [np.arange(4)]))) == 1  # the processes are still there
    finally:
        made.end()
    np.testing.assert_array_equal(found.images, 255 - store.images[:40, :24, :24])
    assert any("cannot import" in one.getMessage() for one in caplog.records)
    assert not any("has ended" in one.getMessage() for one in caplog.records)


def test_an_augmentation_that_cannot_be_pickled_is_applied_here(store, processes, caplog):
    source = replace(source_of(store), augment=lambda image, paper, rng: 255 - image[:24, :24])
    with caplog.at_level("INFO"):
        [found] = processes.batches(source, [np.arange(40)])
    np.testing.assert_array_equal(found.images, 255 - store.images[:40, :24, :24])
    assert any("cannot be pickled" in one.getMessage() for one in caplog.records)


def test_processes_that_cannot_be_started_are_replaced_by_threads(store, monkeypatch, caplog):
    monkeypatch.setattr(module_of_processes, "COMMAND", ["/nowhere/python"])
    made = PictureProcesses(2)
    try:
        source, batches = source_of(store), [np.arange(35)] * 2
        found = list(made.batches(source, batches))
    finally:
        made.end()
    expected = next(by_threads(store, source, batches[:1])).images
    assert made.all == []
    assert all(np.array_equal(one.images, expected) for one in found)
    assert any("were started" in one.getMessage() for one in caplog.records)


def test_trainings_share_processes_of_one_number():
    try:
        first = picture_processes(1)
        assert picture_processes(1) is first
        second = picture_processes(2)
        assert second is not first
        assert second.count == 2
        assert len(first.all) == 1
        assert first.all[0].piped.process.wait(10) is not None
    finally:
        module_of_processes.end_picture_processes()


def test_a_process_ends_when_its_input_is_closed():
    made = PictureProcesses(1)
    [one] = made.all
    one.piped.requests.close()
    assert one.piped.process.wait(20) == 0
    made.end()


def test_the_processes_of_a_run_end_with_it(tmp_path, drawn, monkeypatch):
    started, real = [], module_of_processes.PictureProcesses

    def recorded(count):
        started.append(real(count))
        return started[-1]

    monkeypatch.setattr(module_of_processes, "PictureProcesses", recorded)
    settings = tiny_recipe({"compute": {"processes": 1}})
    sketchfit.run(drawn, recipe=settings, out=tmp_path / "run")
    [made] = started  # shared by both folds
    assert made.all[0].piped.process.wait(10) is not None
