"""The classes of a loaded model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ClassTexts:
    """Classes in the order of the probabilities.

    Attributes:
        class_labels: C texts, what the training table calls each class.
        class_names: C names for display.
    """

    class_labels: tuple[str, ...]
    class_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.class_labels)
