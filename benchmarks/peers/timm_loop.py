"""timm's loader and training step: what its `train.py` does between its lines of bookkeeping."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from benchmarks.case import Case
from benchmarks.clock import Waiting
from benchmarks.peers import timm_model
from benchmarks.peers.timm_loader import training_loader
from sketchfit._timm import timm


def rate(case: Case, channels_last: bool, keep_memory: bool = False) -> dict[str, float]:
    """Images per second of an epoch, and the share of time spent waiting for batches."""
    if keep_memory:
        from sketchfit.allocator import keep_freed_memory

        keep_freed_memory()
    table = case.table()
    rows = case.rows(table, case.trained)
    made = timm_model.create(case.backbone, case.weights, table.class_count)
    paths = [table.root / table.train.paths[row] for row in rows]
    batches = training_loader(case, paths, table.label[rows].tolist(), "default", made.mean, made.std)
    model = made.model.train().to(case.device)
    if channels_last:
        model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    waiting = Waiting()
    began = time.perf_counter()
    with torch.autocast(case.device, dtype=torch.bfloat16, enabled=case.precision == "bf16"):
        seen = train_epoch(model, optimizer_of(model), waiting.over(batches), channels_last)
    synchronize(case)
    took = time.perf_counter() - began
    return {"value": seen / took, "waiting": 100 * waiting.seconds / took}


def synchronize(case: Case) -> None:
    """Wait for what a GPU has been given to do."""
    if case.device == "cuda":
        torch.cuda.synchronize()


def optimizer_of(model: nn.Module) -> Any:
    """AdamW as in the `cpu` recipe."""
    return timm.optim.create_optimizer_v2(model, opt="adamw", lr=1e-3, weight_decay=0.05)


def cosine_schedule(optimizer: Any, epochs: int, updates: int) -> Any:
    """A cosine schedule with an epoch of warm-up; call its `step_update` with the number of updates that are done."""
    schedule, _ = timm.scheduler.create_scheduler_v2(
        optimizer,
        sched="cosine",
        num_epochs=epochs,
        warmup_epochs=1,
        warmup_lr=1e-5,
        step_on_epochs=False,
        updates_per_epoch=updates,
    )
    return schedule


def train_epoch(
    model: nn.Module,
    optimizer: Any,
    batches: Iterable[Any],
    channels_last: bool,
    before_step: Callable[[], None] = lambda: None,
) -> int:
    """One pass; images seen."""
    criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
    device = next(model.parameters()).device
    seen = 0
    for images, label in batches:
        images, label = images.to(device, non_blocking=True), label.to(device, non_blocking=True)
        if channels_last:
            images = images.contiguous(memory_format=torch.channels_last)
        optimizer.zero_grad()
        criterion(model(images), label).backward()
        before_step()
        optimizer.step()
        seen += len(label)
    return seen
