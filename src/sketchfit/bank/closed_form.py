"""What a head in closed form is: a fit on all rows, from which the head of each fold follows without its rows."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import nn

from sketchfit.bank.without_rows import WithoutRows
from sketchfit.config.kernel import KernelSection
from sketchfit.models.feature_network import FeatureNetwork
from sketchfit.models.pooling import Pooling

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
T = TypeVar("T")


class AllRows(Protocol):
    """A fit on all rows, n."""

    @property
    def note(self) -> str:
        """What the user should know of it, or an empty text."""

    def fold(self, removed: Rows) -> WithoutRows[Any]:
        """Return the fit without some rows.

        Raises:
            ValueError: no row is left, or rows that are not distinct.
        """

    def scores_by(self, heads: Sequence[Any], kept: Sequence[Rows], features: Floats) -> list[Floats]:
        """Return the scores of other rows by several heads; what they share is computed once.

        Args:
            heads: of folds of this fit.
            kept: `WithoutRows.kept` of each of them.
            features: float32 [k, K].

        Returns:
            Per head float32 [k, C].
        """


class ClosedForm(Protocol):
    """A kind of head; a member of the registry `bank.closed_forms`."""

    @property
    def module(self) -> type[FeatureNetwork]:
        """Class of the networks that `network` returns, by which saved ones are read."""

    def candidates(self, section: KernelSection) -> tuple[Hashable, ...]:
        """Return the settings that a recipe allows, the usual ones first; their `str` is printed.

        Of nearly equal ones the first is chosen. A head on a trained backbone has the first.
        """

    def fit(self, features: Callable[[Rows], Floats], label: Rows, classes: int, settings: Any) -> AllRows:
        """Return the fit on all rows.

        Args:
            features: returns float32 [k, K] of rows int64 [k], 0 … n-1; it may be called for parts of them.
            label: int64 [n], 0 … C-1.
            classes: number of classes, C.
            settings: one of the candidates.

        Raises:
            ValueError: settings that are not possible for these features.
        """

    def network(self, head: Any, model: nn.Module, pooling: Pooling) -> FeatureNetwork:
        """Return a network with a head of such a fit, on the CPU; its scale is not set yet, its temperature is 1.

        Args:
            head: `WithoutRows.head`.
            model: timm's.
            pooling: of this model.
        """


def choices(value: T | Literal["auto"] | None, usual: Sequence[T]) -> tuple[T, ...]:
    """Return the values that a recipe allows for a setting, the usual one first.

    >>> choices(None, (1, 2)), choices("auto", (1, 2)), choices(3, (1, 2))
    ((1,), (1, 2), (3,))
    """
    if value is None:
        return (usual[0],)
    return tuple(usual) if value == "auto" else (value,)
