"""The probabilities of test rows by a trained network, also where the test rows have changed since its training."""

from __future__ import annotations

import logging

import numpy as np

from sketchfit.data.folds import Fold
from sketchfit.inference.predictor import Predictor
from sketchfit.inference.unreadable import class_prior, with_prior
from sketchfit.models.saved_network import load_network
from sketchfit.training.context import Member, RunContext
from sketchfit.training.fold_identity import fold_recipe
from sketchfit.training.head_pass import HeadPredictor

log = logging.getLogger(__name__)


def write_test_answers(context: RunContext, member: Member, fold: Fold, answers: Predictor | HeadPredictor) -> None:
    """Write a network's probabilities of the test rows; those of rows that cannot be read are the class frequencies."""
    folder, table, readable = context.run.network(member.name, fold.number), context.table, member.test.readable
    test = answers.probabilities(member.test, np.flatnonzero(readable))
    prior = class_prior(table.label[fold.train], table.class_count)
    folder.write_probabilities("test", np.arange(len(readable)), with_prior(test, readable, prior))


def answer_again(context: RunContext, member: Member, fold: Fold, fingerprint: str | None = None) -> None:
    """Predict the test rows of today by a finished network, which stays as it is.

    Args:
        context: of the run.
        member: of the network.
        fold: of the network.
        fingerprint: of the network with these test rows; None: as it was.
    """
    folder = context.run.network(member.name, fold.number)
    done, recipe = folder.done, fold_recipe(member, fold)
    network = load_network(folder.path, recipe, context.table.class_count)
    folder.forget_views("test")
    write_test_answers(context, member, fold, Predictor.of(network, recipe, context.engine.device))
    folder.finish(fingerprint or done.fingerprint, done.seconds, member.test.folder.name)
    if done.test == member.train.folder.name:  # a variant, which was trained without test rows
        log.info(f"{folder.name}: the test rows are predicted by the trained network")
    else:
        log.info(f"{folder.name}: the test rows have changed; they are predicted again, the network is as before")
