"""Builds soups of a group of candidates: weights averaged, batch norm's statistics computed again, rows predicted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from safetensors.torch import load_file

from sketchfit.data.folds import Fold, all_rows
from sketchfit.files import read_json, write_json, write_npz
from sketchfit.inference.oof import Floats
from sketchfit.inference.predictor import Predictor
from sketchfit.models.averaging import uniform_soup
from sketchfit.models.network import Network
from sketchfit.models.saved_network import load_network
from sketchfit.runs.fingerprint import digest
from sketchfit.soups.candidates import Candidate
from sketchfit.training.context import Member, RunContext
from sketchfit.training.fold import FoldResult, fold_job, is_done, read_fold, write_results
from sketchfit.training.soup import load_mean

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
            _write_once(self.context, self.member, fold, self._paths(chosen, place))
        return tuple(read_fold(self.context.run.fold(self.name, fold.number)) for fold in self.folds)

    def oof(self, chosen: Chosen, place: int) -> Floats:
        """Return the probabilities float32 [n, C] of a fold's held-out rows by the soup of these candidates."""
        if len(chosen) == 1:
            return self.group[chosen[0]].results[place].oof
        if (chosen, place) not in self._tried:
            self._tried[chosen, place] = self._try(chosen, place)
        return self._tried[chosen, place]

    def _try(self, chosen: Chosen, place: int) -> Floats:
        """Return the probabilities of a soup that a greedy search tries; its weights are not kept."""
        fold, paths = self.folds[place], self._paths(chosen, place)
        file = self.context.run.fold(self.name, fold.number) / "tried" / f"{_fingerprint(paths, fold)}.npz"

        def write() -> None:
            if not file.is_file():
                network = mix(self.context, self.member, fold, paths)
                predictor = Predictor.of(network, self.member.recipe, self.context.engine.device)
                prob = predictor.probabilities(self.member.train, fold.valid)
                write_npz(file, {"row": fold.valid, "prob": prob})

        self.context.engine.on_main(write)
        with np.load(file) as content:
            return np.asarray(content["prob"], dtype=np.float32)

    def _paths(self, chosen: Chosen, place: int) -> list[Path]:
        return [self.group[number].paths[place] for number in chosen]


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
    paths = [context.run.fold(source.name, fold.number) for fold in folds]
    _write_once(context, member, everything, paths)
    return everything, read_fold(context.run.fold(member.name, 0))


def mix(context: RunContext, member: Member, fold: Fold, paths: Sequence[Path]) -> Network:
    """Return the mean of the networks in these folders, on the engine's device.

    Batch norm's statistics are those of the fold's training rows.
    """
    network = load_network(paths[0], member.recipe, context.table.class_count)
    network.model.to(context.engine.device)
    job = fold_job(context, member, fold, fingerprint="")
    states = [load_file(path / "model.safetensors") for path in paths]
    load_mean(job, network, uniform_soup(states), context.engine, refresh=len(states) > 1)
    return network


def _write_once(context: RunContext, member: Member, fold: Fold, paths: Sequence[Path]) -> None:
    """Write the mean of the networks in these folders as a network of `member`, unless it is on disk."""
    folder, fingerprint = context.run.fold(member.name, fold.number), _fingerprint(paths, fold)

    def write() -> None:
        if is_done(folder, fingerprint):
            return
        began = time.monotonic()
        write_results(context, member, fold, mix(context, member, fold, paths))
        write_json(folder / "done.json", {"fingerprint": fingerprint, "seconds": round(time.monotonic() - began, 1)})

    context.engine.on_main(write)


def _fingerprint(paths: Sequence[Path], fold: Fold) -> str:
    """Name a soup by its candidates' trainings, in order, which name all else that decides it, and by its rows."""
    trainings = [read_json(path / "done.json")["fingerprint"] for path in paths]
    return digest("soup", trainings, fold.train.tolist(), fold.valid.tolist())
