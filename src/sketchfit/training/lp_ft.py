"""The first half of LP-FT: fits the new head on features of the frozen backbone.

The batch norm statistics of the pretrained network are those of photographs, and fine-tuning changes them to those of
drawings. A head fitted on features with the former would be useless after the first update. So where the statistics
will change, they are computed from the drawings first ("Revisiting Batch Normalization For Practical Domain
Adaptation", Li et al., arXiv 1603.04779).

Paper: "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution", Kumar et al., arXiv
2202.10054.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sketchfit.data.batches import epoch_order, split_batches
from sketchfit.errors import UserError
from sketchfit.models.batch_norm import learning_batch_norms, refresh_batch_norm
from sketchfit.models.classifier import classifier_names, classify, features_of
from sketchfit.models.compute import autocast
from sketchfit.models.freezing import apply_freezing
from sketchfit.models.network import Normalisation, to_input
from sketchfit.models.split import SplitModel
from sketchfit.training.frozen_maps import MapCopy, find_maps, may_use_maps
from sketchfit.training.job import FitJob
from sketchfit.training.loss import Loss
from sketchfit.training.pictures import entire
from sketchfit.training.plan import make_plan
from sketchfit.training.probe import fit_head

MOST_ROWS = 20_000
"""Training rows that the probe uses, sampled where there are more. Its memory and time must not grow with them, and a
linear head gains nothing from more."""


def probe_first(job: FitJob, model: nn.Module, normalisation: Normalisation, device: torch.device) -> float:
    """Fit only the head, in place, on the training rows without augmentation.

    The loss is that of the recipe, without the terms that need a teacher, a second pass or changing features.

    Args:
        model: with a pretrained backbone and a new head, on `device`; left in train mode.

    Returns:
        Accuracy on the rows on which it was fitted: the training rows, at most 20,000 of them.

    Raises:
        UserError: the backbone does not have exactly one classifier, or its features are not finite.
    """
    recipe = job.recipe
    names = classifier_names(model)
    if len(names) != 1:
        raise UserError(
            f"training.probe: {recipe.model.backbone} has {len(names)} classifiers, and the probe fits one",
            "Leave training.probe out, or choose another backbone.",
        )
    rows = probe_rows(job)
    if not recipe.model.lora.rank:
        apply_freezing(model, recipe.model.freeze, 0, recipe.training.epochs)
    inputs = _entire_maps(job, model, normalisation, device) or EntirePictures(job, model, normalisation, device)
    if not recipe.model.lora.rank:
        _adapt_batch_norm(job, model, inputs, device)
    features = _features(job, rows, model, inputs, device)
    label = torch.from_numpy(job.label[rows]).to(device)
    target = nn.functional.one_hot(label, job.class_count).to(torch.float32)
    counts = np.bincount(job.label[job.train_rows], minlength=job.class_count)
    plain = recipe.loss.model_copy(update={"distill": 0.0, "supcon": 0.0, "r_drop": 0.0})
    loss = Loss(plain, counts, recipe.model.head.logit_scale).to(device)
    head = model.get_submodule(names[0])
    try:
        fit_head(head, features, target, loss, recipe.training.probe)
    except ValueError as error:
        raise UserError(f"training.probe: {error}", "Set compute.precision=fp32, or check the weights.") from error
    with torch.no_grad():
        right = (classify(head.eval(), features).argmax(dim=1) == label).float().mean()
    model.train()
    return float(right)


def probe_rows(job: FitJob) -> NDArray[np.int64]:
    """Return all training rows in their order; if they are more than 20,000, a random sample of 20,000."""
    if len(job.train_rows) <= MOST_ROWS:
        return job.train_rows
    return epoch_order(job.train_rows, job.seed, 0)[:MOST_ROWS]


def _adapt_batch_norm(job: FitJob, model: nn.Module, inputs: EntirePictures | EntireMaps, device: torch.device) -> None:
    """Compute batch norm statistics from the training rows, where the first epoch would change them."""
    names = learning_batch_norms(model)
    if names:
        order = epoch_order(job.train_rows, job.seed, 0)[:MOST_ROWS]  # the rows of a table are often sorted by class
        batches = split_batches(order, min(job.recipe.training.batch, len(order)))
        with closing(inputs.of(batches)) as passes:
            context = autocast(device, job.recipe.compute.precision)
            refresh_batch_norm(model, names, passes, context, inputs.logits)


def backbone_features(
    job: FitJob, rows: NDArray[np.int64], model: nn.Module, normalisation: Normalisation, device: torch.device
) -> Tensor:
    """Return the features before the classifier of rows of the store: float32 [n, D], on `device`; the model is left in
    eval mode."""
    return _features(job, rows, model, EntirePictures(job, model, normalisation, device), device)


def _features(
    job: FitJob, rows: NDArray[np.int64], model: nn.Module, inputs: EntirePictures | EntireMaps, device: torch.device
) -> Tensor:
    step = job.recipe.inference.batch_size
    model.eval()
    batches = [rows[start : start + step] for start in range(0, len(rows), step)]
    with torch.no_grad(), autocast(device, job.recipe.compute.precision), closing(inputs.of(batches)) as passes:
        return torch.cat([inputs.features(images).float() for images in passes])


@dataclass(frozen=True)
class EntirePictures:
    """The pictures of a training at the full size, without augmentation, as inputs of its model."""

    job: FitJob
    model: nn.Module
    normalisation: Normalisation
    device: torch.device

    def of(self, batches: Sequence[NDArray[np.int64]]) -> Generator[Tensor, None, None]:
        """Yield the inputs of each batch of rows, float [B, 3, size, size] on the device."""
        for batch in entire(self.job, batches):
            images = torch.from_numpy(batch.images)
            yield to_input(images, self.normalisation, self.device, self.job.recipe.compute.channels_last)

    def logits(self, images: Tensor) -> Any:
        """Return what the model returns."""
        return self.model(images)

    def features(self, images: Tensor) -> Tensor:
        """Return the features before the classifier, float [B, D]."""
        return features_of(self.model, images)


@dataclass(frozen=True)
class EntireMaps:
    """Stored output of the frozen layers for the same pictures, as inputs of the layers above them."""

    split: SplitModel
    copy: MapCopy

    def of(self, batches: Sequence[NDArray[np.int64]]) -> Generator[Tensor, None, None]:
        """Yield the maps of each batch of rows."""
        for rows in batches:
            yield self.copy.of(rows)

    def logits(self, maps: Tensor) -> Any:
        """Return what the model returns."""
        return self.split.upper(maps)

    def features(self, maps: Tensor) -> Tensor:
        """Return the features before the classifier, float [B, D]."""
        return self.split.features(maps)


def _entire_maps(
    job: FitJob, model: nn.Module, normalisation: Normalisation, device: torch.device
) -> EntireMaps | None:
    """Return the stored maps of the training's pictures, where its first epoch trains on maps."""
    first = make_plan(job.recipe, len(job.train_rows)).epochs[0]
    stored = bool(job.store.folder.name)  # the images of a trial are not
    if not stored or len(job.train_rows) > MOST_ROWS or not may_use_maps(job.recipe, first):
        return None
    maps = find_maps(job, model, normalisation, device)
    try:
        copy = None if maps is None else maps.entire()
    except (OSError, FloatingPointError):
        return None
    if maps is None or copy is None:
        return None
    shared = set(model.modules())
    for module in maps.split.upper.modules():
        module.training = module.training and module in shared  # its own ones are not reached by `model.eval()`
    return EntireMaps(maps.split, copy)
