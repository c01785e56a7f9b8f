"""fastai's `Learner` on its own batches: squished pictures, `aug_transforms`, channels_last."""

from __future__ import annotations

import time
from typing import Any

import torch

from benchmarks.case import Case
from benchmarks.measure import NotHere
from benchmarks.peers import timm_model


def rate(case: Case) -> dict[str, float]:
    """Images per second of an epoch by its `Learner`."""
    from sketchfit._timm import torchvision  # before fastai, which imports it too

    assert torchvision.__version__
    try:
        from fastai.callback.channelslast import ChannelsLast
        from fastai.losses import LabelSmoothingCrossEntropyFlat
        from fastai.vision import augment
        from fastai.vision.data import ImageDataLoaders, Normalize
        from fastai.vision.learner import Learner
    except ImportError as error:
        raise NotHere(f"not installed ({error})") from error
    table = case.table()
    rows = case.rows(table, case.trained)
    paths = [table.root / table.train.paths[row] for row in rows]
    labels = {str(path): int(table.label[row]) for path, row in zip(paths, rows, strict=True)}
    made = timm_model.create(case.backbone, case.weights, table.class_count)
    loaders: Any = ImageDataLoaders.from_path_func(
        table.root,
        paths,
        lambda path: labels[str(path)],
        valid_pct=0.0,
        bs=case.batch,
        num_workers=case.threads,
        device=torch.device("cpu"),
        item_tfms=augment.Resize(case.size, augment.ResizeMethod.Squish),
        batch_tfms=[*augment.aug_transforms(max_rotate=10, max_warp=0.1), Normalize.from_stats(made.mean, made.std)],
    )
    model = made.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    learner = Learner(loaders, model, loss_func=LabelSmoothingCrossEntropyFlat(), cbs=[ChannelsLast()])
    began = time.perf_counter()
    with learner.no_bar(), learner.no_logging():
        learner.fit(1, 1e-3)
    return {"value": len(loaders.train) * case.batch / (time.perf_counter() - began)}
