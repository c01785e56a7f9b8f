"""A member over its folds: fit each network, then its out-of-fold and test probabilities.

What is on disk is not done again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from sketchfit.config.recipe import Recipe
from sketchfit.config.scope import training_settings
from sketchfit.data.folds import Fold
from sketchfit.data.store import Store
from sketchfit.data.table import Table
from sketchfit.files import atomic, read_json, write_json, write_npz
from sketchfit.inference.predictor import Predictor
from sketchfit.models.backbone import build_network, provenance
from sketchfit.models.network import Network
from sketchfit.models.weights import read_metadata
from sketchfit.runs.fingerprint import digest, file_digest
from sketchfit.runs.folder import RunFolder
from sketchfit.stages.tracking import fold_figures
from sketchfit.tracking.callback import NO_CALLBACK, Callback, FoldCallback
from sketchfit.tracking.console import Console, duration
from sketchfit.training.engine import Engine
from sketchfit.training.job import FitJob
from sketchfit.training.soup import fit_soup

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Inputs:
    """What all folds of a member share."""

    table: Table
    train: Store
    test: Store


@dataclass(frozen=True)
class FoldResult:
    """Probabilities of one network: rows int64 [n] of the training table with `oof` [n, C], and `test` [N_test, C]."""

    rows: NDArray[np.int64]
    oof: Floats
    test: Floats
    seconds: float


def fit_fold(
    run: RunFolder,
    member: str,
    recipe: Recipe,
    inputs: Inputs,
    fold: Fold,
    engine: Engine,
    console: Console,
    callback: Callback = NO_CALLBACK,
) -> FoldResult:
    """Train one network of a member, unless that is done; its probabilities."""
    folder = run.fold(member, fold.number)
    fingerprint = fold_fingerprint(recipe, inputs, fold)
    job = fold_job(f"{member}/fold{fold.number}", recipe, inputs, fold, folder, fingerprint)
    every = recipe.tracking.every if recipe.tracking.to else 0
    watch = FoldCallback(callback, member, fold.number, every)
    return train_once(folder, fingerprint, lambda: job, inputs, fold, engine, console, watch=watch)


def fold_job(
    name: str, recipe: Recipe, inputs: Inputs, fold: Fold, folder: Path, fingerprint: str, **learnt: Any
) -> FitJob:
    """A plain training of a fold; `learnt` are the fields in which a student's differs from it."""
    plain: dict[str, Any] = {
        "name": name,
        "recipe": recipe,
        "store": inputs.train,
        "label": inputs.table.label,
        "class_count": inputs.table.class_count,
        "train_rows": fold.train,
        "valid_rows": fold.valid,
        "folder": folder,
        "fingerprint": fingerprint,
        "seed": recipe.seed,
    }
    return FitJob(**(plain | learnt))


def is_done(folder: Path, fingerprint: str) -> bool:
    """Whether exactly this training lies finished in `folder`."""
    done = folder / "done.json"
    return done.is_file() and bool(read_json(done)["fingerprint"] == fingerprint)


def train_once(
    folder: Path,
    fingerprint: str,
    make_job: Callable[[], FitJob],
    inputs: Inputs,
    fold: Fold,
    engine: Engine,
    console: Console,
    note: str = "",
    watch: FoldCallback | None = None,
) -> FoldResult:
    """Train a network and write its weights and probabilities; read them where exactly that was done before.

    Args:
        fingerprint: names all that decides the training.
        make_job: called only where there is something to train.
        fold: whose validation rows the network answers.
        note: said behind the time that it took.
        watch: told of the training while it goes on, and of its figures at the end.
    """
    if not is_done(folder, fingerprint):
        began = time.monotonic()
        job = make_job()
        network = fit_soup(job, engine, console, watch)
        if engine.is_main:
            write_results(folder, network, job.recipe, inputs, fold, engine)
            seconds = time.monotonic() - began
            write_json(folder / "done.json", {"fingerprint": fingerprint, "seconds": round(seconds, 1)})
            console.line(f"{job.name}: done in {duration(seconds)}{note}")
            if watch is not None:
                found = read_fold(folder)
                watch.finished(fold_figures(found.oof, inputs.table.label[found.rows], seconds))
        engine.wait()
        engine.free_memory()
    if engine.is_main:
        clear_passing(folder)
    return read_fold(folder)


def clear_passing(folder: Path) -> None:
    """Delete what only an unfinished training needs; also where one was killed between being done and this."""
    for passing in ("last.ckpt", "teacher.npz"):
        (folder / passing).unlink(missing_ok=True)


def read_fold(folder: Path) -> FoldResult:
    """Read what `fit_fold` wrote."""
    with np.load(folder / "oof.npz") as oof, np.load(folder / "test.npz") as test:
        return FoldResult(oof["row"], oof["prob"], test["prob"], float(read_json(folder / "done.json")["seconds"]))


def load_network(folder: Path, recipe: Recipe, classes: int) -> Network:
    """Build the network of a fold that is done, with its trained weights, on the CPU."""
    path = folder / "model.safetensors"
    network = build_network(recipe.model, classes, load_weights=False, metadata=read_metadata(path))
    network.model.load_state_dict(load_file(path))
    return network


def predict_rows(
    network: Network, recipe: Recipe, store: Store, rows: NDArray[np.int64], classes: int, engine: Engine
) -> Floats:
    """Probabilities float32 [n, C] of rows of a store."""
    del classes
    return Predictor.of(network, recipe, engine.device).probabilities(store, rows)


def with_prior(prob: Floats, readable: NDArray[np.bool_], prior: Floats) -> Floats:
    """Probabilities of all rows: `prob` [n, C] for those that can be read, the prior [C] for the others."""
    full: Floats = np.tile(prior, (len(readable), 1)).astype(np.float32)
    full[readable] = prob
    return full


def class_prior(label: NDArray[np.int64], classes: int) -> Floats:
    """Share of each class among the training rows, float32 [C]."""
    counts = np.bincount(label, minlength=classes).astype(np.float64)
    prior: Floats = (counts / counts.sum()).astype(np.float32)
    return prior


def write_results(folder: Path, network: Network, recipe: Recipe, inputs: Inputs, fold: Fold, engine: Engine) -> None:
    """The weights, and the probabilities of validation and test rows."""
    classes = inputs.table.class_count
    state = {name: value.cpu().contiguous() for name, value in network.model.state_dict().items()}
    with atomic(folder / "model.safetensors") as temporary:
        save_file(state, temporary, provenance(recipe.model, network.normalisation))
    oof = predict_rows(network, recipe, inputs.train, fold.valid, classes, engine)
    write_npz(folder / "oof.npz", {"row": fold.valid, "prob": oof})
    readable = inputs.test.readable
    test = predict_rows(network, recipe, inputs.test, np.flatnonzero(readable), classes, engine)
    prior = class_prior(inputs.table.label[fold.train], classes)
    write_npz(folder / "test.npz", {"row": np.arange(len(readable)), "prob": with_prior(test, readable, prior)})


def fold_fingerprint(recipe: Recipe, inputs: Inputs, fold: Fold) -> str:
    """Names a training by all that decides it: settings, weights' content, images' content, labels and rows."""
    weights = recipe.model.weights
    return digest(
        training_settings(recipe.model_dump(mode="json")),
        file_digest(Path(weights).expanduser()) if weights and Path(weights).expanduser().is_file() else weights,
        inputs.train.folder.name,
        inputs.test.folder.name,
        inputs.table.label.tolist(),
        inputs.table.class_names,
        fold.train.tolist(),
        fold.valid.tolist(),
    )
