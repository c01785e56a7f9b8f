"""The recipe's `model.freeze` section: which weights don't learn, and until when."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from sketchfit.config.section import Section


class FreezingSection(Section):
    """What stays as it was pretrained. `freeze: head` is short for `freeze: {train: head}`."""

    train: Literal["all", "head", "from", "gradual"] = "all"
    """Everything; the head alone (linear probe); layer groups from `first` on; or one more group at a time."""
    first: int = 0
    """from: number of the first layer group that learns; 0 is the stem, negative counts back from the head (-1)."""
    epochs: Annotated[int, Field(ge=0)] = 0
    """head, from: freeze for so many epochs, then train everything; 0: to the end."""
    gradual_epochs: Annotated[float, Field(gt=0)] | None = None
    """gradual: epochs between thawing one group and the next, from the head down; null: the stem at half-time."""
    frozen: tuple[str, ...] = ()
    """Parameters whose name matches one of these patterns (`*pos_embed*`) never learn."""
    trained: tuple[str, ...] = ()
    """Parameters whose name matches one of these patterns (`*.bias`) always learn; stronger than all the above."""
    batch_norm: Literal["follow", "frozen", "statistics", "train"] = "follow"
    """Batch norm: as its layer; wholly frozen everywhere; only its running statistics frozen; or always trained."""

    @model_validator(mode="before")
    @classmethod
    def _train_alone(cls, value: Any) -> Any:
        return {"train": value} if isinstance(value, str) else value
