"""Related rows: which are found, and which of them the folds keep together."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.folds import FoldsSection
from sketchfit.data.exif import read_exif
from sketchfit.data.table import Table, fingerprint
from sketchfit.relations.key import NO_VALUE, Key, own_groups
from sketchfit.relations.origins import origins_of
from sketchfit.relations.search import SearchFeatures, find_relations
from sketchfit.relations.syntax import group_of, parse_group
from sketchfit.reporting.audit.recipe_audit import PAGE
from sketchfit.reporting.audit.relations_card import show_relations
from sketchfit.runs.arrays import find_npz, write_npz
from sketchfit.runs.artefacts import AuditFindings, Relations
from sketchfit.runs.fingerprint import digest
from sketchfit.stages.context import RunContext, RunState
from sketchfit.stages.frozen_rows import FrozenRows
from sketchfit.stages.kept_folds import folds_of_networks
from sketchfit.stages.relation_choice import KeyedRows, choose_grouping
from sketchfit.stages.relation_figures import relation_figures

log = logging.getLogger(__name__)

Ints = NDArray[np.int64]

VERSION = 4
"""Increased when the same data would give other relations."""

SEPARABLE = 0.55
"""Area under the curve of a classifier of training and test images by traits, from which on test images differ."""

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
    relation, kept = found.chosen, folds_of_networks(context)
    if kept is not None and not np.array_equal(kept.group, group):
        relation, group = "", kept.group  # chosen by an earlier start, which did not store by what
    together = group if len(np.unique(group)) < len(group) else None
    return replace(state, group=together, relation=relation)


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
    rows = KeyedRows(origins, copies, frozen)
    tested = () if frozen is None else find_relations(origins, copies, SearchFeatures(frozen.row, frozen.values))
    choice = choose_grouping(context, rows, tested, drifts)
    return relation_figures(context, choice, tested, rows), choice.chosen.group


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


def _drifts(findings: AuditFindings | None) -> bool:
    """Return whether traits of the pages separate test from training images: then relations are not the cause.

    Where they were not compared, they may.
    """
    interval = findings.drift.auc_interval if findings is not None and findings.drift is not None else None
    return interval is None or interval[0] > SEPARABLE
