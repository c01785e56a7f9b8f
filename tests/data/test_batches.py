from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchfit.config.transforms import TransformsSection
from sketchfit.data.batches import epoch_order, load_batches, split_batches
from sketchfit.data.store import Store
from sketchfit.transforms.augment import augment_for, eval_augment
from sketchfit.transforms.rng import sample_rng
from tests.factories import make_store

ROWS = 40


@pytest.fixture(scope="module", params=[1, 3])
def store(request: pytest.FixtureRequest) -> Store:
    channels = request.param
    rng = np.random.default_rng(0)
    images = np.full((ROWS, 36, 36, channels), 255, np.uint8)
    images[:, 6:30, 6:30] = rng.integers(0, 256, (ROWS, 24, 24, channels))
    return make_store(images)


def batches_of(store: Store, threads: int, epoch: int = 0, policy: str = "sketch", size: int = 32) -> list[np.ndarray]:
    order = split_batches(epoch_order(np.arange(ROWS), 7, epoch), 8)
    augment = augment_for(TransformsSection(policy=policy), size, epoch, 5)
    return [b.images for b in load_batches(store, order, augment, lambda row: sample_rng(7, epoch, row), threads)]


@pytest.mark.parametrize("policy", ["light", "sketch", "strokes", "trivialaugment"])
def test_one_and_four_threads_give_the_same_bytes(store: Store, policy: str) -> None:
    one, four = batches_of(store, 1, policy=policy), batches_of(store, 4, policy=policy)
    assert len(one) == ROWS // 8
    for a, b in zip(one, four, strict=True):
        assert a.dtype == np.uint8
        assert a.shape == (8, 32, 32, store.images.shape[3])
        np.testing.assert_array_equal(a, b)


def test_a_picture_is_a_function_of_seed_epoch_and_row(store: Store) -> None:
    augment = augment_for(TransformsSection(policy="sketch"), 32, 0, 5)

    def look(rows: list[list[int]], seed: int = 7, epoch: int = 0) -> dict[int, np.ndarray]:
        batches = [np.array(batch) for batch in rows]
        loaded = load_batches(store, batches, augment, lambda row: sample_rng(seed, epoch, row), 2)
        return {int(row): image for batch in loaded for row, image in zip(batch.rows, batch.images, strict=True)}

    alone, together = look([[3]]), look([[9, 1], [0, 3, 8], [2]])
    np.testing.assert_array_equal(alone[3], together[3])
    assert not np.array_equal(alone[3], look([[3]], epoch=1)[3])
    assert not np.array_equal(alone[3], look([[3]], seed=8)[3])


def test_evaluation_draws_nothing(store: Store) -> None:
    augment = eval_augment(36)

    def never(row: int) -> np.random.Generator:
        return None  # type: ignore[return-value]

    (batch,) = load_batches(store, [np.arange(5)], augment, never, 1)
    np.testing.assert_array_equal(batch.images, store.images[:5])


def test_order_holds_though_the_first_batch_is_slowest(store: Store) -> None:
    def slow(image: np.ndarray, paper: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        time.sleep(0.05 if image[10, 10, 0] == store.images[0, 10, 10, 0] else 0)
        return image

    rows = [np.array([row]) for row in range(12)]
    loaded = list(load_batches(store, rows, slow, lambda row: sample_rng(0, 0, row), 4))
    assert [batch.rows.tolist() for batch in loaded] == [[row] for row in range(12)]


def test_it_works_ahead_but_not_without_bound(store: Store) -> None:
    prepared: list[int] = []

    def counted(image: np.ndarray, paper: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        prepared.append(1)
        return image

    loaded = load_batches(store, [np.array([row]) for row in range(30)], counted, lambda row: sample_rng(0, 0, row), 2)
    next(loaded)
    time.sleep(0.1)
    assert 2 <= len(prepared) <= 5  # else a training set would be held in memory twice
    loaded.close()  # type: ignore[attr-defined]


def test_an_error_in_a_thread_reaches_the_caller_and_ends_the_threads(store: Store) -> None:
    def fails(image: np.ndarray, paper: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        raise RuntimeError("bad picture")

    before = threading.active_count()
    with pytest.raises(RuntimeError, match="bad picture"):
        list(load_batches(store, [np.arange(4)] * 8, fails, lambda row: sample_rng(0, 0, row), 3))
    assert threading.active_count() == before


def test_leaving_early_ends_the_threads(store: Store) -> None:
    before = threading.active_count()
    batches = [np.arange(4)] * 20
    for _ in load_batches(store, batches, eval_augment(16), lambda row: sample_rng(0, 0, row), 3):
        break
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before


@settings(deadline=None)
@given(st.integers(1, 100), st.integers(1, 40))
def test_whole_batches_only_and_never_none(rows: int, size: int) -> None:
    order = np.arange(rows)
    batches = split_batches(order, size)
    if rows < size:
        assert [batch.tolist() for batch in batches] == [order.tolist()]
    else:
        assert {len(batch) for batch in batches} == {size}
        assert rows - len(batches) * size < size
    np.testing.assert_array_equal(np.concatenate(batches), order[: sum(map(len, batches))])


@settings(deadline=None)
@given(st.integers(0, 2**31 - 1), st.integers(0, 1000), st.lists(st.integers(0, 10**6), min_size=1, unique=True))
def test_epoch_order_is_a_permutation_and_repeats(seed: int, epoch: int, rows: list[int]) -> None:
    array = np.array(rows, dtype=np.int64)
    order = epoch_order(array, seed, epoch)
    assert sorted(order.tolist()) == sorted(rows)
    np.testing.assert_array_equal(order, epoch_order(array, seed, epoch))


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    orders = {tuple(epoch_order(np.arange(50), seed, epoch)) for seed in range(4) for epoch in range(4)}
    assert len(orders) == 16
