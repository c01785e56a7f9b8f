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

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sketchfit.data.batches import epoch_order, load_batches, no_randomness, split_batches
from sketchfit.errors import UserError
from sketchfit.models.batch_norm import learning_batch_norms, refresh_batch_norm
from sketchfit.models.classifier import classifier_names, features_of
from sketchfit.models.compute import autocast
from sketchfit.models.freezing import apply_freezing
from sketchfit.models.network import Normalisation, to_input
from sketchfit.training.job import FitJob
from sketchfit.training.loss import Loss
from sketchfit.training.probe import fit_head
from sketchfit.transforms.augment import eval_augment

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
    _adapt_batch_norm(job, model, normalisation, device)
    rows = probe_rows(job)
    features = backbone_features(job, rows, model, normalisation, device)
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
        right = (head.eval()(features).argmax(dim=1) == label).float().mean()
    model.train()
    return float(right)


def probe_rows(job: FitJob) -> NDArray[np.int64]:
    """Return all training rows in their order; if they are more than 20,000, a random sample of 20,000."""
    if len(job.train_rows) <= MOST_ROWS:
        return job.train_rows
    return epoch_order(job.train_rows, job.seed, 0)[:MOST_ROWS]


def _adapt_batch_norm(job: FitJob, model: nn.Module, normalisation: Normalisation, device: torch.device) -> None:
    """Compute batch norm statistics from the training rows, where the first epoch would change them."""
    recipe = job.recipe
    if recipe.model.lora.rank:
        return
    apply_freezing(model, recipe.model.freeze, 0, recipe.training.epochs)
    names = learning_batch_norms(model)
    if names:
        order = epoch_order(job.train_rows, job.seed, 0)[:MOST_ROWS]  # the rows of a table are often sorted by class
        batches = split_batches(order, min(recipe.training.batch, len(order)))
        inputs = entire_pictures(job, batches, normalisation, device)
        with closing(inputs):
            refresh_batch_norm(model, names, inputs, autocast(device, recipe.compute.precision))


def backbone_features(
    job: FitJob, rows: NDArray[np.int64], model: nn.Module, normalisation: Normalisation, device: torch.device
) -> Tensor:
    """Return the features before the classifier of rows of the store: float32 [n, D], on `device`; the model is left in
    eval mode."""
    step = job.recipe.inference.batch_size
    model.eval()
    batches = [rows[start : start + step] for start in range(0, len(rows), step)]
    found = []
    inputs = entire_pictures(job, batches, normalisation, device)
    with torch.no_grad(), autocast(device, job.recipe.compute.precision), closing(inputs):
        for images in inputs:
            found.append(features_of(model, images).float())
    return torch.cat(found)


def entire_pictures(
    job: FitJob, batches: Sequence[NDArray[np.int64]], normalisation: Normalisation, device: torch.device
) -> Generator[Tensor, None, None]:
    """Yield the inputs of each batch, float [B, 3, size, size] on `device`: at the full size, without augmentation."""
    compute = job.recipe.compute
    augment = eval_augment(job.recipe.model.size)
    for batch in load_batches(job.store, batches, augment, no_randomness, compute.threads):
        yield to_input(torch.from_numpy(batch.images), normalisation, device, compute.channels_last)
