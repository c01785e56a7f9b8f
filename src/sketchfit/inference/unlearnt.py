"""Rows that the networks of a run have not learnt, with their stored probabilities: test rows, and held-out rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sketchfit.config.views import IDENTITY
from sketchfit.errors import RunError
from sketchfit.inference.arrays import Floats, Ints
from sketchfit.inference.merged_views import merge_views
from sketchfit.inference.run_predictor import MemberNetworks, RunPredictor
from sketchfit.inference.votes import combine_folds
from sketchfit.models.learnt_rows import learnt_by, union
from sketchfit.runs.artefacts import MemberViews
from sketchfit.runs.inputs import read_inputs
from sketchfit.runs.networks import NetworkFolder, Split
from sketchfit.runs.probabilities import Probabilities
from sketchfit.runs.run import Run

_NONE: Ints = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class FoldRows:
    """What the networks of one fold, one per member, hold out.

    Attributes:
        number: of the fold.
        places: place of the network of the fold among those of each member.
        held_out: rows that all of them hold out, with the probabilities of the members combined.
    """

    number: int
    places: tuple[int, ...]
    held_out: Probabilities


ENOUGH = 99
"""Families of test rows that are used even where a fold holds out more: with them a rate of 1 % can be promised."""


@dataclass(frozen=True)
class KnownRows:
    """Probabilities of rows of known classes that a predictor has not learnt; arguments of `UnknownTest.fit`.

    Attributes:
        prob: float32 [n, C], by the predictor.
        group: int64 [n], families of related rows.
        share: independent families per family of `group`.
    """

    prob: Floats
    group: Ints
    share: float = 1.0

    @property
    def families(self) -> float:
        """Number of independent families."""
        return self.share * len(np.unique(self.group))


def network_reference(run: Run, network: NetworkFolder) -> KnownRows | None:
    """Return the test rows that one network has not learnt, with its probabilities of entire images, not calibrated.

    Returns:
        None where there are none.
    """
    rows = unlearnt_test_rows(run, [network])
    prob = network.probabilities("test").prob if len(rows) and (network.path / "test.npz").is_file() else None
    if prob is None or rows[-1] >= len(prob):  # the test rows have changed, and are not predicted yet
        return None
    return reference_of_test(run, prob[rows])


def reference_of_test(run: Run, prob: Floats) -> KnownRows:
    """Return probabilities of test rows as a reference.

    Equal answers are copies of an image, or images that could not be read: a family. Where training rows are related,
    so are test rows, as many per family; which they are is not known.
    """
    group = np.unique(prob, axis=0, return_inverse=True)[1].ravel()
    if not run.folder.folds.is_file():
        return KnownRows(prob, group)
    return KnownRows(prob, group, len(np.unique(run.rows.group)) / len(run.rows.group))


def reference_of_fold(run: Run, held_out: Probabilities) -> KnownRows:
    """Return held-out rows as a reference."""
    return KnownRows(held_out.prob, run.rows.group[held_out.row])


def unlearnt_test_rows(run: Run, networks: Sequence[NetworkFolder]) -> Ints:
    """Return the test rows whose images none of these networks has learnt, int64 [m]; none where that is not known.

    Students learn test rows with pseudo-labels; and an image may be in both tables.
    """
    inputs = read_inputs(run.folder.inputs)
    if inputs is None or not len(inputs[1].content):
        return _NONE
    learnt = [learnt_by(one.weights) for one in networks]
    if any(one is None for one in learnt):
        return _NONE
    return np.flatnonzero(~np.isin(inputs[1].content, union(learnt)))


def answers_to_test_rows(predictor: RunPredictor) -> Floats | None:
    """Return the probabilities that a predictor gives to the test rows of its run, float32 [N_test, C].

    They are those of new images: class frequencies of the test rows are not corrected for.

    Returns:
        None where a network has none.
    """
    networks = [one for member in predictor.members for one in member.networks]
    if not all((one.path / "test.npz").is_file() for one in networks):
        return None
    by_member = []
    for member in predictor.members:
        single = [by_views(one, "test", member.views).prob for one in member.networks]
        by_member.append(combine_folds(single, predictor.folds, member.weights))
    return predictor.combine(by_member)


def folds_rows(predictor: RunPredictor) -> Iterator[FoldRows]:
    """Yield what the networks of each fold hold out, for the folds of which every member has a network."""
    numbers = [_folds(member) for member in predictor.members]
    for fold in sorted(set(numbers[0]).intersection(*numbers[1:])):
        places = tuple(own.index(fold) for own in numbers)
        members = [
            by_views(member.networks[place], "oof", member.views)
            for member, place in zip(predictor.members, places, strict=True)
        ]
        rows = members[0].row
        for one in members[1:]:
            rows = np.intersect1d(rows, one.row)
        if len(rows):
            prob = predictor.rule.combine([one.at(rows) for one in members]).astype(np.float32)
            yield FoldRows(fold, places, Probabilities(rows, prob))


def by_views(network: NetworkFolder, split: Split, views: MemberViews) -> Probabilities:
    """Return the stored probabilities of a network's rows, merged over the views by which it predicts new images.

    Raises:
        UserError: those of a view are missing.
    """
    identity = network.probabilities(split)
    if views.names == (IDENTITY,):
        return identity
    found = {IDENTITY: identity.prob} | network.views(split, network.done.fingerprint)
    if missing := [name for name in views.names if name not in found]:
        raise RunError(
            f"{network.path} lacks the probabilities of the view {missing[0]}",
            "Run the command that made the folder again.",
        )
    merged = merge_views([found[name] for name in views.names], views.mode)
    return Probabilities(identity.row, merged.astype(np.float32))


def _folds(member: MemberNetworks) -> list[int]:
    """Return the folds of a member's networks, without that of all rows."""
    return [one.fold for one in member.of_folds]
