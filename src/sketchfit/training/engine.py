"""Devices, precision and processes. Only this file knows which process is the main one."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, PartialState
from accelerate.utils import broadcast, parse_flag_from_env
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from sketchfit.allocator import keep_freed_memory
from sketchfit.config.tracking import TrackingSection
from sketchfit.config.training import ComputeSection
from sketchfit.errors import UserError
from sketchfit.models.compute import check_device, no_fp16
from sketchfit.models.device import widest_float
from sketchfit.runs.launchers import process_count, started_in_vain
from sketchfit.tracking.console import Console
from sketchfit.training.exchange import average, gathered_rows, running_statistics
from sketchfit.training.join import join_processes, lost_process_named

MIXED = {"fp32": "no", "bf16": "no", "fp16": "fp16"}
"""Precision for accelerate, which scales the gradients of fp16. The training step sets autocast itself: members of one
run may differ between fp32 and bf16."""


class Engine:
    """The device and the processes of a run: a thin wrapper of accelerate's `Accelerator`.

    Attributes:
        is_main: whether this is the main process, the only one that writes files and prints.
        device: of this process.
        processes: number of processes.
        rank: number of this process, from 0.
    """

    def __init__(self, accelerator: Accelerator) -> None:
        self._accelerator = accelerator
        self.is_main: bool = accelerator.is_main_process
        self.device: torch.device = accelerator.device
        self.processes: int = accelerator.num_processes
        self.rank: int = accelerator.process_index
        self._others_wait = False

    def console(self, section: TrackingSection) -> Console:
        """Return the console of the recipe; it is silent in all processes but the main one."""
        return Console(section.progress if self.is_main else "none")

    def wait(self) -> None:
        """Wait until all processes are here.

        Raises:
            LostRankError: one was lost, here and in every method in which processes exchange something.
        """
        with self._together():
            self._accelerator.wait_for_everyone()

    @contextmanager
    def _together(self) -> Iterator[None]:
        """Run a block that all processes run, and in which they exchange something.

        Raises:
            RuntimeError: the others wait for the main process, so they would never run it.
        """
        if self._others_wait and self.processes > 1:
            raise RuntimeError("processes exchange nothing while the main process works alone")
        with lost_process_named():
            yield

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Run a block for which the other processes wait."""
        self._others_wait = True
        try:
            yield
        finally:
            self._others_wait = False

    def on_main(self, write: Callable[[], object]) -> None:
        """Call `write` in the main process, and wait for it in all processes."""
        if self.is_main:
            with self._alone():
                write()
        self.wait()

    @contextmanager
    def main_first(self) -> Iterator[bool]:
        """Run the block in the main process first, then in the others; yields `is_main`.

        Raises:
            UserError: in the other processes, where the block failed in the main process.
        """
        if self.processes == 1:
            yield self.is_main
            return
        if not self.is_main:
            if self.from_main(0.0):
                raise UserError("the main process stopped after an error, which it prints")
            yield False
            return
        try:
            with self._alone():
                yield True
        except Exception:
            self.from_main(1.0)  # otherwise the others would wait for ever
            raise
        self.from_main(0.0)

    def from_main(self, value: float) -> float:
        """Return the main process's value in all processes, which may have different clocks and statistics."""
        if self.processes == 1:
            return value
        mine = torch.tensor([value], dtype=widest_float(self.device), device=self.device)
        with self._together():
            return float(broadcast(mine, from_process=0).item())

    def sum(self, figures: Iterable[float]) -> list[float]:
        """Return the sums of figures over all processes."""
        if self.processes == 1:
            return list(figures)
        mine = torch.tensor(list(figures), dtype=widest_float(self.device), device=self.device)
        with self._together():
            total: list[float] = self._accelerator.reduce(mine, reduction="sum").tolist()
        return total

    def rows_of_all(self, mine: Tensor, counts: Sequence[int]) -> list[Tensor]:
        """Return the rows of all processes in the order of their ranks; this process's own keep their gradients.

        Args:
            mine: rows of this process, [n, …]; rows after those that count are left out.
            counts: number of rows of each process.
        """
        mine = mine[: counts[self.rank]]
        if self.processes == 1:
            return [mine]
        with self._together():
            found = gathered_rows(mine, counts)
        found[self.rank] = mine
        return found

    def average_statistics(self, model: nn.Module, share: float) -> None:
        """Replace running statistics of layers in train mode by their mean over all processes: each saw other rows.

        Args:
            model: unwrapped.
            share: weight of this process; those of all processes sum to 1.
        """
        if self.processes > 1:
            with self._together():
                average(running_statistics(model), share)

    def share_of_sum(self, total: list[float]) -> list[float]:
        """Return this process's part of figures that `sum` gave: the main process keeps them, the others have zeros."""
        return total if self.is_main else [0.0] * len(total)

    def free_memory(self) -> None:
        """Release the memory of models and optimizers that are not used any more."""
        self._accelerator.free_memory()

    def start_again(self) -> None:
        """Release the memory of an earlier training, and forget the scale of its gradients: it decides no other."""
        self.free_memory()
        if self.scaler is not None:
            self.scaler.load_state_dict(torch.amp.GradScaler(self.device.type).state_dict())

    def prepare_model(self, model: nn.Module) -> nn.Module:
        """Return the model spread over the processes; the model itself where there is one process.

        Call it again when other parameters are trained.
        """
        if self.processes == 1:
            return model
        with self._together():
            wrapped: nn.Module = self._accelerator.prepare_model(model)
        if isinstance(wrapped, DistributedDataParallel):
            wrapped.broadcast_buffers = False  # statistics are averaged, not replaced by those of the main process
        return wrapped

    def prepare_optimizer(self, optimizer: torch.optim.Optimizer) -> Any:
        """Return the optimizer with the gradient scaling that the precision needs."""
        return self._accelerator.prepare_optimizer(optimizer)

    def backward(self, loss: Tensor) -> None:
        """Compute gradients."""
        self._accelerator.backward(loss)

    def accumulating(self, model: nn.Module) -> AbstractContextManager[Any]:
        """Return a context in which gradients are not exchanged between processes."""
        context: AbstractContextManager[Any] = self._accelerator.no_sync(model)
        return context

    def clip_gradients(self, parameters: Iterable[nn.Parameter], norm: float) -> None:
        """Scale gradients down to this norm where theirs is larger."""
        self._accelerator.clip_grad_norm_(parameters, norm)

    @property
    def scaler(self) -> Any:
        """The gradient scaler of fp16; None for other precisions."""
        return self._accelerator.scaler


