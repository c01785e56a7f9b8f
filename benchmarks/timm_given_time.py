"""Accuracy of timm after a given time, on the stand-in test set of `benchmarks.anytime`.

    python -m benchmarks.timm_given_time DATA --work FOLDER --time 2h --weights FILE [--backbone NAME] [--share 0.15]

One network is trained as `train.py` of timm trains it: AdamW with a learning rate of 1e-3, a cosine schedule with one
epoch of warm-up, smoothing 0.1, channels_last, and RandAugment and mixup, unless `--plain` is given. A user has to
choose the number of epochs: here the time of the first updates is measured, and the longest training that fits in 97 %
of the time is taken. All training rows are trained on. Printed: the epochs, the time from the creation of the network
to the last prediction (imports are left out), and top-1 with its 95 % interval.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.anytime import Figure, prepare, text
from benchmarks.case import Case
from benchmarks.machine import describe
from benchmarks.peers import timm_model
from benchmarks.peers.timm_loader import plain_loader, training_loader
from benchmarks.peers.timm_loop import cosine_schedule, optimizer_of
from benchmarks.stand_in import labels_of
from sketchfit._timm import timm
from sketchfit.planning.times import parse_duration
from sketchfit.runs.proportions import accuracy

MIXUP = 0.2
"""Both parameters of the beta distribution of mixup's weights, as in many of timm's recipes."""

SMOOTHING = 0.1

MEASURED = 20
"""Updates whose time is measured, after as many that are not."""

USED = 0.97
"""Part of the time in which the training and the predictions should end."""


@dataclass(frozen=True)
class Split:
    """Images and labels.

    Attributes:
        train: their paths, and `label` [N] their classes.
        test: their paths, and `truth` [M] their classes.
    """

    train: Sequence[Path]
    label: Sequence[int]
    test: Sequence[Path]
    truth: Sequence[int]


@dataclass(frozen=True)
class Result:
    """What is stored.

    Attributes:
        time: that was given, in seconds.
        seconds: from the start to the last prediction.
        epochs: of the training.
        rate: images per second of the training, with all that an epoch takes.
        truth: top-1 with its 95 % interval, 0 … 1.
    """

    time: float
    seconds: float
    epochs: int
    rate: float
    truth: Figure


class Training:
    """A network, its batches, and its loss."""

    def __init__(self, case: Case, split: Split, plain: bool) -> None:
        classes = max(split.label) + 1
        made = timm_model.create(case.backbone, case.weights, classes)
        self.case, self.mean, self.std = case, made.mean, made.std
        self.model: nn.Module = made.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        level = "default" if plain else "randaugment"
        self.batches: Any = training_loader(case, split.train, split.label, level, made.mean, made.std)
        self.mix = None if plain else timm.data.Mixup(mixup_alpha=MIXUP, label_smoothing=SMOOTHING, num_classes=classes)
        self.loss: nn.Module = (
            nn.CrossEntropyLoss(label_smoothing=SMOOTHING) if plain else timm.loss.SoftTargetCrossEntropy()
        )
        self.optimizer = optimizer_of(self.model)

    def update(self, images: torch.Tensor, label: torch.Tensor) -> None:
        """Train on one batch."""
        if self.mix:
            images, label = self.mix(images, label)
        images = images.contiguous(memory_format=torch.channels_last)
        self.optimizer.zero_grad()
        self.loss(self.model(images), label).backward()
        self.optimizer.step()

    def epoch_seconds(self) -> float:
        """Return the time of an epoch, from its first updates; they are made with a learning rate of 0."""
        rates = [group["lr"] for group in self.optimizer.param_groups]
        for group in self.optimizer.param_groups:
            group["lr"] = 0.0
        self.model.train()
        began = 0.0
        batches = itertools.chain.from_iterable(itertools.repeat(self.batches))  # an epoch may have fewer
        for number, batch in enumerate(itertools.islice(batches, 2 * MEASURED)):
            if number == MEASURED:
                began = time.perf_counter()
            self.update(*batch)
        took = time.perf_counter() - began
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate
        self.optimizer.state.clear()
        return took / MEASURED * len(self.batches)

    def train(self, epochs: int) -> None:
        """Train for so many epochs with a cosine schedule."""
        schedule = cosine_schedule(self.optimizer, epochs, len(self.batches))
        done = 0
        self.model.train()
        for epoch in range(epochs):
            began = time.perf_counter()
            for images, label in self.batches:
                schedule.step_update(done)
                self.update(images, label)
                done += 1
            print(f"epoch {epoch + 1}/{epochs}: {time.perf_counter() - began:.0f} s", flush=True)

    def predict(self, paths: Sequence[Path]) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return the classes [M] of images."""
        self.model.eval()
        batches: Iterable[Any] = plain_loader(self.case, paths, self.mean, self.std, 64)
        with torch.inference_mode():
            found = [self.model(images).argmax(dim=1).numpy() for images, _ in batches]
        return np.concatenate(found)


def read_split(data: Path) -> Split:
    """Read the data set that `benchmarks.stand_in.write_split` wrote, with its true labels."""
    train = _rows(data / "train.csv")
    test = _rows(labels_of(data))
    return Split(
        [data / "train" / row["image_path"] for row in train],
        [int(row["target"]) for row in train],
        [data / "test" / row["image_path"] for row in test],
        [int(row["target"]) for row in test],
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def measure(case: Case, split: Split, given: float, plain: bool) -> Result:
    """Train for a given time in seconds, and predict the test images."""
    began = time.perf_counter()
    torch.manual_seed(0)
    torch.set_num_threads(case.threads)
    training = Training(case, split, plain)
    epoch = training.epoch_seconds()
    left = USED * given - (time.perf_counter() - began)
    epochs = max(1, int(left / epoch))
    print(f"{epoch:.1f} s per epoch: {epochs} epochs in {given:g} s", flush=True)
    before = time.perf_counter()
    training.train(epochs)
    rate = epochs * len(training.batches) * case.batch / (time.perf_counter() - before)
    right = training.predict(split.test) == np.asarray(split.truth)
    top1 = accuracy(right)
    return Result(given, time.perf_counter() - began, epochs, rate, (top1.value, top1.low, top1.high))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True, help="as of benchmarks.anytime, for the same test set")
    parser.add_argument("--time", default="18m")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--backbone", default="mobilenetv2_100")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--plain", action="store_true", help="no RandAugment and no mixup")
    parser.add_argument("--share", type=float, default=0.15, help="of the rows of each class that are held out")
    parser.add_argument("--seed", type=int, default=0, help="of the held-out rows")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    data = prepare(given.data, given.work, given.share, given.seed)
    print(describe(), flush=True)
    given.data, given.device = data, "cpu"
    case = Case.of(given, given.work)
    found = measure(case, read_split(data), parse_duration(given.time), given.plain)
    name = f"timm-{given.backbone}-{given.size}-{'plain' if given.plain else 'mixup'}-{given.time}.json"
    (given.work / name).write_text(json.dumps(asdict(found), indent=1), encoding="utf-8")
    print(f"{found.epochs} epochs, {found.rate:.0f} images/s, {found.seconds:.0f} s; top-1 {text(found.truth)} %")


if __name__ == "__main__":
    main()
