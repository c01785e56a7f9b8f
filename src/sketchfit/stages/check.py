"""Checks before the first image is decoded: folds, networks, weights, backend, memory and disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from sketchfit.activity import activity
from sketchfit.config.fold_weights import at_fold, has_fold_weights
from sketchfit.config.parse import member_recipes
from sketchfit.config.recipe import Recipe
from sketchfit.data.content_ids import content_ids
from sketchfit.data.folds import Fold
from sketchfit.data.table import Table
from sketchfit.disk import existing_folder
from sketchfit.errors import Problems
from sketchfit.models.backbone import check_backbone
from sketchfit.models.choose_backend import check_backend
from sketchfit.models.hub import has_cached_weights
from sketchfit.models.learnt_rows import learnt_by
from sketchfit.stages.array_memory import PredictedRows, check_array_memory
from sketchfit.stages.check_report import CheckReport
from sketchfit.stages.disk_space import check_disk
from sketchfit.stages.planned_run import PlannedRun, planned_folds
from sketchfit.stages.resources import PlannedNetwork, check_memory, training_memory, training_seconds
from sketchfit.stages.start_weights import check_before_decoding
from sketchfit.tracking.outlook import ExpectedTraining
from sketchfit.training.engine import Engine
from sketchfit.training.optimizers import check_optimizer
from sketchfit.training.trial import Trial, try_training
from sketchfit.transforms.mirroring import Mirroring


def check_run(planned: PlannedRun, table: Table, engine: Engine) -> CheckReport:
    """Check a run before its images are decoded.

    Networks of which all trainings are finished are not tried again.

    Args:
        planned: the run.
        table: checked tables.
        engine: whose device is used.

    Raises:
        UserError: everything that is wrong, together.
    """
    problems, rows = Problems(), np.arange(len(table.train))
    folds: Sequence[Fold] = (Fold(0, rows, rows[:0]),)
    if planned.kind == "run":
        folds = problems.collect(lambda: planned_folds(planned.recipe, table)) or folds
        problems.collect(lambda: check_weights(planned.recipe, table))
    for member in member_recipes(planned.recipe).values():
        problems.collect(lambda member=member: Mirroring.of(member.transforms, table.class_labels))  # type: ignore[misc]
    networks = list(planned.networks(folds))
    return check_networks(networks, folds, table, engine, problems, _claimed(planned, len(folds)))


def _claimed(planned: PlannedRun, folds: int) -> int:
    """Return the folds of one repeat, which the claim uses; 0 where there is no claim."""
    recipe = planned.recipe
    return -(-folds // recipe.folds.repeats) if planned.kind == "run" and recipe.claim.enabled else 0


def check_weights(recipe: Recipe, table: Table) -> None:
    """Compare the images that files of weights name with those of the table, where one of them names any.

    Raises:
        UserError: a network would learn from the rows that it is validated on.
    """
    members = [member for member in member_recipes(recipe).values() if not has_fold_weights(member)]
    if any(member.model.pretrained and learnt_by(member.model.weights) is not None for member in members):
        check_before_decoding(recipe, table, content_ids(table.root, table.train.paths))


@activity("trial of a training step")
def check_networks(
    networks: Sequence[PlannedNetwork],
    folds: Sequence[Fold],
    table: Table,
    engine: Engine,
    problems: Problems,
    claimed: int = 0,
) -> CheckReport:
    """Try each kind of network, and compare what all of them need with what the machine has.

    Args:
        networks: kinds of networks; those without a training that is left are not tried.
        folds: on which each kind is trained.
        table: checked tables.
        engine: whose device is used.
        problems: found so far.
        claimed: folds that a claim on the test rows uses; 0 where there is none.

    Raises:
        UserError: everything that is wrong, together.
    """
    notes: list[str] = []
    trials: dict[str, Trial] = {}
    for network in networks:
        problems.about = f"{network.name}: " if len(networks) > 1 else ""
        recipe = at_fold(network.recipe, folds[0].number)
        at = replace(network, recipe=_in_one_process(recipe, min(len(fold.train) for fold in folds), engine.processes))
        if (trial := _check_network(at, table.class_count, engine, problems, notes)) is not None:
            trials[network.name] = trial
    problems.about = ""
    problems.stop()
    tried = [(one, trials[one.name]) for one in networks if one.name in trials]
    trainings = {
        one.name: ExpectedTraining(
            one.trainings, training_seconds(one.recipe, trial, folds[0], len(table.test)) / engine.processes
        )
        for one, trial in tried
    }
    if doubt := next((text for _, trial in tried if (text := trial.doubt(torch.get_num_threads()))), ""):
        notes.append(f"note: the estimate of the time is a guess, and may be too long: {doubt}")
    seconds = sum(one.trainings * one.seconds for one in trainings.values())
    memory = max((training_memory(one.recipe, trial, engine.processes) for one, trial in tried), default=0)
    if note := check_memory(memory, engine.device, problems):
        notes.append(note)
    rows = replace(PredictedRows.of(folds, len(table.test), table.class_count, networks), claimed=claimed)
    arrays = check_array_memory(rows, problems)
    if arrays.note:
        notes.append(arrays.note)
    disk = check_disk(networks, trials, table, problems, arrays)
    problems.stop()
    return CheckReport(trials, seconds, memory, disk.size, (*notes, *disk.notes), trainings)


def _check_network(
    network: PlannedNetwork, classes: int, engine: Engine, problems: Problems, notes: list[str]
) -> Trial | None:
    """Check the names, the weights and the backend of a network, and try its training.

    Returns:
        None if a check fails, or if no training is left.
    """
    recipe, model, before = network.recipe, network.recipe.model, len(problems)
    problems.collect(lambda: check_backend(recipe.inference.backend, engine.device))
    if not network.trainings:
        return None
    problems.collect(lambda: check_backbone(model.backbone))
    problems.collect(lambda: check_optimizer(recipe.optimizer.name))
    if engine.processes > 1 and recipe.compute.sync_batch_norm and recipe.compute.compile:
        problems.add(
            "compute.sync_batch_norm and compute.compile exclude each other where several processes train a network",
            "Set one of them to false.",
        )
    if len(problems) > before:
        return None
    if model.pretrained and model.weights is None:
        # A training that continues from its checkpoint loads no other weights.
        stopped = any(network.folder.glob(f"*/{network.name}/fold*/last.ckpt"))
        cached = None if stopped else problems.collect(lambda: has_cached_weights(model))
        if cached is False:
            notes.append(f"{network.name}: the weights of {model.backbone} will be downloaded")
        if not cached:
            recipe = recipe.model_copy(update={"model": model.model_copy(update={"pretrained": False})})
    folder = existing_folder(network.folder)
    trial = problems.collect(lambda: try_training(recipe, classes, engine.device, folder))
    if trial and model.pretrained and model.weights is not None and learnt_by(model.weights) is None:
        notes.append(f"{network.name}: {model.weights} does not name the images that it has learnt from: not checked")
    notes += [f"{network.name}: {note}" for note in (trial.notes if trial else ())]
    return trial


def _in_one_process(recipe: Recipe, rows: int, processes: int) -> Recipe:
    """Return the recipe with the images per batch that the process with the fewest of them gets.

    Args:
        recipe: of a network.
        rows: on which it is trained.
        processes: that share each batch.
    """

    def share(batch: int) -> int:
        return max(1, min(batch, rows) // processes)

    training = recipe.training
    if training.epochs == 0:
        return recipe
    stages = tuple(
        stage.model_copy(update={"batch_size": share(stage.batch_size)}) if isinstance(stage.batch_size, int) else stage
        for stage in training.resize
    )
    changes: dict[str, object] = {"resize": stages} if stages != tuple(training.resize) else {}
    if (batch := share(training.batch)) != training.batch:
        changes["batch_size"] = batch
    return recipe.model_copy(update={"training": training.model_copy(update=changes)})
