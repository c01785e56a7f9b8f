from __future__ import annotations

import numpy as np
import pytest

from sketchfit.duplicates import candidates
from sketchfit.duplicates.candidates import (
    HASH_WORDS,
    candidate_pairs,
    hashes,
    hashes_of,
    invariants,
    like_pairs,
    near_pairs,
)


def random_codes(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2**64, (count, HASH_WORDS), np.uint64)


def flip(codes: np.ndarray, bits: int, rng: np.random.Generator) -> np.ndarray:
    """The same hashes with exactly so many bits changed."""
    flat = np.unpackbits(codes.view(np.uint8), axis=1)
    for row in flat:
        row[rng.choice(len(row), bits, replace=False)] ^= 1
    return np.packbits(flat, axis=1).view(np.uint64)


def brute_force(codes: np.ndarray, distance: int) -> set[tuple[int, int]]:
    apart = np.bitwise_count(codes[:, None] ^ codes[None]).sum(axis=2)
    return {(int(a), int(b)) for a, b in zip(*np.nonzero(np.triu(apart <= distance, 1)), strict=True)}


@pytest.mark.parametrize("bits", [0, 10, 26, 32])
def test_near_pairs_are_those_of_brute_force(bits: int) -> None:
    rng = np.random.default_rng(bits)
    codes = random_codes(1000, seed=bits)
    codes[500:600] = flip(codes[:100], bits, rng)
    truth = brute_force(codes, 64)
    assert {(k, 500 + k) for k in range(100)} <= truth
    found = {(int(a), int(b)) for a, b in near_pairs(codes, 64)}
    assert found <= truth
    assert len(found) >= 0.99 * len(truth)


def test_no_pair_beyond_the_distance_and_none_twice() -> None:
    codes = random_codes(300, seed=1)
    codes[100:200] = flip(codes[:100], 20, np.random.default_rng(2))
    assert len(near_pairs(codes, 19)) == 0
    pairs = near_pairs(codes, 20)
    assert len(np.unique(pairs, axis=0)) == len(pairs) == 100
    assert (pairs[:, 0] < pairs[:, 1]).all()


def test_a_thousand_equal_hashes_hang_together_with_few_pairs() -> None:
    from sketchfit.duplicates.groups import connected

    codes = np.repeat(random_codes(1, seed=3), 3000, axis=0)
    pairs = near_pairs(codes, 0, tables=2)
    assert len(pairs) <= 2 * 64 * 3000
    assert connected(pairs, 3000) == (tuple(range(3000)),)


def test_hashes_of_many_drawings_need_no_features_of_all_and_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    spectrum = (rng.standard_normal((300, 4, 9)) + 1j * rng.standard_normal((300, 4, 9))).astype(np.complex64)
    once = hashes_of(spectrum)
    monkeypatch.setattr(candidates, "_AT_ONCE", 100)
    monkeypatch.setattr(candidates, "_PART", 64)
    assert (hashes_of(spectrum) == hashes(invariants(spectrum))).all()
    assert np.bitwise_count(hashes_of(spectrum) ^ once).mean() < 0.1  # the mean of parts has other last bits


