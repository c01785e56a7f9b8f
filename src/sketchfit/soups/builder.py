"""Builds soups of a group of candidates: weights averaged, batch norm's statistics computed again, rows predicted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sketchfit.data.folds import Fold, all_rows
from sketchfit.inference.oof import Floats
from sketchfit.inference.predictor import Predictor
from sketchfit.models.averaging import uniform_soup
from sketchfit.models.learnt_rows import learnt_by, union
from sketchfit.models.network import Network
from sketchfit.models.saved_network import load_network
from sketchfit.models.tensor_file import load_tensors
from sketchfit.runs.arrays import find_npz
from sketchfit.runs.fingerprint import digest
from sketchfit.runs.networks import NetworkFolder
from sketchfit.runs.probabilities import read_probabilities, write_probabilities
from sketchfit.soups.candidates import Candidate
from sketchfit.training.context import Member, RunContext
from sketchfit.training.fold import fold_job, read_fold, write_results
from sketchfit.training.fold_result import FoldResult
from sketchfit.training.seed_soup import load_mean
from sketchfit.training.trial_engine import TrialEngine

Chosen = tuple[int, ...]
"""Places of candidates in their group."""


@dataclass(frozen=True)
class SoupBuilder:
    """Soups of one group of candidates, fold by fold. Only the main process computes; the others read its files.

    Attributes:
        context: of the run.
        name: of the folder of the soup that is kept.
        group: candidates; the soup has the recipe and the images of the first one's member.
        folds: those that were trained.
    """

    context: RunContext
    name: str
    group: Sequence[Candidate]
    folds: Sequence[Fold]
    _tried: dict[tuple[Chosen, int], Floats] = field(default_factory=dict)

    @property
    def member(self) -> Member:
        """The soup as a member."""
        return replace(self.group[0].member, name=self.name)

    def build(self, chosen: Chosen) -> tuple[FoldResult, ...]:
        """Write the soup of these candidates for every fold, unless it is on disk, and return its probabilities."""
        for place, fold in enumerate(self.folds):
            _write_once(self.context, self.member, fold, self._networks(chosen, place))
        return tuple(read_fold(self.context.run.network(self.name, fold.number)) for fold in self.folds)

    def oof(self, chosen: Chosen, place: int) -> Floats:
        """Return the probabilities float32 [n, C] of a fold's held-out rows by the soup of these candidates."""
        if len(chosen) == 1:
            return self.group[chosen[0]].results[place].oof
        if (chosen, place) not in self._tried:
            self._tried[chosen, place] = self._try(chosen, place)
        return self._tried[chosen, place]

    def _try(self, chosen: Chosen, place: int) -> Floats:
        """Return the probabilities of a soup that a greedy search tries; its weights are not kept."""
        fold, networks = self.folds[place], self._networks(chosen, place)
        file = self.context.run.fold(self.name, fold.number) / "tried" / f"{_fingerprint(networks, fold)}.npz"

        def write() -> None:
            if find_npz(file) is None:
                network = mix(self.context, self.member, fold, networks)
                predictor = Predictor.of(network, self.member.recipe, self.context.engine.device)
                write_probabilities(file, fold.valid, predictor.probabilities(self.member.train, fold.valid))

        self.context.engine.on_main(write)
        return read_probabilities(file).prob

    def _networks(self, chosen: Chosen, place: int) -> list[NetworkFolder]:
        return [self.group[number].networks[place] for number in chosen]


def mix_folds(context: RunContext, source: Member, folds: Sequence[Fold]) -> tuple[Fold, FoldResult]:
    """Write the mean of the networks of all folds to `SOURCE+folds`.

    It has no out-of-fold rows: its candidates have learnt from all rows, and so do batch norm's statistics.

    Args:
        context: of the run.
        source: the member whose networks are averaged, under the name of their folder.
        folds: those that were trained.

    Returns:
        A fold with the rows that it has learnt from, and its probabilities.
    """
    member, everything = replace(source, name=f"{source.name}+folds"), all_rows(folds)
    _write_once(context, member, everything, [context.run.network(source.name, fold.number) for fold in folds])
    return everything, read_fold(context.run.network(member.name, 0))


def mix(context: RunContext, member: Member, fold: Fold, networks: Sequence[NetworkFolder]) -> Network:
    """Return the mean of these networks, on the engine's device.

    Batch norm's statistics are those of the fold's training rows.
    """
    network = load_network(networks[0].path, member.recipe, context.table.class_count)
    network.model.to(context.engine.device)
    job = fold_job(context, member, fold, fingerprint="")
    states = [load_tensors(one.weights) for one in networks]
    engine = TrialEngine(context.engine.device)  # the other processes wait
    load_mean(job, network, uniform_soup(states), engine, refresh=len(states) > 1)
    return network


def _write_once(context: RunContext, member: Member, fold: Fold, networks: Sequence[NetworkFolder]) -> None:
    """Write the mean of these networks as a network of `member`, unless it is on disk."""
    folder, fingerprint = context.run.network(member.name, fold.number), _fingerprint(networks, fold)

    def write() -> None:
        if folder.is_done(fingerprint):
            return
        began = time.monotonic()
        learnt = union(learnt_by(one.weights) for one in networks)
        write_results(context, member, fold, mix(context, member, fold, networks), learnt)
        folder.finish(fingerprint, time.monotonic() - began)

    context.engine.on_main(write)


def _fingerprint(networks: Sequence[NetworkFolder], fold: Fold) -> str:
    """Name a soup by its candidates' trainings, in order, which name all else that decides it, and by its rows."""
    trainings = [one.done.fingerprint for one in networks]
    return digest("soup", trainings, fold.train.tolist(), fold.valid.tolist())
