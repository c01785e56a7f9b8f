"""Where soups are made: weights read, averaged, batch norm's statistics taken anew, answers written."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from safetensors.torch import load_file

from sketchfit.config.recipe import Recipe
from sketchfit.data.folds import Fold
from sketchfit.files import read_json, write_json, write_npz
from sketchfit.inference.oof import Floats
from sketchfit.models.averaging import uniform_soup
from sketchfit.models.network import Network
from sketchfit.runs.fingerprint import digest
from sketchfit.runs.folder import RunFolder
from sketchfit.soups.candidates import Candidate
from sketchfit.stages.train import (
    FoldResult,
    Inputs,
    fold_job,
    is_done,
    load_network,
    predict_rows,
    read_fold,
    write_results,
)
from sketchfit.training.engine import Engine
from sketchfit.training.soup import load_mean


@dataclass(frozen=True)
class SoupBuilder:
    """Soups of one group of candidates, fold by fold; candidates are called by their places in the group.

    Attributes:
        run: whose networks they are.
        name: folder of the soup that answers.
        group: candidates; the first one's recipe says how images are fed.
        inputs: of that recipe's member.
        folds: those that were trained.
        engine: what computes. Only the main process does; the others read what it wrote.
    """

    run: RunFolder
    name: str
    group: Sequence[Candidate]
    inputs: Inputs
    folds: Sequence[Fold]
    engine: Engine
    _tried: dict[tuple[tuple[int, ...], int], Floats] = field(default_factory=dict)

    def serve(self, chosen: tuple[int, ...]) -> tuple[FoldResult, ...]:
        """Write the soup of these candidates of every fold as a member's networks are, unless it is there."""
        recipe = self.group[0].recipe
        folders = [self.run.fold(self.name, fold.number) for fold in self.folds]
        for place, (folder, fold) in enumerate(zip(folders, self.folds, strict=True)):
            paths = [self.group[number].paths[place] for number in chosen]
            _write_once(folder, paths, recipe, self.inputs, fold, self.engine)
        return tuple(read_fold(folder) for folder in folders)

    def oof(self, chosen: tuple[int, ...], place: int) -> Floats:
        """Float32 [n, C]: what the soup of these candidates of a fold says of the fold's validation rows."""
        if len(chosen) == 1:
            return self.group[chosen[0]].results[place].oof
        if (chosen, place) not in self._tried:
            self._tried[chosen, place] = self._try(chosen, place)
        return self._tried[chosen, place]

    def _try(self, chosen: tuple[int, ...], place: int) -> Floats:
        """Answers of a soup that a greedy search looks at; only they are kept, not its weights."""
        fold, recipe = self.folds[place], self.group[0].recipe
        paths = [self.group[number].paths[place] for number in chosen]
        file = self.run.fold(self.name, fold.number) / "tried" / f"{_fingerprint(paths, fold)}.npz"
        if self.engine.is_main and not file.is_file():
            network = mix(paths, recipe, self.inputs, fold, file.parent, self.engine)
            classes = self.inputs.table.class_count
            prob = predict_rows(network, recipe, self.inputs.train, fold.valid, classes, self.engine)
            write_npz(file, {"row": fold.valid, "prob": prob})
        self.engine.wait()
        with np.load(file) as content:
            return np.asarray(content["prob"], dtype=np.float32)


def mix_folds(
    run: RunFolder, source: str, recipe: Recipe, inputs: Inputs, folds: Sequence[Fold], engine: Engine
) -> tuple[Fold, FoldResult]:
    """Write the mean of a member's networks over the folds to `SOURCE+folds`; the rows it has seen, and its answers.

    It has no out-of-fold rows: batch norm's statistics are taken anew from all rows.
    """
    rows = np.unique(np.concatenate([part for fold in folds for part in (fold.train, fold.valid)]))
    everything = Fold(0, rows, rows[:0])
    folder = run.fold(f"{source}+folds", 0)
    _write_once(folder, [run.fold(source, fold.number) for fold in folds], recipe, inputs, everything, engine)
    return everything, read_fold(folder)


def mix(paths: Sequence[Path], recipe: Recipe, inputs: Inputs, fold: Fold, folder: Path, engine: Engine) -> Network:
    """The mean of the networks in these folders, on the engine's device, its statistics of the fold's training rows."""
    network = load_network(paths[0], recipe, inputs.table.class_count)
    network.model.to(engine.device)
    job = fold_job(folder.name, recipe, inputs, fold, folder, fingerprint="")
    states = [load_file(path / "model.safetensors") for path in paths]
    load_mean(job, network, uniform_soup(states), engine, refresh=len(states) > 1)
    return network


def _write_once(
    folder: Path, paths: Sequence[Path], recipe: Recipe, inputs: Inputs, fold: Fold, engine: Engine
) -> None:
    fingerprint = _fingerprint(paths, fold)
    if engine.is_main and not is_done(folder, fingerprint):
        began = time.monotonic()
        network = mix(paths, recipe, inputs, fold, folder, engine)
        write_results(folder, network, recipe, inputs, fold, engine)
        write_json(folder / "done.json", {"fingerprint": fingerprint, "seconds": round(time.monotonic() - began, 1)})
    engine.wait()


def _fingerprint(paths: Sequence[Path], fold: Fold) -> str:
    """Names a soup by its candidates' trainings, in order, which hold all else that decides it, and by its rows."""
    trainings = [read_json(path / "done.json")["fingerprint"] for path in paths]
    return digest("soup", trainings, fold.train.tolist(), fold.valid.tolist())
