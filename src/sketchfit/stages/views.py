"""Test-time views of a member: predict each once a fold, keep those that a paired test says help."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.recipe import Recipe
from sketchfit.data.folds import Fold
from sketchfit.files import read_json, write_npz
from sketchfit.inference.intervals import Difference, paired_difference
from sketchfit.inference.oof import Floats, Rows, estimate_json, mean_by_row
from sketchfit.inference.predictor import Predictor
from sketchfit.inference.tta import IDENTITY, View, count_pictures, parse_views
from sketchfit.inference.views import SelectedViews, ViewGain, cross_fit, merge_views, select_views
from sketchfit.models.network import Network
from sketchfit.runs.folder import RunFolder
from sketchfit.stages.train import FoldResult, Inputs, class_prior, load_network, with_prior
from sketchfit.tracking.console import Console
from sketchfit.training.engine import Engine

Split = Literal["oof", "test"]


@dataclass(frozen=True)
class MemberAnswers:
    """One member after its views.

    Attributes:
        plain: float32 [n, C], out-of-fold, the whole picture alone.
        oof: float32 [n, C], each row by views that were chosen on other folds.
        test: float32 [N_test, C] of each network, by the views chosen on all rows.
        views: those views; None where no other was tried.
        gain: nested gain of choosing views; None likewise.
    """

    plain: Floats
    oof: Floats
    test: tuple[Floats, ...]
    views: SelectedViews | None
    gain: Difference | None


def member_rows(results: Sequence[FoldResult]) -> NDArray[np.int64]:
    """Int64 [n], ascending: rows that a member has out-of-fold probabilities of."""
    return np.unique(np.concatenate([result.rows for result in results]))


def apply_views(
    run: RunFolder,
    member: str,
    recipe: Recipe,
    inputs: Inputs,
    folds: Sequence[Fold],
    results: Sequence[FoldResult],
    rows: Rows,
    engine: Engine,
    console: Console,
) -> MemberAnswers:
    """Try the recipe's views on a member's out-of-fold rows and answer the test rows with those that help.

    Args:
        folds: those that were trained.
        results: theirs, in the same order.
        rows: all rows that `results` have.
    """
    names = [view.name for view in parse_views(recipe.inference.views) if view.name != IDENTITY]
    plain = mean_by_row([result.rows for result in results], [result.oof for result in results])[1]
    if not names:
        return MemberAnswers(plain, plain, tuple(result.test for result in results), None, None)
    by_fold = [fold_views(run, member, recipe, inputs, fold, "oof", names, engine, console) for fold in folds]
    probs = {IDENTITY: plain} | {
        name: mean_by_row([fold.valid for fold in folds], [views[name] for views in by_fold])[1] for name in names
    }
    mode = recipe.inference.mode
    chosen = select_views(probs, rows.label, rows.group, mode, IDENTITY, recipe.seed)
    honest = cross_fit(probs, rows.label, rows.fold, rows.group, mode, IDENTITY)
    gain = paired_difference(rows.right(plain), rows.right(honest), rows.group)
    print_views(member, chosen, gain, console)
    test = [
        answer_test(run, member, recipe, inputs, fold, result, chosen, engine, console)
        for fold, result in zip(folds, results, strict=True)
    ]
    return MemberAnswers(plain, honest, tuple(test), chosen, gain)


def answer_test(
    run: RunFolder,
    member: str,
    recipe: Recipe,
    inputs: Inputs,
    fold: Fold,
    result: FoldResult,
    chosen: SelectedViews | None,
    engine: Engine,
    console: Console,
) -> Floats:
    """Float32 [N_test, C]: one network's answer by the chosen views; None: by the whole picture alone."""
    if chosen is None or chosen.names == (IDENTITY,):
        return result.test
    used = [name for name in chosen.names if name != IDENTITY]
    views = {IDENTITY: result.test} | fold_views(run, member, recipe, inputs, fold, "test", used, engine, console)
    return merge_views([views[name] for name in chosen.names], chosen.mode).astype(np.float32)


