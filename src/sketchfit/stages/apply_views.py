"""Test-time views: each is predicted once per fold, and those are kept that a paired test shows to help."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from sketchfit.config.views import IDENTITY
from sketchfit.data.folds import Fold
from sketchfit.inference.blocks import by_blocks
from sketchfit.inference.choices import print_unused, unless_worse
from sketchfit.inference.intervals import Difference, paired_difference
from sketchfit.inference.merged_views import merge_views
from sketchfit.inference.oof import Floats, Rows
from sketchfit.inference.predictor import Predictor
from sketchfit.inference.tta import View, count_pictures, parse_views
from sketchfit.inference.unreadable import class_prior, with_prior
from sketchfit.inference.view_gains import loss_statement, view_verdict
from sketchfit.inference.view_selection import SelectedViews, cross_fit, select_views
from sketchfit.models.feature_network import FeatureNetwork
from sketchfit.models.network import Network
from sketchfit.models.saved_network import load_network
from sketchfit.runs.artefacts import MeasuredChoice, MemberViews, Step, TriedView, Views
from sketchfit.runs.networks import Split
from sketchfit.runs.probabilities import Probabilities, mean_by_row
from sketchfit.stages.context import Member, RunContext, RunState
from sketchfit.stages.products import MemberPredictions
from sketchfit.training.bank_member import is_bank_member
from sketchfit.training.bank_views import bank_views
from sketchfit.training.fold import TrainedMember
from sketchfit.training.fold_result import FoldResult

log = logging.getLogger(__name__)


def apply_views(context: RunContext, state: RunState) -> RunState:
    """Choose the views of each source of probabilities, and predict its test rows by them."""
    predictions, steps = {}, list[Step]()
    for name, source in state.sources.items():
        found = choose_views(context, source, state.rows)
        steps.append(state.rows.step(found.folder, found.plain))
        if found.views is not None and len(found.views.names) > 1:
            label = f"{found.folder} + {', '.join(found.views.names[1:])}"
            steps.append(state.rows.step(label, found.oof, found.plain))
        predictions[name] = _by_fold_soup(context, state, source.member, found)
    choices = tuple(one.choice for one in predictions.values() if one.choice is not None)
    return replace(state, predictions=predictions, steps=(*state.steps, *steps), choices=(*state.choices, *choices))


def choose_views(context: RunContext, source: TrainedMember, rows: Rows) -> MemberPredictions:
    """Try the recipe's views on out-of-fold rows, and predict the test rows by those that help.

    Where choosing them on other folds gives a lower accuracy than the entire image alone, no view is used.

    Args:
        context: of the run.
        source: networks of its folds.
        rows: that all sources validate.
    """
    inference, networks, plain = source.member.recipe.inference, source.networks, source.oof_of(rows.row)
    numbers = tuple(fold.number for fold in source.folds)
    names = [view.name for view in parse_views(inference.views) if view.name != IDENTITY]
    if not names:
        tests = tuple(one.test for one in source.results)
        return MemberPredictions(plain, plain, tests, None, None, source.folder, numbers)
    by_fold = [fold_views(context, networks, fold, "oof", names) for fold in source.folds]
    probs = {IDENTITY: plain} | {
        name: mean_by_row(
            [Probabilities(fold.valid, views[name]) for fold, views in zip(source.folds, by_fold, strict=True)]
        ).at(rows.row)
        for name in names
    }
    chosen = select_views(probs, rows.label, rows.group, inference.mode, IDENTITY, source.member.recipe.seed)
    nested = cross_fit(probs, rows.label, rows.fold, rows.group, inference.mode, IDENTITY)
    gain = paired_difference(rows.right(plain), rows.right(nested), rows.group)
    choice = views_choice(source.folder, chosen, rows, plain, nested)
    print_views(source.folder, chosen, gain)
    print_unused([] if choice is None else [choice])
    if choice is None or not choice.used:
        chosen, nested = chosen.base_alone(), plain
    test = [
        predict_test(context, networks, fold, result, chosen)
        for fold, result in zip(source.folds, source.results, strict=True)
    ]
    return MemberPredictions(plain, nested, tuple(test), chosen, gain, source.folder, numbers, choice)


def _by_fold_soup(context: RunContext, state: RunState, member: Member, found: MemberPredictions) -> MemberPredictions:
    """Return the predictions with test rows by the soup of the folds, where the recipe uses it."""
    soup = state.soups.of_folds.get(member.name)
    if soup is None or state.soups.use != "folds":
        return found
    test = predict_test(context, replace(member, name=soup.name), soup.everything, soup.result, found.views)
    return replace(found, test=(test,), folder=soup.name, folds=())


def predict_test(
    context: RunContext, networks: Member, fold: Fold, result: FoldResult, views: SelectedViews | None
) -> Floats:
    """Return one network's test probabilities by the chosen views, float32 [N_test, C].

    Args:
        context: of the run.
        networks: the member, under the name of its networks' folder.
        fold: of the network.
        result: the network's probabilities of the entire image.
        views: None: the entire image alone.
    """
    if views is None or views.names == (IDENTITY,):
        return result.test
    names = [name for name in views.names if name != IDENTITY]
    probs = {IDENTITY: result.test} | fold_views(context, networks, fold, "test", names)
    shape = result.test.shape

    def merged(part: slice) -> Floats:
        return merge_views([probs[name][part] for name in views.names], views.mode).astype(np.float32)

    return by_blocks(merged, shape, shape[1], np.float32)


def fold_views(
    context: RunContext, networks: Member, fold: Fold, split: Split, names: Sequence[str]
) -> dict[str, Floats]:
    """Return one network's probabilities [n, C] by view, of its validation rows or of all test rows.

    They are stored in `oof_views.npz` and `test_views.npz`; only views that are missing there are computed.
    """
    folder = context.run.network(networks.name, fold.number)
    fingerprint = folder.done.fingerprint
    known = folder.views(split, fingerprint)
    missing = missing_views(names, known)

    def write() -> None:
        network = load_network(folder.path, networks.recipe, context.table.class_count)
        with context.console.bar(f"{folder.name}: {len(missing)} views of {split} rows", 1) as advance:
            found = known | _predict(context, network, networks, fold, split, missing)
            advance(1, "")
        folder.write_views(split, fingerprint, found)

    if missing:
        context.engine.on_main(write)
        known = folder.views(split, fingerprint)
    return {name: known[name] for name in names}


def missing_views(names: Sequence[str], known: Mapping[str, Floats]) -> tuple[View, ...]:
    """Return the views among `names` that are not known yet."""
    return tuple(view for view in parse_views(names) if view.name in names and view.name not in known)


def _predict(
    context: RunContext, network: Network, networks: Member, fold: Fold, split: Split, views: Sequence[View]
) -> dict[str, Floats]:
    table, recipe = context.table, networks.recipe
    store = networks.train if split == "oof" else networks.test
    rows = fold.valid if split == "oof" else np.flatnonzero(store.readable)
    if is_bank_member(recipe) and isinstance(network.model, FeatureNetwork):
        found = bank_views(context, networks, network, store, views, rows)
    else:
        pictures = len(rows) * count_pictures(views)
        found = Predictor.of(network, recipe, context.engine.device, images=pictures).views(store, rows, views)
    if split == "oof":
        return found
    prior = class_prior(table.label[fold.train], table.class_count)
    return {name: with_prior(prob, store.readable, prior) for name, prob in found.items()}


def views_choice(
    folder: str, chosen: SelectedViews, rows: Rows, plain: Floats, nested: Floats
) -> MeasuredChoice | None:
    """Return whether the views that were chosen on all rows are used; None where none was chosen.

    Accuracy must not be lower. Where it is lower, but not shown to be, the log-loss decides, which uses more of each
    row; votes have none.

    Args:
        folder: of the networks.
        chosen: on all rows.
        rows: n of them.
        plain, nested: float [n, C], by the entire image alone, and by views that are chosen on other folds.
    """
    if len(chosen.names) < 2:
        return None
    name = f"views {', '.join(chosen.names[1:])} of {folder}"
    choice = unless_worse(name, rows, plain, nested)
    if choice.used or choice.gain.hurts or chosen.mode == "vote":
        return choice
    return unless_worse(name, rows, plain, nested, measure="log-loss")


def print_views(folder: str, chosen: SelectedViews, gain: Difference) -> None:
    """Print one line per view with its gain, kept or not, and the gain of choosing views on other folds."""
    log.info(f"{folder}: views next to {IDENTITY} ({chosen.base}), merged by {chosen.mode}")
    for view in chosen.gains:
        verdict = view_verdict(view, len(chosen.gains))
        log.info(f"  {view.name}: {verdict}; alone {view.alone}; with {IDENTITY} {view.beside_base}")
        if view.loss_beside_base is not None:
            log.info(f"  {IDENTITY} + {view.name}: {loss_statement(view.loss_beside_base)}")
    if len(chosen.names) > 1:
        log.info(f"  {' + '.join(chosen.names)}: {gain} where views are chosen on other folds")


def views_record(predictions: Mapping[str, MemberPredictions], refits: Mapping[str, tuple[str, float]]) -> Views:
    """Return what is stored of each member's networks and views.

    Args:
        predictions: of each member.
        refits: folder of each member's network that was trained on all rows, and its weight.
    """
    members = {}
    for name, found in predictions.items():
        views = found.views
        members[name] = MemberViews(
            folder=found.folder,
            refit=refits.get(name),
            names=views.names if views else (IDENTITY,),
            mode=views.mode if views else "mean-prob",
            nested_gain=found.gain,
            tried=tuple(TriedView.model_validate(gain) for gain in (views.gains if views else ())),
        )
    return Views(members=members)
