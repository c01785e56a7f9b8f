"""A kernel head on a network, fitted in closed form on the training rows of a fold and on no others."""

from __future__ import annotations

import logging
import time
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import logsumexp

from sketchfit.bank.closed_form import ClosedForm
from sketchfit.bank.closed_forms import closed_forms
from sketchfit.bank.closed_forms.rbf import RbfForm
from sketchfit.bank.extractor import Extractor
from sketchfit.bank.kernel import KernelSettings
from sketchfit.bank.scale import FeatureScale
from sketchfit.bank.temperature import LEAST, MOST, fit_temperature, probabilities
from sketchfit.bank.without_rows import ScoringHead
from sketchfit.config.kernel import KernelSection
from sketchfit.config.recipe import Recipe
from sketchfit.errors import UserError
from sketchfit.models.feature_network import FeatureNetwork
from sketchfit.models.network import Network
from sketchfit.models.pooling import NoFeaturesError, Pooling
from sketchfit.tracking.console import Console, duration
from sketchfit.training.head_pass import HeadPass, HeadPredictor
from sketchfit.training.job import FitJob
from sketchfit.training.kernel_views import averages_mirrored, head_pictures
from sketchfit.wording import counted

log = logging.getLogger(__name__)

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


def with_kernel_head(
    job: FitJob, network: Network, device: torch.device, console: Console
) -> tuple[Network, HeadPredictor | None]:
    """Return the network with the kernel head of the recipe, and what predicts without further passes of training rows.

    The network itself is returned, and None, where the recipe has no such head.

    The temperature of a head on a frozen backbone has the least log-loss on rows that are left out one by one. A
    trained network has learnt the training rows, so its kernel head gets the temperature with which it is on average
    as certain of the validation rows as the trained head is; this takes no labels.

    Args:
        job: of the training.
        network: trained, or as it is before training where the recipe has no epochs.
        device: on which it computes.
        console: for bars.

    Raises:
        UserError: the backbone has no features before its classifier.
    """
    section, rows = job.recipe.training.kernel, job.train_rows
    if section.use == "none":
        return network, None
    began, label = time.monotonic(), _labels(job)[rows]
    extractor = extractor_of(network, job.recipe, device)
    mirrored = averages_mirrored(job.recipe, job.mirroring)
    outputs = HeadPass.of(job, extractor, head_pictures(mirrored), console)
    parts = outputs.train().features
    scale = FeatureScale.of(parts[0], outputs.widths)
    values = scale.mean_of(parts)
    try:
        form = closed_forms.get(section.head)
        settings = form.candidates(section)[0]  # features of a trained network do not show which are good for others
        fit = form.fit(lambda part: values[part], label, job.class_count, settings).fold(rows[:0])
        made = head_network(form, network, extractor.pooling, scale, fit.head).eval()
        left_out, scores = fit.left_out()
    except ValueError as error:
        raise UserError(f"{job.name}: {error}", "Set training.kernel.strength higher.") from error
    made.mirrored.fill_(int(mirrored))
    predictor = HeadPredictor(made, outputs)
    if job.recipe.training.epochs == 0 or not len(job.valid_rows):
        made.temperature.fill_(fit_temperature(scores, label[left_out]))
    else:
        made.temperature.fill_(_matched(predictor))
    made.blend.fill_(int(section.use == "blend"))
    _log_accuracy(outputs, float((scores.argmax(axis=1) == label[left_out]).mean()), time.monotonic() - began)
    return replace(network, model=made), predictor


def _log_accuracy(outputs: HeadPass, right: float, seconds: float) -> None:
    """Log how often a head is right on rows that are left out, and the trained head on validation rows."""
    job = outputs.job
    known = job.validated_by_head and len(job.valid_rows)
    trained = f"; the trained head is right on {100 * outputs.own_accuracy():.1f} % of the fold" if known else ""
    images = counted(len(job.train_rows), "image")
    log.info(
        f"{job.name}: {job.recipe.training.kernel.head} head on {images} in {duration(seconds)}; "
        f"leaving out one by one {100 * right:.1f} % are right{trained}"
    )


def first_settings(section: KernelSection) -> KernelSettings:
    """Return the settings of a kernel head, the usual ones in place of `auto` and where the recipe has another head."""
    return RbfForm().candidates(section if section.head == "rbf" else KernelSection())[0]


def _labels(job: FitJob) -> Rows:
    """Return the classes of all rows: of pseudo-labelled ones the most probable."""
    if job.soft is None:
        return job.label
    label = job.label.copy()
    label[job.soft.row] = job.soft.prob.argmax(axis=1)
    return label


def extractor_of(network: Network, recipe: Recipe, device: torch.device) -> Extractor:
    """Return what takes the features of a network, which is moved to the device, in place.

    Raises:
        UserError: the backbone has no features before its classifier.
    """
    network.model.to(device).eval()
    try:
        return Extractor.of_network(network, recipe, device)
    except NoFeaturesError as error:
        raise UserError(f"training.kernel: {error}", "Set training.kernel=none.") from error


def head_network(
    form: ClosedForm, network: Network, pooling: Pooling, scale: FeatureScale, head: ScoringHead
) -> FeatureNetwork:
    """Return a network with a fitted head, whose temperature is 1, on the device of the backbone."""
    made = form.network(head, network.model, pooling)
    for name, value in {"kept": scale.kept, "mean": scale.mean, "factor": scale.factor}.items():
        getattr(made, name).copy_(torch.from_numpy(value))
    return made.to(next(network.model.parameters()).device)


def _matched(predictor: HeadPredictor) -> float:
    """Return the temperature with which the kernel head is as certain of the validation rows as the trained head.

    Args:
        predictor: its model is not blended yet, and has temperature 1.
    """
    valid = predictor.outputs.valid()
    wanted = float(probabilities(valid.own[0], 1.0).max(axis=1).mean())
    return temperature_of_certainty(predictor.logits(valid), wanted)


def temperature_of_certainty(scores: Floats, wanted: float) -> float:
    """Return the temperature with which the mean probability of the most probable class has a value.

    Args:
        scores: float32 [n, C].
        wanted: 0 … 1; one that no temperature between 0.001 and 100 gives is replaced by the nearest.
    """
    values = scores.astype(np.float64)
    values -= values.max(axis=1, keepdims=True)

    def above(log_temperature: float) -> float:
        return float(np.exp(-logsumexp(values / np.exp(log_temperature), axis=1)).mean()) - wanted

    low, high = np.log(LEAST), np.log(MOST)
    if above(low) <= 0:
        return LEAST
    if above(high) >= 0:
        return MOST
    return float(np.exp(brentq(above, low, high, xtol=1e-6)))
