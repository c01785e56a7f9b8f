"""`training:` how long and on which rows; `compute:` on what."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from sketchfit.config.probe import ProbeSection
from sketchfit.config.section import Section

USUAL_BATCH = 32
"""Images a batch where nothing else is said."""


class ResizeStage(Section):
    """One stretch of epochs at an input size of its own."""

    until: int | float
    """Where the stage ends: an epoch's number (an integer, 10: epochs 0 to 9), or a share of all epochs (a number
    with a point, 0.5)."""
    size: int = Field(ge=16, le=2048)
    """Side of the input in pixels."""
    batch_size: int | Literal["auto"] | None = None
    """Images a batch; `auto`: as many pixels a batch as at the full size; null: `training.batch_size`."""
    lr_scale: float | None = Field(default=None, gt=0)
    """The learning rate in this stage is the schedule's times this; null: in proportion to the batch (1706.02677)."""

    @field_validator("until")
    @classmethod
    def _in_range(cls, until: int | float) -> int | float:
        if isinstance(until, float) and not 0 < until <= 1:
            raise ValueError("a share of epochs lies in (0, 1]; write an epoch's number without a point")
        if isinstance(until, int) and until < 1:
            raise ValueError("a stage ends after epoch 1 at the earliest")
        return until

    @field_validator("batch_size")
    @classmethod
    def _an_image_at_least(cls, batch_size: int | Literal["auto"] | None) -> int | Literal["auto"] | None:
        if isinstance(batch_size, int) and batch_size < 1:
            raise ValueError("a batch has one image at least")
        return batch_size

    def end(self, epochs: int) -> int:
        """First epoch after the stage, in a training of `epochs`."""
        return self.until if isinstance(self.until, int) else round(self.until * epochs)

    def batch(self, full_batch: int, full_size: int) -> int:
        """Images a batch, where `full_batch` of them have the side `full_size`."""
        if self.batch_size == "auto":
            return max(1, round(full_batch * (full_size / self.size) ** 2))
        return self.batch_size or full_batch


class TrainingSection(Section):
    """How long, in what batches, and which checkpoint is kept."""

    epochs: int = Field(default=10, ge=1)
    """Passes over the training rows."""
    batch_size: Annotated[int, Field(ge=1)] | Literal["auto"] = USUAL_BATCH
    """Images a batch, over all processes together; a last incomplete batch of an epoch is left out. `auto`: in `run`
    and `fit` on CUDA the largest of 128, 64, 32, … a process that its memory holds, written into the run's recipe; 32
    elsewhere. The learning rate stays as it is set."""
    accumulation: int = Field(default=1, ge=1)
    """Batches whose gradients are added up to one update."""
    clip_grad: float | None = Field(default=None, gt=0)
    """Largest norm of the gradient."""
    grad_checkpointing: bool = False
    """Compute activations a second time in the backward pass instead of keeping them: less memory, more time."""
    sampling: Literal["natural", "balanced", "weighted"] = "natural"
    """Rows of an epoch: each once; every class as often; or classes by their count to the power `sampling_power`."""
    sampling_power: float = Field(default=0.5, ge=0, le=1)
    """`weighted`: 1 is as the rows are, 0 is balanced, 0.5 the square root of the counts (arXiv 1805.00932)."""
    resize: tuple[ResizeStage, ...] = ()
    """Progressive resizing: input sizes by epoch. Afterwards, and always in the last epoch, `model.input_size`, at
    which the network is then used (arXiv 2104.00298, 1906.06423)."""
    probe: ProbeSection = ProbeSection()
    """Fit the head on the frozen backbone's features before anything is fine-tuned (LP-FT)."""
    early_stopping: int = Field(default=0, ge=0)
    """Stop after that many validations in a row without improvement; 0: never. It looks at the validation rows, which
    flatters the figure reported on them, and the run says so."""
    validate_every: int = Field(default=1, ge=0)
    """Validate each that many epochs, for the curve; 0: only at the end."""
    checkpoint: Literal["last", "best"] = "last"
    """Which weights are reported. `best` picks the epoch on the rows that are then reported: that flatters the
    figure, and the summary says so."""
    checkpoint_minutes: float = Field(default=5.0, ge=0)
    """Write `last.ckpt` after that many minutes within an epoch too, so that a long epoch can be resumed."""

    @model_validator(mode="after")
    def _stages_in_order(self) -> TrainingSection:
        ends = [stage.end(self.epochs) for stage in self.resize]
        if ends != sorted(set(ends)):
            raise ValueError(f"the ends of resize's stages must increase; in {self.epochs} epochs they are {ends}")
        return self

    @property
    def batch(self) -> int:
        """Images a batch; 32 where nobody has found the largest yet."""
        return USUAL_BATCH if self.batch_size == "auto" else self.batch_size

    @property
    def class_power(self) -> float:
        """Power of its count with which a class is sampled."""
        return {"natural": 1.0, "balanced": 0.0, "weighted": self.sampling_power}[self.sampling]

    def resize_stage(self, epoch: int) -> ResizeStage | None:
        """The stage of progressive resizing that `epoch` (from 0) lies in; None: the full size."""
        if epoch == self.epochs - 1:
            return None
        return next((stage for stage in self.resize if epoch < stage.end(self.epochs)), None)


class ComputeSection(Section):
    """On what the run computes."""

    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Device; `auto` takes a GPU where there is one."""
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    """Autocast precision in training and inference."""
    channels_last: bool = True
    """Memory format of convolutions: faster on CPUs and on tensor cores."""
    autotune: bool = False
    """In `run` and `fit`, measure at the start whether fp32 or bf16 and which memory format trains faster, and write
    the choice into the run's recipe: seconds, remembered for the machine and network. bf16 is taken where it is 15 %
    faster. A `precision` or `channels_last` that a recipe names stays."""
    compile: bool = False
    """`torch.compile` the network."""
    keep_memory: bool = True
    """On CPUs under Linux, let the process keep freed memory for the next step, which can double the images a second;
    it then stays as large as it once was."""
    threads: int = Field(default=2, ge=1, le=64)
    """Threads that prepare batches; what a batch looks like does not depend on it."""
