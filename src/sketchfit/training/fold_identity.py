"""What a training is, by all that decides it, and whether a finished network is that of the present inputs."""

from __future__ import annotations

from itertools import product
from pathlib import Path

from sketchfit.config.fold_weights import at_any_fold, at_fold
from sketchfit.config.recipe import Recipe
from sketchfit.config.scope import training_settings
from sketchfit.data.folds import Fold
from sketchfit.data.table import Table
from sketchfit.errors import UserError
from sketchfit.runs.create import ELSEWHERE
from sketchfit.runs.fingerprint import digest, file_digest
from sketchfit.runs.networks import Done
from sketchfit.training.context import Member, RunContext


def fold_recipe(member: Member, fold: Fold) -> Recipe:
    """Return the recipe of a network, with the path of its fold's own weights where `model.weights` names some."""
    return at_fold(member.recipe, fold.number) if len(fold.valid) else at_any_fold(member.recipe)


def fold_fingerprint(
    member: Member, table: Table, fold: Fold, test: str | None = None, train: str | None = None
) -> str:
    """Name a training by all that decides it: settings, content of weights and images, labels and rows.

    Args:
        member: that is trained.
        table: its rows.
        fold: on which it is trained.
        test: names the test images, where they were others; None: those of the member.
        train: the same for the training images.
    """
    weights = fold_recipe(member, fold).model.weights
    file = Path(weights).expanduser() if weights else None
    return digest(
        training_settings(member.recipe.model_dump(mode="json")),
        file_digest(file) if file is not None and file.is_file() else weights,
        member.train.folder.name if train is None else train,
        member.test.folder.name if test is None else test,
        table.label.tolist(),
        table.class_names,
        fold.train.tolist(),
        fold.valid.tolist(),
    )


def is_same(known: str, member: Member, table: Table, fold: Fold, test: str | None = None) -> bool:
    """Return whether a fingerprint is that of a training, also where earlier versions named its images.

    Args:
        known: the fingerprint.
        member, table, fold, test: as for `fold_fingerprint`.
    """
    if known == fold_fingerprint(member, table, fold, test):
        return True
    pairs = product(member.train.names, member.test.names if test is None else (test,))
    return any(known == fold_fingerprint(member, table, fold, old_test, old_train) for old_train, old_test in pairs)


def known_fingerprint(context: RunContext, member: Member, fold: Fold) -> str:
    """Return the fingerprint of a training as the finished network has it, where it is the same training."""
    done = Done.find(context.run.network(member.name, fold.number).path)
    if done is not None and is_same(done.fingerprint, member, context.table, fold):
        return done.fingerprint
    return fold_fingerprint(member, context.table, fold)


def check_finished(context: RunContext, member: Member, fold: Fold) -> bool:
    """Return whether a finished network differs from the present inputs in its test images alone.

    Raises:
        UserError: a finished network of a run was trained by something else: training again would delete it.
    """
    folder = context.run.network(member.name, fold.number)
    done = Done.find(folder.path)
    if done is None or is_same(done.fingerprint, member, context.table, fold):
        return False
    if done.test and is_same(done.fingerprint, member, context.table, fold, done.test):
        return True
    if context.run.state.is_file() and "+" not in member.name:
        raise UserError(
            f"{folder.path} is finished and was trained on other images, labels, folds or start weights, or its images "
            "were decoded in another way",
            f"It is not deleted by itself. {ELSEWHERE}",
        )
    return False
