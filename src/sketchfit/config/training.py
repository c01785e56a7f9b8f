"""`training:` epochs, batches and checkpoints; `compute:` device, precision and threads."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from sketchfit.config.kernel import KernelSection
from sketchfit.config.probe import ProbeSection
from sketchfit.config.section import Scope, Section

USUAL_BATCH = 32
"""Batch size where nothing else is set."""

MOST_AT_ONCE = 64
"""Networks that a run with a deadline trains at the same time."""


def _epoch_or_share(until: int | float) -> int | float:
    if isinstance(until, float) and not 0 < until <= 1:
        raise ValueError("a share of epochs is in (0, 1]; write an epoch's number without a point")
    if isinstance(until, int) and until < 1:
        raise ValueError("a stage ends after epoch 1 at the earliest")
    return until


Until = Annotated[int | float, AfterValidator(_epoch_or_share)]
"""End of a stage: number of an epoch (an integer), or a share of all epochs (a number with a point)."""


def stage_end(until: int | float, epochs: int) -> int:
    """First epoch after a stage, in a training of `epochs`."""
    return until if isinstance(until, int) else round(until * epochs)


class ResizeStage(Section):
    """A range of epochs with its own input size."""

    until: Until
    """Where the stage ends: an epoch's number (an integer, 10: epochs 0 to 9), or a share of all epochs (a number
    with a point, 0.5)."""
    size: int = Field(ge=16, le=2048)
    """Side of the input in pixels."""
    batch_size: Annotated[int, Field(ge=1)] | Literal["auto"] | None = None
    """Batch size; `auto`: as many pixels per batch as at the full size; null: `training.batch_size`."""
    lr_scale: float | None = Field(default=None, gt=0)
    """Factor of the schedule's learning rate in this stage; null: in proportion to the batch (arXiv 1706.02677)."""

    def end(self, epochs: int) -> int:
        """First epoch after the stage, in a training of `epochs`."""
        return stage_end(self.until, epochs)

    def batch(self, full_batch: int, full_size: int) -> int:
        """Batch size, where `full_batch` images have the side `full_size`."""
        if self.batch_size == "auto":
            return max(1, round(full_batch * (full_size / self.size) ** 2))
        return self.batch_size or full_batch


class TrainingSection(Section):
    """Epochs, batches, and which checkpoint is kept."""

    epochs: int = Field(default=10, ge=0)
    """Passes over the training rows; 0 with `kernel: replace`: only a head in closed form is fitted."""
    kernel: KernelSection = KernelSection()
    """A head in closed form on the features of the trained or the frozen backbone."""
    batch_size: Annotated[int, Field(ge=1)] | Literal["auto"] = USUAL_BATCH
    """Images per batch, over all processes together; a last incomplete batch of an epoch is left out. `auto`: in `run`
    and `fit` on CUDA the largest of 128, 64, 32, … per process that its memory holds, at least 2 where batch norms
    learn, written into the run's recipe; 32 elsewhere. The learning rate does not change with it."""
    accumulation: int = Field(default=1, ge=1)
    """Batches whose gradients are added up to one update."""
    clip_grad: float | None = Field(default=None, gt=0)
    """Largest norm of the gradient."""
    grad_checkpointing: bool = False
    """Compute activations a second time in the backward pass instead of keeping them: less memory, more time."""
    sampling: Literal["natural", "balanced", "weighted"] = "natural"
    """Rows of an epoch: each once; every class equally often; or classes by their count to the power
    `sampling_power`. A row that occurs several times is augmented differently each time."""
    sampling_power: float = Field(default=0.5, ge=0, le=1)
    """`weighted`: 1 is as the rows are, 0 is balanced, 0.5 the square root of the counts (arXiv 1805.00932)."""
    resize: tuple[ResizeStage, ...] = ()
    """Progressive resizing: input sizes by epoch. Afterwards, and always in the last epoch, `model.input_size`, at
    which the network is then used (arXiv 2104.00298, 1906.06423)."""
    probe: ProbeSection = ProbeSection()
    """Fit the head on the frozen backbone's features before fine-tuning (LP-FT)."""
    early_stopping: int = Field(default=0, ge=0)
    """Stop after this many validations in a row without improvement; 0: never. The validation rows decide it, which
    makes the figure on them too high, and the run reports that."""
    validate_every: int = Field(default=1, ge=0)
    """Epochs between validations, for the curve; 0: validate only at the end, with a kernel head by its pass."""
    checkpoint: Literal["last", "best"] = "last"
    """Which weights are used. `best` chooses the epoch on the validation rows: the figure on them is then too high, and
    the summary reports that."""
    on_nan: Annotated[Literal["stop", "rewind"], Scope(decides="nothing")] = "stop"
    """Where the loss or a weight is not finite: `stop` with advice; or `rewind`, which starts the epoch again with half
    the learning rate, up to three times in a training, and records it in the network's folder."""
    checkpoint_minutes: Annotated[float, Field(ge=0), Scope(decides="nothing")] = 5.0
    """Write a checkpoint after this many minutes within an epoch too, so that a long epoch can be resumed."""

    @model_validator(mode="after")
    def _something_is_fitted(self) -> TrainingSection:
        if self.epochs == 0 and self.kernel.use != "replace":
            raise ValueError("epochs is 0, so nothing is trained: set it to 1 or more, or kernel to replace")
        return self

    @model_validator(mode="after")
    def _stages_in_order(self) -> TrainingSection:
        ends = [stage.end(self.epochs) for stage in self.resize]
        if ends != sorted(set(ends)):
            raise ValueError(f"the ends of resize's stages must increase; in {self.epochs} epochs they are {ends}")
        return self

    @property
    def batch(self) -> int:
        """Images per batch; 32 where the largest possible batch is not known yet."""
        return USUAL_BATCH if self.batch_size == "auto" else self.batch_size

    @property
    def class_power(self) -> float:
        """Power of its count with which a class is sampled."""
        return {"natural": 1.0, "balanced": 0.0, "weighted": self.sampling_power}[self.sampling]

    def resize_stage(self, epoch: int) -> ResizeStage | None:
        """The stage of progressive resizing that contains `epoch` (from 0); None: the full size."""
        if epoch == self.epochs - 1:
            return None
        return next((stage for stage in self.resize if epoch < stage.end(self.epochs)), None)