def similar_codes(count: int, seed: int) -> np.ndarray:
    """Hashes that differ from one of them in 0 to 20 bits, so that all pairs of them are close."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(random_codes(1, seed), count, axis=0)
    return np.concatenate([flip(codes[k : k + 1], int(rng.integers(0, 21)), rng) for k in range(count)])


def nearest_by_brute_force(codes: np.ndarray, most: int) -> set[tuple[int, int]]:
    """Pairs of which one is among the partners that differ least from the other, or differs as much as the last."""
    apart = np.bitwise_count(codes[:, None] ^ codes[None]).sum(axis=2).astype(int)
    np.fill_diagonal(apart, 1000)
    limit = np.sort(apart, axis=1)[:, most - 1]
    near = (apart <= limit[:, None]) | (apart <= limit[None])
    return {(int(a), int(b)) for a, b in zip(*np.nonzero(np.triu(near, 1)), strict=True)}


def test_of_many_partners_the_nearest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "CROWDED", 0)
    codes = similar_codes(60, seed=7)
    every = near_pairs(codes, 64, tables=32, most=59)
    assert {*map(tuple, every.tolist())} == brute_force(codes, 64)
    kept = {*map(tuple, near_pairs(codes, 64, tables=32, most=5).tolist())}
    assert kept <= nearest_by_brute_force(codes, 5)
    assert len(kept) <= 5 * 60
    degree = np.bincount(np.array(sorted(kept)).ravel(), minlength=60)
    assert degree.min() >= 5


def test_nothing_is_left_out_where_hashes_are_not_crowded() -> None:
    """Of two groups of 40 equal hashes that differ in three bits, all 32 nearest of each are in its own group."""
    twins = np.repeat(random_codes(1, seed=11), 40, axis=0)
    near = np.repeat(flip(twins[:1], 3, np.random.default_rng(12)), 40, axis=0)
    codes = np.concatenate([twins, near, random_codes(400, seed=13)])
    pairs = near_pairs(codes, 64, tables=8)
    assert ((pairs[:, 0] < 40) & (pairs[:, 1] >= 40)).sum() == 1600
    assert len(pairs) == 80 * 79 // 2


def test_a_copy_of_one_of_many_similar_drawings_is_kept() -> None:
    codes = similar_codes(400, seed=8)
    rng = np.random.default_rng(9)
    copies = flip(codes[:50], 1, rng)
    found = {*map(tuple, near_pairs(np.concatenate([codes, copies]), 64, tables=64, most=8).tolist())}
    assert len({(k, 400 + k) for k in range(50)} - found) <= 1


def test_the_nearest_are_the_same_whenever_they_are_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "CROWDED", 0)
    monkeypatch.setattr(candidates, "_PENDING", 10_000)
    codes = similar_codes(200, seed=10)
    at_the_end = near_pairs(codes, 64, tables=6, most=4)
    calls = []
    nearest = candidates._nearest
    monkeypatch.setattr(candidates, "_nearest", lambda *given: calls.append(1) or nearest(*given))
    monkeypatch.setattr(candidates, "_PENDING", 0)
    assert (near_pairs(codes, 64, tables=6, most=4) == at_the_end).all()
    assert len(calls) > 2
    assert len(at_the_end) <= 4 * 200


@pytest.mark.parametrize("count", [0, 1, 2])
def test_hardly_any_hashes(count: int) -> None:
    assert near_pairs(random_codes(count, seed=0), 5).shape == (0, 2)


def test_differing_bits_measure_the_angle() -> None:
    rng = np.random.default_rng(0)
    first = rng.standard_normal(200)
    across = rng.standard_normal(200)
    across -= first * (first @ across) / (first @ first)
    across *= np.linalg.norm(first) / np.linalg.norm(across)
    codes = hashes(np.stack([first, np.cos(0.6) * first + np.sin(0.6) * across]).astype(np.float32))
    share = int(np.bitwise_count(codes[0] ^ codes[1]).sum()) / (64 * HASH_WORDS)
    assert share == pytest.approx(0.6 / np.pi, abs=0.08)


def test_like_pairs_are_those_of_the_full_matrix() -> None:
    features = np.random.default_rng(4).standard_normal((1500, 6)).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    truth = np.argwhere(np.triu(features.astype(float) @ features.T.astype(float), 1) > 0.95)
    found = like_pairs(features, 0.95)
    assert abs(len(found) - len(truth)) <= 2
    assert len({*map(tuple, found.tolist())} ^ {*map(tuple, truth.tolist())}) <= 2


def test_hashing_finds_the_copies_that_comparing_all_pairs_finds() -> None:
    rng = np.random.default_rng(5)
    spectrum = (rng.standard_normal((3000, 4, 9)) + 1j * rng.standard_normal((3000, 4, 9))).astype(np.complex64)
    noise = rng.standard_normal((100, 4, 9)) + 1j * rng.standard_normal((100, 4, 9))
    spectrum[1000:1100] = spectrum[:100] + 0.15 * noise
    features = invariants(spectrum)
    planted = {(k, 1000 + k) for k in range(100)}
    assert planted <= {*map(tuple, like_pairs(features).tolist())}
    assert len(planted - {*map(tuple, candidate_pairs(spectrum, exhaustive=100).tolist())}) <= 1


def test_invariants_of_many_drawings_are_computed_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    spectrum = (rng.normal(size=(50, 3, 5)) + 1j * rng.normal(size=(50, 3, 5))).astype(np.complex64)
    at_once = invariants(spectrum)
    monkeypatch.setattr(candidates, "_AT_ONCE", 20)
    monkeypatch.setattr(candidates, "_PART", 8)
    found = invariants(spectrum)
    assert found.dtype == np.float32
    assert np.allclose(found, at_once, atol=1e-6)
