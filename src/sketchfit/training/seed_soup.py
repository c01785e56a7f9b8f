"""Several trainings of one network with different seeds, and the mean of their weights (`averaging.soup`).

Paper: "Model soups: averaging weights of multiple fine-tuned models improves accuracy without increasing inference
time", Wortsman et al., arXiv 2203.05482. The candidates differ in their seed: order and augmentation of the images,
dropout, mixing. They share the pretrained weights and the first weights of the new head: otherwise a mean is useless.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from itertools import chain, islice

import torch
from torch import Tensor

from sketchfit.inference.predictor import Predictor
from sketchfit.models.averaging import greedy_soup, uniform_soup
from sketchfit.models.batch_norm import learning_batch_norms
from sketchfit.models.freezing import apply_freezing
from sketchfit.models.network import Network
from sketchfit.tracking.callback import FoldCallback
from sketchfit.tracking.console import Console
from sketchfit.training.checkpoint import delete_checkpoints
from sketchfit.training.engine import Engine
from sketchfit.training.fit import fit, untrained
from sketchfit.training.job import FitJob
from sketchfit.training.loader import DataLoader
from sketchfit.training.plan import make_plan
from sketchfit.training.refresh import refresh_statistics

State = Mapping[str, Tensor]

_LOG = logging.getLogger(__name__)


def train_network(job: FitJob, engine: Engine, console: Console, watch: FoldCallback | None = None) -> Network:
    """Train once, or `averaging.soup_size` times and average the weights: of all, or greedily of those that help.

    The first training has the seed and folder of the job. Each further one has its own, and continues where it stopped.
    A greedy soup is chosen on the validation rows, so the accuracy on them is optimistic, which is logged; without
    validation rows the soup is uniform.
    """
    section = job.recipe.averaging
    if job.recipe.training.epochs == 0:
        return untrained(job, engine)
    if section.soup == "none":
        return fit(job, engine, console, watch)
    network = fit(job, engine, console, watch)
    states = [_on_cpu(network)]
    for number in range(1, section.soup_size):
        candidate = replace(
            job,
            name=f"{job.name}/candidate{number}",
            folder=job.folder / f"candidate{number}",
            fingerprint=f"{job.fingerprint}-{number}",
            seed=job.seed + 1000 * number,
        )
        states.append(_on_cpu(fit(candidate, engine, console)))
    chosen = tuple(range(len(states)))
    if section.soup == "greedy" and len(job.valid_rows):
        chosen = greedy_soup(states, lambda state: _accuracy(job, network, state, engine)).members
        _LOG.info(
            "%s: soup of %d of %d trainings, chosen on the validation rows; the accuracy on them is optimistic",
            job.name,
            len(chosen),
            len(states),
        )
    load_mean(job, network, uniform_soup([states[number] for number in chosen]), engine, refresh=len(chosen) > 1)
    engine.on_main(lambda: _delete_checkpoints(job))
    return network


def _delete_checkpoints(job: FitJob) -> None:
    for number in range(1, job.recipe.averaging.soup_size):
        delete_checkpoints(job.folder / f"candidate{number}")


def load_mean(job: FitJob, network: Network, state: State, engine: Engine, *, refresh: bool) -> None:
    """Load averaged weights in place, and compute the batch norm statistics again where they were trained.

    Args:
        job: its recipe, store and training rows give the batches, with the augmentation of the last epoch.
        network: on the engine's device; left in evaluation mode.
        state: the averaged weights.
        refresh: compute the statistics from `averaging.refresh_batches` batches; otherwise they are averaged too.
    """
    model, recipe = network.model, job.recipe
    model.load_state_dict(dict(state))
    model.eval()
    if not (refresh and recipe.averaging.refresh_batches):
        return
    trained = [parameter.requires_grad for parameter in model.parameters()]
    apply_freezing(model, recipe.model.freeze, recipe.training.epochs - 1, recipe.training.epochs)
    norms = () if recipe.model.lora.rank else learning_batch_norms(model)
    for parameter, before in zip(model.parameters(), trained, strict=True):
        parameter.requires_grad_(before)
    refresh_statistics(model, norms, _batches(job, network, engine), engine, recipe.compute)
    model.eval()


def _on_cpu(network: Network) -> dict[str, Tensor]:
    return {name: value.detach().cpu().clone() for name, value in network.model.state_dict().items()}


def _accuracy(job: FitJob, network: Network, state: State, engine: Engine) -> float:
    load_mean(job, network, state, engine, refresh=True)
    predictor = Predictor.of(network, job.recipe, engine.device, backend="eager")
    return engine.from_main(predictor.accuracy(job.store, job.valid_rows, job.label[job.valid_rows]))


def _batches(job: FitJob, network: Network, engine: Engine) -> Iterator[Tensor]:
    last = make_plan(job.recipe, len(job.train_rows)).epochs[-1]
    groups = DataLoader(job, network.normalisation, engine).updates(last)
    with closing(groups), torch.no_grad():
        for micro in islice(chain.from_iterable(groups), job.recipe.averaging.refresh_batches):
            yield micro.images
