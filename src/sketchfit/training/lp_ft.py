"""LP-FT's first half: fit the new head on features that the frozen backbone computed once.

Paper: "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution", Kumar et al., arXiv
2202.10054.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sketchfit.data.batches import load_batches
from sketchfit.errors import UserError
from sketchfit.models.backbone import Normalisation, to_input
from sketchfit.models.heads import classifier_names
from sketchfit.training.evaluate import autocast
from sketchfit.training.job import FitJob
from sketchfit.training.losses.build import build_loss
from sketchfit.training.probe import fit_head
from sketchfit.transforms.augment import eval_augment


def probe_first(job: FitJob, model: nn.Module, normalisation: Normalisation, device: torch.device) -> float:
    """Fit the head alone, in place, on the training rows without augmentation.

    The loss is the recipe's own, without what needs a teacher, a second pass or features that change.

    Args:
        model: with its pretrained backbone and new head, on `device`; left in train mode.

    Returns:
        Share of the training rows that the fitted head has right.

    Raises:
        UserError: the backbone has no single classifier, or gives features that aren't finite.
    """
    recipe = job.recipe
    names = classifier_names(model)
    if len(names) != 1:
        raise UserError(
            f"training.probe: {recipe.model.backbone} has {len(names)} classifiers, and the probe fits one",
            "Leave training.probe out, or choose another backbone.",
        )
    features = backbone_features(job, model, normalisation, device)
    label = torch.from_numpy(job.label[job.train_rows]).to(device)
    target = nn.functional.one_hot(label, job.class_count).to(torch.float32)
    counts = np.bincount(job.label[job.train_rows], minlength=job.class_count)
    plain = recipe.loss.model_copy(update={"distill": 0.0, "supcon": 0.0, "r_drop": 0.0})
    loss = build_loss(plain, counts, recipe.model.head.scale).to(device)
    head = model.get_submodule(names[0])
    try:
        fit_head(head, features, target, loss, recipe.training.probe)
    except ValueError as error:
        raise UserError(f"training.probe: {error}", "Set compute.precision=fp32, or check the weights.") from error
    with torch.no_grad():
        right = (head.eval()(features).argmax(dim=1) == label).float().mean()
    model.train()
    return float(right)


def backbone_features(job: FitJob, model: nn.Module, normalisation: Normalisation, device: torch.device) -> Tensor:
    """What the classifier is given for each training row: float32 [n, D], on `device`; the model is left in eval."""
    recipe, rows, step = job.recipe, job.train_rows, job.recipe.inference.batch_size
    model.eval()
    network: Any = model
    batches = [rows[start : start + step] for start in range(0, len(rows), step)]
    augment, generator = eval_augment(recipe.model.input_size), np.random.Generator(np.random.Philox(0))
    found = []
    with torch.no_grad(), autocast(device, recipe.compute.precision):
        for batch in load_batches(job.store, batches, augment, lambda _: generator, recipe.compute.threads):
            images = to_input(torch.from_numpy(batch.images), normalisation, device, recipe.compute.channels_last)
            found.append(network.forward_head(network.forward_features(images), pre_logits=True).float().flatten(1))
    return torch.cat(found)
