"""The recipe's `model.freeze` section: which weights are not trained, and until when."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from sketchfit.config.section import CheckedBy, Distinct, Section


class FreezingSection(Section):
    """Which weights stay as they were pretrained. `freeze: head` is short for `freeze: {train: head}`."""

    train: Literal["all", "head", "from", "gradual"] = "all"
    """`all` weights; the `head` alone (linear probe); layer groups `from` `first` on; or one more group at a time
    (`gradual`)."""
    first: int = 0
    """`from`: number of the first layer group that is trained; 0 is the stem, negative counts back from the head
    (-1)."""
    epochs: Annotated[int, Field(ge=0)] = 0
    """`head`, `from`: freeze for this many epochs, then train everything; 0: to the end."""
    gradual_epochs: Annotated[float, Field(gt=0)] | None = None
    """`gradual`: epochs after which the next group is trained too, from the head to the stem; null: the stem at half
    the training."""
    copies: Annotated[int, Field(ge=0)] = 0
    """`head`, `from`: the output of the frozen layers is computed once for so many augmented copies of each image,
    stored in `data.cache` and shared by folds; the epochs train on them in turn, and each stage of
    `transforms.curriculum` has separate copies. As many as epochs: the same training as with 0, which computes the
    frozen layers in each epoch; but a row that `training.sampling` repeats within an epoch has one picture there. The
    pass of a kernel head after training (`training.kernel`) shares one more copy, of the pictures without
    augmentation."""
    frozen: Annotated[tuple[str, ...], Distinct, CheckedBy("trial")] = ()
    """Parameters whose name matches one of these patterns (`*pos_embed*`) are never trained."""
    trained: Annotated[tuple[str, ...], Distinct, CheckedBy("trial")] = ()
    """Parameters whose name matches one of these patterns (`*.bias`) are always trained, whatever is set above."""
    depthwise: Literal["follow", "frozen"] = "follow"
    """Kernels of depthwise convolutions larger than 3 × 3: `follow` their layer, or never trained (`frozen`). They are
    few weights, and their gradient takes much of the time of a training step on a CPU."""
    batch_norm: Literal["follow", "frozen", "statistics", "train"] = "follow"
    """Batch norm: `follow` its layer; completely `frozen` everywhere; only its running `statistics` frozen; or always
    `train`."""

    @model_validator(mode="before")
    @classmethod
    def _train_alone(cls, value: Any) -> Any:
        return {"train": value} if isinstance(value, str) else value
