"""Which flips and turns a policy may apply to the drawings of a class, and what class the result has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.transforms import TURNS, TransformsSection
from sketchfit.errors import UserError
from sketchfit.registry import nearest

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Mirroring:
    """Flips and turns by class.

    Attributes:
        left_out: class index to the names of operations that are not applied to its drawings.
        becomes: name of an operation to the class of a drawing after it, int64 [C]; operations that change no class are
            left out.
    """

    left_out: Mapping[int, frozenset[str]] = field(default_factory=dict)
    becomes: Mapping[str, Ints] = field(default_factory=dict)

    @classmethod
    def of(cls, section: TransformsSection, class_labels: Sequence[str]) -> Mirroring:
        """Return what a recipe's `transforms` mean for the classes of a table.

        Args:
            section: the recipe's `transforms` section, with `directions` measured or set.
            class_labels: C texts, what the user's table calls each class.

        Raises:
            UserError: `directions` names a class that is not in the table.
        """
        if section.mirror == "keep":
            return cls()
        if section.mirror == "never":
            return cls(dict.fromkeys(range(len(class_labels)), frozenset(TURNS)))
        number = {label: index for index, label in enumerate(class_labels)}
        _check(section, number)
        left_out: dict[int, set[str]] = {}
        becomes: dict[str, Ints] = {}
        for turn, pairs in section.directions.items():
            for source, target in pairs.items():
                if section.mirror == "swap" and turn != "quarter_turn" and pairs.get(target) == source:
                    becomes.setdefault(turn, np.arange(len(class_labels)))[number[source]] = number[target]
                else:
                    left_out.setdefault(number[source], set()).add(turn)
        return cls({index: frozenset(turns) for index, turns in left_out.items()}, becomes)

    def classes_before(self, operations: Iterable[str], class_count: int) -> Ints:
        """Return int64 [C]: for each class of a turned drawing, the class that it had before.

        Args:
            operations: names of those that were applied, in their order.
            class_count: C.
        """
        before = np.arange(class_count)
        for name in operations:
            if name in self.becomes:  # it exchanges pairs of classes, so it is its own inverse
                before = before[self.becomes[name]]
        return before


def _check(section: TransformsSection, number: Mapping[str, int]) -> None:
    named = {label for pairs in section.directions.values() for pair in pairs.items() for label in pair}
    if unknown := sorted(named - number.keys()):
        raise UserError(
            [f"transforms.directions: there is no class {label!r}{nearest(label, number)}" for label in unknown],
            "Classes are named as in the column of labels.",
        )


NO_MIRRORING = Mirroring()
"""All drawings are flipped and turned as the policy has it."""
