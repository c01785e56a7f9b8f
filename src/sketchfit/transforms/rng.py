"""Counted randomness: a generator that is a pure function of (seed, epoch, sample, stream).

Philox is a counter-based generator: key and counter are its complete state, so any of its 2^128 × 2^192 streams can be
entered directly. The seed is the key; epoch, sample and stream are the counter's three upper words. The lowest
word counts the numbers, so different arguments never share numbers, which a hash of the arguments could not guarantee.

Salmon et al., *Parallel random numbers: as easy as 1, 2, 3* (SC 2011).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sketchfit.data.samples import row_and_repeat

_WORD = 1 << 64

REPEATED = 2
"""Added to how often an epoch has had a row before, it is the stream of that sample; the first has stream 0, and
streams 1 and 2 are those of batches and of torch."""


def sample_rng(seed: int, epoch: int, sample: int, stream: int = 0) -> np.random.Generator:
    """Return the generator of one sample in one epoch.

    Args:
        seed: in [0, 2^128).
        epoch: in [0, 2^64).
        sample: number of the sample in its table, or of a batch; in [0, 2^64).
        stream: separates different uses of the same sample (augmentation, mixing …); in [0, 2^64).

    Raises:
        ValueError: an argument is outside its range.
    """
    if not (0 <= seed < _WORD * _WORD and 0 <= epoch < _WORD and 0 <= sample < _WORD and 0 <= stream < _WORD):
        raise ValueError(f"out of range: seed {seed}, epoch {epoch}, sample {sample}, stream {stream}")
    counter = (int(epoch) << 192) | (int(sample) << 128) | (int(stream) << 64)
    return np.random.Generator(np.random.Philox(key=int(seed), counter=counter))


@dataclass(frozen=True)
class EpochRandomness:
    """Returns the generator of each sample of an epoch; it can be sent to another process.

    Attributes:
        seed: as for `sample_rng`.
        epoch: as for `sample_rng`.
    """

    seed: int
    epoch: int

    def __call__(self, sample: int) -> np.random.Generator:
        """Return the generator of a sample (`data.samples`)."""
        row, repeat = row_and_repeat(sample)
        return sample_rng(self.seed, self.epoch, row, REPEATED + repeat if repeat else 0)