def _accelerator(cpu: bool, mixed_precision: str) -> Accelerator:
    """Return an accelerator; one of another device or precision, of an earlier run in this process, is replaced.

    accelerate keeps one state per process, and refuses another precision. Only a process that is alone can replace it.
    """
    partial, state = PartialState._shared_state, AcceleratorState._shared_state
    other = any(one.get("_cpu", cpu) != cpu for one in (partial, state))
    other = other or (bool(state) and state.get("_mixed_precision") != mixed_precision)  # none after a failed start
    if other and PartialState().num_processes == 1:
        AcceleratorState._reset_state(reset_partial_state=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "OMP_NUM_THREADS")  # of several processes, each gets its share of the cores
        return Accelerator(cpu=cpu, mixed_precision=mixed_precision)


def make_engine(section: ComputeSection) -> Engine:
    """Set up the device, precision and processes (`torchrun` and `accelerate launch` start several).

    Raises:
        UserError: a device that this machine does not have, or fp16 on a CPU; several processes that do not find each
            other, or that would each train alone.
    """
    check_device(section)
    started, on_cpu = process_count(os.environ), section.device == "cpu"
    if started > 1:
        on_cpu = on_cpu or parse_flag_from_env("ACCELERATE_USE_CPU")
        on_cpu = on_cpu or (section.device == "auto" and not torch.accelerator.is_available())
        _join(on_cpu)
    engine = Engine(_accelerator(on_cpu, MIXED[section.precision]))
    if engine.processes == 1 and started > 1:
        raise started_in_vain(os.environ, f"{started} processes were started, and {engine.device.type} trains in one")
    if section.precision == "fp16" and engine.device.type == "cpu":
        raise no_fp16()
    if section.keep_memory and engine.device.type == "cpu":
        keep_freed_memory()
    return engine


def _join(on_cpu: bool) -> None:
    """Connect the processes of a launcher; those of other devices are connected by accelerate.

    Raises:
        UserError: they do not find each other, or there are more processes than GPUs.
    """
    if on_cpu:
        join_processes("gloo")
    elif torch.cuda.is_available():
        local, gpus = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
        if local >= gpus:
            raise UserError(
                f"process {local + 1} of this machine has no GPU: there {'is' if gpus == 1 else 'are'} {gpus}",
                "Start as many processes per machine as it has GPUs, or set compute.device=cpu.",
            )
        join_processes("nccl")