def fold_views(
    run: RunFolder,
    member: str,
    recipe: Recipe,
    inputs: Inputs,
    fold: Fold,
    split: Split,
    names: Sequence[str],
    engine: Engine,
    console: Console,
) -> dict[str, Floats]:
    """A view's name to one network's probabilities [n, C], of its validation rows or of all test rows.

    They lie in `oof_views.npz` and `test_views.npz`; only views that are missing there are computed.
    """
    folder = run.fold(member, fold.number)
    fingerprint = str(read_json(folder / "done.json")["fingerprint"])
    path = folder / f"{split}_views.npz"
    known = _read(path, fingerprint)
    missing = parse_missing(names, known)
    if missing and engine.is_main:
        network = load_network(folder, recipe, inputs.table.class_count)
        network.model.to(engine.device)
        with console.bar(f"{member}/fold{fold.number}: {len(missing)} views of {split} rows", 1) as advance:
            found = _predict(network, recipe, inputs, fold, split, missing, engine)
            advance(1, "")
        write_npz(path, {"fingerprint": np.array(fingerprint)} | {f"view:{k}": v for k, v in (known | found).items()})
    engine.wait()
    known = _read(path, fingerprint) if missing else known
    return {name: known[name] for name in names}


def parse_missing(names: Sequence[str], known: Mapping[str, Floats]) -> tuple[View, ...]:
    """The views among `names` that are not known yet."""
    return tuple(view for view in parse_views(names) if view.name in names and view.name not in known)


def _read(path: Path, fingerprint: str) -> dict[str, Floats]:
    """Views on disk; none where they belong to a network that was trained otherwise."""
    if not path.is_file():
        return {}
    with np.load(path, allow_pickle=False) as file:
        if file["fingerprint"].item() != fingerprint:
            return {}
        return {name[5:]: file[name] for name in file.files if name.startswith("view:")}


def _predict(
    network: Network,
    recipe: Recipe,
    inputs: Inputs,
    fold: Fold,
    split: Split,
    views: Sequence[View],
    engine: Engine,
) -> dict[str, Floats]:
    classes = inputs.table.class_count
    store = inputs.train if split == "oof" else inputs.test
    rows = fold.valid if split == "oof" else np.flatnonzero(store.readable)
    found = network_views(network, recipe, store, rows, views, classes, engine)
    if split == "oof":
        return found
    prior = class_prior(inputs.table.label[fold.train], classes)
    return {name: with_prior(prob, store.readable, prior) for name, prob in found.items()}


def network_views(
    network: Network,
    recipe: Recipe,
    store: Any,
    rows: NDArray[np.int64],
    views: Sequence[View],
    classes: int,
    engine: Engine,
) -> dict[str, Floats]:
    """A view's name to probabilities float32 [n, C] of rows of a store; the network is on the engine's device."""
    del classes
    predictor = Predictor.of(network, recipe, engine.device, images=len(rows) * count_pictures(views))
    return predictor.views(store, rows, views)


def view_verdict(view: ViewGain) -> str:
    """What became of a view, and why, in words."""
    if view.kept:
        return "kept"
    if view.beside_base.high < 0:
        return "hurts"
    return "adds nothing to the views that are kept" if view.beside_base.low > 0 else "does not help"


def print_views(member: str, chosen: SelectedViews, gain: Difference, console: Console) -> None:
    """One line a view with its gain, kept or not, and what choosing is worth on rows that had no say."""
    console.line(f"{member}: views beside {IDENTITY} ({chosen.base}), merged by {chosen.mode}")
    for view in chosen.gains:
        console.line(f"  {view.name}: {view_verdict(view)}; alone {view.alone}; beside {IDENTITY} {view.beside_base}")
    if len(chosen.names) > 1:
        console.line(f"  {' + '.join(chosen.names)}: {gain} where views are chosen on other folds")


def views_json(
    answers: Mapping[str, MemberAnswers], folders: Mapping[str, str], refits: Mapping[str, tuple[str, float]]
) -> dict[str, Any]:
    """What `ensemble/views.json` holds: for each member its networks' folder, that of its refit and what it counts,
    the views used, their mode, and every gain."""
    return {
        member: {
            "folder": folders[member],
            "refit": refits.get(member),
            "names": list(found.views.names) if found.views else [IDENTITY],
            "mode": found.views.mode if found.views else "mean-prob",
            "nested_gain": estimate_json(found.gain) if found.gain else None,
            "tried": [
                {
                    "name": gain.name,
                    "kept": gain.kept,
                    "alone": estimate_json(gain.alone),
                    "beside_base": estimate_json(gain.beside_base),
                    "beside_chosen": estimate_json(gain.beside_chosen),
                }
                for gain in (found.views.gains if found.views else ())
            ],
        }
        for member, found in answers.items()
    }
