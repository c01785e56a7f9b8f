"""Time and memory of grouping binary hashes, 10^4 to 10^6 of them, with near pairs planted among random ones.

    python benchmarks/duplicates_scale.py [--sizes 10000 100000 1000000] [--flipped 0.1] [--seed 0]

One hash in a hundred is another one with a share of its bits flipped. Every size runs in a process of its own, whose
peak memory is reported.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time

import numpy as np

from sketchfit.duplicates.candidates import HASH_WORDS, near_pairs
from sketchfit.duplicates.groups import connected


def planted(count: int, flipped: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Hashes uint64 [N, HASH_WORDS] and the near pairs int64 [N / 100, 2] among them."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 2**64, (count, HASH_WORDS), np.uint64)
    pairs = rng.permutation(count)[: count // 50].reshape(-1, 2)
    noise = np.packbits(rng.random((len(pairs), 64 * HASH_WORDS)) < flipped, axis=1).view(np.uint64)
    codes[pairs[:, 1]] = codes[pairs[:, 0]] ^ noise
    return codes, np.sort(pairs, axis=1)


def measure(count: int, flipped: float, seed: int) -> None:
    """Print a row of the table."""
    codes, truth = planted(count, flipped, seed)
    start = time.perf_counter()
    pairs = near_pairs(codes, seed=seed)
    groups = connected(pairs, count)
    seconds = time.perf_counter() - start
    recall = np.isin(truth[:, 0] * count + truth[:, 1], pairs[:, 0] * count + pairs[:, 1]).mean()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(
        f"| {count} | {len(truth)} | {recall:.4f} | {len(pairs)} | {len(groups)} | {seconds:.1f} s | {memory:.2f} GB |"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--flipped", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print("| hashes | planted pairs | recall | pairs found | groups | time | peak memory |")
    print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
    for count in options.sizes:
        child = multiprocessing.get_context("spawn").Process(
            target=measure, args=(count, options.flipped, options.seed)
        )
        child.start()
        child.join()


if __name__ == "__main__":
    main()