def _known_workers(text: str) -> str:
    if text != "auto" and re.fullmatch(r"ray://[\w.:\[\]-]+", text) is None:
        raise ValueError("must be auto, or a cluster as ray://HOST, ray://HOST:PORT or ray://auto")
    return text


Workers = Annotated[str, AfterValidator(_known_workers)]
"""Workers as a text: as many as the machine has room for, or a Ray cluster."""


class ComputeSection(Section):
    """Device, precision and threads."""

    device: Annotated[Literal["auto", "cpu", "cuda", "mps"], Scope(owner="run")] = "auto"
    """Device; `auto`: a GPU where there is one."""
    precision: Annotated[Literal["fp32", "bf16", "fp16"], Scope(decides="training")] = "fp32"
    """Autocast precision in training and inference."""
    products: Annotated[Literal["auto", "fp32", "bf16"], Scope(decides="training")] = "auto"
    """Precision in which matrix products (linear layers, 1 × 1 convolutions, attention, products in the loss) round
    their inputs in the training steps of a CPU, where `precision` is fp32. Sums and everything else stay fp32. `auto`:
    bf16 in a run with a deadline where the CPU has instructions for it (AMX), else fp32. With
    `training.grad_checkpointing`, 1 × 1 convolutions stay fp32."""
    channels_last: Annotated[bool, Scope(decides="training")] = True
    """Memory format of convolutions: faster on CPUs and on tensor cores."""
    autotune: bool = False
    """In `run` and `fit`, measure at the start whether fp32 or bf16 and which memory format trains faster, and write
    the choice into the run's recipe: seconds, remembered for the machine and network. bf16 is chosen where it is 15 %
    faster. A `precision` or `channels_last` that a recipe names stays, and so does `precision` with `products=bf16`."""
    compile: bool = False
    """`torch.compile` the network."""
    cuda_graphs: Annotated[bool, Scope(decides="nothing")] = True
    """On a CUDA device, record the forward and backward passes of a training step once as a CUDA graph, which starts
    all kernels by one call: a small network on a fast GPU is limited by starting them. It needs the memory of the
    activations of one more batch. Not with fp16, SAM, `compile`, `training.grad_checkpointing` or several processes per
    network; without it where an operation cannot be recorded."""
    sync_batch_norm: Annotated[bool, Scope(owner="run")] = False
    """Where several processes train one network, compute the statistics of batch norm from all rows of a batch, as one
    process does; otherwise from the rows of each process, and the running statistics are averaged after each update.
    It takes three exchanges per batch norm and step. Not with `compile`."""
    keep_memory: Annotated[bool, Scope("run", "nothing")] = True
    """On CPUs under Linux, let the process keep freed memory for the next step, which can double the images per second;
    its memory then stays at the peak."""
    networks_at_once: Annotated[
        Annotated[int, Field(ge=1, le=MOST_AT_ONCE)] | Literal["auto"], Scope("run", "nothing")
    ] = "auto"
    """In a run with a deadline, networks that are trained at the same time, each in a separate process with its share
    of the threads; `auto`: on a CPU one per thread, up to four, as far as there is memory; with several GPUs of one
    kind one per GPU, and a larger number is lowered to that."""
    threads: Annotated[int, Field(ge=1, le=64), Scope(decides="nothing")] = 2
    """Threads that prepare batches; the content of a batch does not depend on it."""
    processes: Annotated[Annotated[int, Field(ge=0, le=64)] | Literal["auto"], Scope(decides="nothing")] = "auto"
    """Processes that prepare the augmented pictures of a training in place of threads; the content of a batch does not
    depend on it. `auto`: for a GPU, one per thread of torch, up to 16 and the number of cores; else 0, for threads."""
    workers: Annotated[Annotated[int, Field(ge=1, le=4096)] | Workers, Scope("run", "nothing")] = 1
    """In `run`, `ablate`, `scout` and `search`, networks that are trained at the same time, by Ray (`pip install
    'sketchfit[train,cluster]'`): a number; `auto`: one per GPU, or all cores without one; `ray://HEAD`: all that a
    cluster has. 1: one after the other. In a run with a deadline a number or `auto` sets `networks_at_once`, without
    Ray."""
