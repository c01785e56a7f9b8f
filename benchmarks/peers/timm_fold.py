"""A fold as a user's own script would do it with timm: train, predict the fold's rows, save their probabilities.

    python -m benchmarks.peers.timm_fold CASE.json ROWS.npz OUT.npz

ROWS holds `path`, `label`, `train` and `valid`. Optimizer, schedule, smoothing, epochs and batch are those of
sketchfit's `cpu` recipe; loader and augmentation are timm's defaults, with crops from half of the picture on.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

from benchmarks.case import Case
from benchmarks.peers import timm_model
from benchmarks.peers.timm_loader import plain_loader, training_loader
from benchmarks.peers.timm_loop import cosine_schedule, optimizer_of, train_epoch


def main() -> None:
    case_file, rows_file, out = map(Path, sys.argv[1:])
    case = Case.from_json(case_file.read_text())
    with np.load(rows_file) as file:
        paths, label, train, valid = (file[name] for name in ("path", "label", "train", "valid"))
    torch.manual_seed(0)
    made = timm_model.create(case.backbone, case.weights, int(label.max()) + 1)
    chosen = [Path(paths[row]) for row in train]
    batches = training_loader(case, chosen, label[train].tolist(), "default", made.mean, made.std)
    model = made.model.train()
    optimizer = optimizer_of(model)
    schedule = cosine_schedule(optimizer, case.epochs, len(batches))
    done = 0

    def next_rate() -> None:
        nonlocal done
        schedule.step_update(done)
        done += 1

    for _ in range(case.epochs):
        train_epoch(model, optimizer, batches, channels_last=False, before_step=next_rate)
    model.eval()
    found = []
    with torch.inference_mode():
        for images, _ in plain_loader(case, [Path(paths[row]) for row in valid], made.mean, made.std, 64):
            found.append(model(images).softmax(dim=1).numpy())
    np.savez(out, row=valid, prob=np.concatenate(found))


if __name__ == "__main__":
    main()
