"""Kernel ridge regression with a Gaussian kernel: exact up to `bank.kernel.MOST_ROWS` rows, by landmarks beyond."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from sketchfit.bank.closed_form import choices
from sketchfit.bank.closed_forms import closed_forms
from sketchfit.bank.kernel import CHUNK, MOST_ROWS, KernelHead, KernelRidge, KernelSettings
from sketchfit.bank.kernel_fold import KernelFold
from sketchfit.bank.nystrom import Nystrom, NystromFold
from sketchfit.config.kernel import KernelSection
from sketchfit.models.kernel_network import KernelNetwork
from sketchfit.models.pooling import Pooling

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

WIDTHS = (0.25, 0.5, 0.125)
STRENGTHS = (0.03, 0.06, 0.015)


@dataclass(frozen=True)
class KernelRows:
    """A kernel ridge regression on all rows."""

    ridge: KernelRidge | Nystrom

    @property
    def note(self) -> str:
        """Names the number of landmarks."""
        count, support = len(self.ridge.label), len(self.ridge.support)
        return "" if support == count else f"{count:,} images are compared with {support:,} of them"

    def fold(self, removed: Rows) -> KernelFold | NystromFold:
        """Return the regression without some rows."""
        ridge = self.ridge
        return KernelFold(ridge, removed) if isinstance(ridge, KernelRidge) else NystromFold(ridge, removed)

    def scores_by(self, heads: Sequence[KernelHead], kept: Sequence[Rows], features: Floats) -> list[Floats]:
        """Return the scores of other rows by several heads; each kernel value is computed once."""
        duals = [self._dual(*each) for each in zip(heads, kept, strict=True)]
        found = [np.empty((len(features), self.ridge.classes), dtype=np.float32) for _ in duals]
        for start in range(0, len(features), CHUNK):
            rows = slice(start, start + CHUNK)
            values = self.ridge.kernel.between(features[rows], self.ridge.support)
            for scores, dual in zip(found, duals, strict=True):
                np.matmul(values, dual, out=scores[rows])
        return found

    def _dual(self, head: KernelHead, kept: Rows) -> Floats:
        """Return the coefficients of the regression's support, float32 [m, C]; zeros for rows that were removed."""
        if isinstance(self.ridge, Nystrom):
            return head.dual
        dual = np.zeros((len(self.ridge.support), self.ridge.classes), dtype=np.float32)
        dual[kept] = head.dual
        return dual


class RbfForm:
    """Kernel ridge regression with a Gaussian kernel."""

    module = KernelNetwork

    def candidates(self, section: KernelSection) -> tuple[KernelSettings, ...]:
        """Return pairs of width and penalty."""
        strengths = choices(section.strength, STRENGTHS)
        return tuple(KernelSettings(width, one) for width in choices(section.width, WIDTHS) for one in strengths)

    def fit(
        self, features: Callable[[Rows], Floats], label: Rows, classes: int, settings: KernelSettings
    ) -> KernelRows:
        """Return the regression on all rows."""
        if len(label) <= MOST_ROWS:
            return KernelRows(KernelRidge.of(features(np.arange(len(label))), label, classes, settings))
        return KernelRows(Nystrom.of(features, label, classes, settings))

    def network(self, head: KernelHead, model: nn.Module, pooling: Pooling) -> KernelNetwork:
        """Return a network with a fitted head."""
        buffers = {
            "support": torch.from_numpy(head.features.astype(np.float16)),
            "dual": torch.from_numpy(head.dual),
            "gamma": torch.tensor(head.kernel.gamma, dtype=torch.float32),
        }
        return KernelNetwork.of_head(model, pooling, head.features.shape[1], buffers)


closed_forms.register("rbf")(RbfForm())
