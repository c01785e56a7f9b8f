"""Related rows: which are found, and which of them the folds keep together."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.folds import FoldsSection
from sketchfit.data.exif import read_exif
from sketchfit.data.folds import crossing_pairs, stratified_folds
from sketchfit.data.table import Table, fingerprint
from sketchfit.errors import UserError
from sketchfit.relations.choice import (
    Grouping,
    GroupingChoice,
    candidates_of,
    choose,
    shared_with_test,
    with_clusters,
    with_copies,
)
from sketchfit.relations.key import NO_VALUE, Key, joined, keeps_together, own_groups
from sketchfit.relations.levels import cluster_levels, error_of_level
from sketchfit.relations.origins import Origins, origins_of
from sketchfit.relations.ranking import Tested
from sketchfit.relations.resemblance import FoldPlan, Resemblance, resemblances
from sketchfit.relations.search import SearchFeatures, find_relations
from sketchfit.relations.syntax import KnownGroups, group_of, parse_group
from sketchfit.reporting.audit.recipe_audit import PAGE
from sketchfit.reporting.audit.relations_card import show_relations
from sketchfit.runs.arrays import find_npz, write_npz
from sketchfit.runs.artefacts import AuditFindings, GroupingFigures, KeyFigures, Relations
from sketchfit.runs.artefacts.relations import CLUSTERS
from sketchfit.runs.fingerprint import digest
from sketchfit.stages.context import RunContext, RunState
from sketchfit.stages.frozen_rows import FrozenRows
from sketchfit.stages.kept_folds import folds_of_networks
from sketchfit.wording import counted

log = logging.getLogger(__name__)

Ints = NDArray[np.int64]

VERSION = 1
"""Increased when the same data would give other relations."""

SEPARABLE = 0.55
"""Area under the curve of a classifier of training and test images by traits, from which on test images differ."""

FEWEST_TEST_ROWS = 50
"""With fewer, the certainty on test rows is not compared."""

SHOWN = 5
"""Related keys that are printed."""


def relate(context: RunContext, state: RunState) -> RunState:
    """Find related rows, choose what the folds keep together, and write `audit/relations.json`.

    Where networks are finished, their groups stay.

    Raises:
        UserError: `folds.group` names something that the rows do not have.
    """
    if context.recipe.folds.column is not None:
        return state
    with context.engine.main_first():
        found, group = _read(context, state) or _find_and_write(context, state)
    for line in found.lines(SHOWN):
        log.info(line)
    if state.features is not None:
        context.engine.on_main(lambda: show_relations(context.run.findings.parent / PAGE, found))
    kept = folds_of_networks(context)
    group = group if kept is None else kept.group
    together = group if len(np.unique(group)) < len(group) else None
    return replace(state, group=together)


def named_groups(section: FoldsSection, table: Table) -> Ints | None:
    """Return the groups that the names and columns of a table give, before any image is decoded: int64 [N].

    Raises:
        UserError: `folds.group` is not valid for this table.
    """
    if section.group == "auto" or section.column is not None:
        return None
    parts = parse_group(section.group, tuple(table.columns))
    if any(part.source in ("none", "near_duplicate", "cluster", "exif") for part in parts):
        return None
    return own_groups(group_of(section.group, origins_of(table)).train)


@dataclass(frozen=True)
class _Rows:
    """Facts about the rows of both tables.

    Attributes:
        origins: names, columns and EXIF fields.
        copies: groups of near-duplicates.
        frozen: features; None where there are none.
    """

    origins: Origins
    copies: Key
    frozen: FrozenRows | None


def _find_and_write(context: RunContext, state: RunState) -> tuple[Relations, Ints]:
    """Find relations and write them; the groups first, so that the figures name complete groups."""
    found, group = find_related(context, state, _drifts(AuditFindings.find(context.run.path)))
    write_npz(context.run.findings.parent / "relations.npz", {"group": group})
    context.run.write(found.model_copy(update={"key": _key(context, state)}))
    return found, group


def find_related(context: RunContext, state: RunState, drifts: bool) -> tuple[Relations, Ints]:
    """Find relations and choose a grouping; nothing is written.

    Args:
        context: whose table and recipe are used.
        state: with `group` (near-duplicates) and `features`.
        drifts: whether traits separate test from training images.

    Returns:
        What was found, and the group of each training row, int64 [N].

    Raises:
        UserError: `folds.group` names something that the rows do not have.
    """
    table = context.table
    files, test_files = ([table.root / path for path in part.paths] for part in (table.train, table.test))
    reads_exif = context.recipe.folds.group == "auto" and state.features is not None
    if reads_exif or "exif:" in context.recipe.folds.group:
        origins = origins_of(table, read_exif(files), read_exif(test_files))
    else:
        origins = origins_of(table)
    alone, unknown = np.full(len(files), NO_VALUE, np.int64), np.full(len(test_files), NO_VALUE, np.int64)
    copies = Key("near_duplicate", "near_duplicate", alone if state.group is None else state.group, unknown)
    frozen = None if state.features is None else FrozenRows.of(state.features, table.label)
    rows = _Rows(origins, copies, frozen)
    tested = () if frozen is None else find_relations(origins, copies, SearchFeatures(frozen.row, frozen.values))
    choice = _choose(context, rows, tested, drifts)
    return _figures(context, choice, tested, rows), choice.chosen.group


def _read(context: RunContext, state: RunState) -> tuple[Relations, Ints] | None:
    """Return what an earlier start found for the same data and settings."""
    found = Relations.find(context.run.path)
    if found is None or found.key != _key(context, state):
        return None
    known = find_npz(context.run.findings.parent / "relations.npz")
    return None if known is None else (found, known["group"])


def _key(context: RunContext, state: RunState) -> str:
    table, recipe = context.table, context.recipe
    first = next(iter(state.members.values()))
    features = state.features and [first.recipe.model.model_dump(), first.train.folder.name, first.test.folder.name]
    copies = None if state.group is None else state.group.tolist()
    plan = [recipe.folds.model_dump(exclude={"train"}), recipe.seed, recipe.claim.enabled]
    columns = [{name: values.tolist() for name, values in part.items()} for part in (table.columns, table.test_columns)]
    drifts = _drifts(AuditFindings.find(context.run.path))
    return digest(VERSION, fingerprint(table), table.class_names, features, copies, plan, columns, drifts)


def _choose(context: RunContext, rows: _Rows, tested: tuple[Tested, ...], drifts: bool) -> GroupingChoice:
    """Return the grouping that the recipe names, or the one with which validation resembles the test set."""
    setting, plan = context.recipe.folds.group, _plan(context)
    if setting != "auto":
        return _by_hand(setting, plan, rows, tested)
    # Within one class, a key is the same as across classes.
    related = [one.key for one in tested if one.verdict == "related" or (one.verdict == "part" and not one.key.nested)]
    candidates = candidates_of(rows.copies, related, plan, context.table.label)

    frozen = rows.frozen
    if frozen is None:
        found = choose(candidates, related, 0, None)
        return replace(found, reason="relations were not tested, as there are no frozen features")

    def compare(groupings: Mapping[str, Ints]) -> dict[str, Resemblance]:
        of_row = {name: group[frozen.row] for name, group in groupings.items()}
        return resemblances(frozen.judge, frozen.label, len(frozen.test_values), of_row, plan)

    comparable = len(frozen.test_values) >= FEWEST_TEST_ROWS
    choice = choose(candidates, related, len(rows.origins.test), compare if comparable else None)
    if not comparable or drifts:
        return choice
    return with_clusters(choice, _levels(rows, frozen), compare)


def _levels(rows: _Rows, frozen: FrozenRows) -> list[Grouping]:
    """Return groupings by clusters of similar rows, which keep near-duplicates together too."""
    found = []
    for size, group in cluster_levels(frozen.values, frozen.label).items():
        of_row = np.full(len(rows.copies.train), NO_VALUE, dtype=np.int64)
        of_row[frozen.row] = group
        clusters = Key(f"{CLUSTERS} of {size:g} rows", "cluster", of_row, rows.copies.test, nested=True)
        name = f"{clusters.name} + {rows.copies.name}"
        found.append(Grouping(name, own_groups(joined(name, [clusters, rows.copies]).train), (clusters.name,)))
    return found


def _drifts(findings: AuditFindings | None) -> bool:
    """Return whether traits of the pages separate test from training images: then relations are not the cause.

    Where they were not compared, they may.
    """
    interval = findings.drift.auc_interval if findings is not None and findings.drift is not None else None
    return interval is None or interval[0] > SEPARABLE


def _by_hand(setting: str, plan: FoldPlan, rows: _Rows, tested: tuple[Tested, ...]) -> GroupingChoice:
    """Return the grouping of the recipe, with near-duplicates together unless it is `none`."""
    clusters = next((one.key.train for one in tested if one.key.origin == "cluster"), None)
    known = KnownGroups(rows.copies.train, clusters)
    parts = parse_group(setting, tuple(rows.origins.train.columns))
    if clusters is None and any(part.source == "cluster" for part in parts):
        raise UserError(
            "folds.group: no tight clusters of drawings within a class were found",
            "Set folds.group=auto, or name what relates the rows. Clusters need claim.enabled=true.",
        )
    text = setting if setting in ("none", "near_duplicate") else f"{setting} + near_duplicate"
    key = group_of(setting, rows.origins, known)
    # The intervals of `none` still count copies as one row.
    group = own_groups(rows.copies.train) if setting == "none" else with_copies(key, rows.copies, plan)
    chosen = Grouping(setting if setting == "none" else text, group, (setting,))
    separated = 0 if setting == "none" else crossing_pairs(group, own_groups(key.train))
    reason = "the recipe sets it"
    if separated:
        pairs = counted(separated, "pair")
        reason += f"; {pairs} of rows that it relates may be in different folds, as near-duplicates would join too many"
    return GroupingChoice(chosen, (chosen,), reason)


def _plan(context: RunContext) -> FoldPlan:
    folds = context.recipe.folds
    parts = folds.k if folds.holdout is None else max(2, round(1 / folds.holdout))
    return FoldPlan(parts, context.recipe.seed if folds.seed is None else folds.seed)


def _figures(context: RunContext, choice: GroupingChoice, tested: tuple[Tested, ...], rows: _Rows) -> Relations:
    label, plan = context.table.label, _plan(context)
    plain = stratified_folds(label, [1 / plan.k] * plan.k, plan.seed)
    keys = [
        KeyFigures(
            name=one.key.name,
            origin=one.key.origin,
            groups=one.evidence.groups,
            smallest=one.evidence.sizes[0],
            median=one.evidence.sizes[1],
            largest=one.evidence.sizes[2],
            effect=one.evidence.effect,
            z=one.evidence.z,
            p=one.evidence.p,
            hit_rate=one.evidence.hit_rate,
            expected_hit_rate=one.evidence.expected_hit_rate,
            related=one.evidence.related,
            verdict=one.verdict,
            other=one.other,
            crossing_pairs=crossing_pairs(plain, own_groups(one.key.train)),
            shared_with_test=shared_with_test(one.key),
            kept=_kept(choice.chosen, one.key),
        )
        for one in tested
    ]
    groupings = [
        GroupingFigures(
            name=one.name,
            groups=one.groups,
            higher=found.higher if (found := choice.resemblances.get(one.name)) else None,
            error=found.error if found else None,
            head_top1=None if rows.frozen is None else rows.frozen.head_accuracy(one.group, plan),
        )
        for one in choice.candidates
    ]
    return Relations(
        setting=context.recipe.folds.group,
        chosen=choice.chosen.name,
        reason=choice.reason,
        keys=tuple(sorted(keys, key=lambda one: (not one.related, -abs(one.z)))),
        groupings=tuple(groupings),
        choice_error=_choice_error(choice.chosen, groupings),
    )


def _kept(chosen: Grouping, key: Key) -> bool:
    """Return whether the folds keep the groups of a key together, up to moved copies."""
    named = key.name in chosen.keys
    return chosen.name != "none" and (named or keeps_together(chosen.group, own_groups(key.train)))


def _choice_error(chosen: Grouping, groupings: Sequence[GroupingFigures]) -> float:
    """Return the standard error, in log-odds, of an accuracy with clusters; 0 for groups that something names."""
    if not any(name.startswith(CLUSTERS) for name in chosen.keys):
        return 0.0
    measured = [
        (one.higher, one.head_top1) for one in groupings if one.higher is not None and one.head_top1 is not None
    ]
    error = next(one.error or 0.0 for one in groupings if one.name == chosen.name)
    return error_of_level([one[0] for one in measured], [one[1] for one in measured], error)
