"""Features of a member without epochs, on the scale of its heads; read from disk in parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.bank.cache import Stored
from sketchfit.bank.extractor import Extractor
from sketchfit.bank.features import FeaturePass
from sketchfit.bank.scale import FeatureScale
from sketchfit.data.store import Store
from sketchfit.tracking.console import Console
from sketchfit.training.context import Member
from sketchfit.training.kernel_views import NamedPicture

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

MOST_SCALED = 20_000
"""Rows that give the scale; of more rows a sample is taken."""


@dataclass(frozen=True)
class BankMemberFeatures:
    """Stored features of a member, per picture of its heads.

    Attributes:
        train, test: of each picture of all images.
        scale: of the heads.
    """

    train: tuple[Stored, ...]
    test: tuple[Stored, ...]
    scale: FeatureScale

    @classmethod
    def open(
        cls, member: Member, extractor: Extractor, pictures: Sequence[NamedPicture], rows: Rows, console: Console
    ) -> BankMemberFeatures:
        """Read the features, or compute them where they are not in the cache.

        Args:
            member: with its images.
            extractor: with the member's frozen backbone.
            pictures: of its heads.
            rows: int64 [n], training rows that give the scale.
            console: for the bar.
        """
        passes = [FeaturePass(member.recipe, extractor, console, one.name, one.make) for one in pictures]
        train = tuple(one.features(member.train) for one in passes)
        test = tuple(_of_any(one, member.test) for one in passes)
        if len(rows) > MOST_SCALED:
            rows = np.sort(np.random.default_rng(0).permutation(rows)[:MOST_SCALED])
        return cls(train, test, FeatureScale.of(train[0].rows(rows), extractor.pooling.widths))

    def of_train(self, rows: Rows) -> Floats:
        """Return the features of training rows, float32 [k, K], rounded as in a saved network.

        So the head that is saved is exactly the one that was fitted.
        """
        values = self.scale.mean_of(one.rows(rows) for one in self.train)
        return values.astype(np.float16).astype(np.float32)

    def of_test(self, rows: Rows) -> Floats:
        """Return the features of test rows, float32 [k, K]."""
        return self.scale.mean_of(one.rows(rows) for one in self.test)


def _of_any(one: FeaturePass, store: Store) -> Stored:
    """Return the features of a store; one without rows has no files in the cache."""
    if len(store.errors):
        return one.features(store)
    widths = one.extractor.pooling.widths
    return Stored(np.zeros((0, sum(widths)), dtype=np.float16), widths, (1.0,) * len(widths))
