"""`training:` how long and on which rows; `compute:` on what."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sketchfit.config.section import Section


class TrainingSection(Section):
    """How long, in what batches, and which checkpoint is kept."""

    epochs: int = Field(default=10, ge=1)
    """Passes over the training rows."""
    batch_size: int = Field(default=32, ge=1)
    """Images a batch, over all processes together; a last incomplete batch of an epoch is left out."""
    accumulation: int = Field(default=1, ge=1)
    """Batches whose gradients are added up to one update."""
    clip_grad: float | None = Field(default=None, gt=0)
    """Largest norm of the gradient."""
    validate_every: int = Field(default=1, ge=0)
    """Validate each that many epochs, for the curve; 0: only at the end."""
    checkpoint: Literal["last", "best"] = "last"
    """Which weights are reported. `best` picks the epoch on the rows that are then reported: that flatters the
    figure, and the summary says so."""
    checkpoint_minutes: float = Field(default=5.0, ge=0)
    """Write `last.ckpt` after that many minutes within an epoch too, so that a long epoch can be resumed."""


class ComputeSection(Section):
    """On what the run computes."""

    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Device; `auto` takes a GPU where there is one."""
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    """Autocast precision in training and inference."""
    channels_last: bool = True
    """Memory format of convolutions: faster on CPUs and on tensor cores."""
    compile: bool = False
    """`torch.compile` the network."""
    threads: int = Field(default=2, ge=1, le=64)
    """Threads that prepare batches; what a batch looks like does not depend on it."""
