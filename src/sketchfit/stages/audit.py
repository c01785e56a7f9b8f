"""The audit of a run: findings, and the near-duplicate groups that folds keep together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sketchfit.data.table import fingerprint
from sketchfit.reporting.audit.recipe_audit import audit_table, check_external_images, log_audit, write_audit
from sketchfit.reporting.review import ReviewTarget, review_of_run
from sketchfit.runs.arrays import find_npz, write_npz
from sketchfit.runs.artefacts import AuditDone, AuditFindings
from sketchfit.runs.fingerprint import digest
from sketchfit.runs.run import Run
from sketchfit.stages.context import RunContext, RunState


def audit(context: RunContext, state: RunState) -> RunState:
    """Find near-duplicate groups, and write `audit/`."""
    with context.engine.main_first():
        if state.audit_callback is not None:
            state.audit_callback.finish(context.console)
        stores = [store.folder.name for one in state.members.values() for store in (one.train, one.test)]
        group = find_groups(context, stores)
    if group is None:
        unreadable = {"train": dict(state.unreadable_train), "test": dict(state.unreadable_test)}
        damaged = {"train": dict(state.damaged_train), "test": dict(state.damaged_test)}
        unused = {one.kind: one.paths for one in context.table.unused}
        findings = AuditFindings(notes=context.table.notes, unreadable=unreadable, damaged=damaged, unused=unused)
        context.engine.on_main(lambda: context.run.write(findings))
    return replace(state, group=group, copies=group)


def find_groups(context: RunContext, stores: list[str]) -> NDArray[np.int64] | None:
    """Return the near-duplicate group of each training row, int64 [N]; None where the audit is off.

    The groups are read from the run's `audit/` where they were found for the same images and settings.

    Args:
        stores: keys of the image stores, which name the content of all images.
    """
    table, recipe, console = context.table, context.recipe, context.console
    if not recipe.audit.enabled:
        return None
    check_external_images(table, recipe)  # each time: files outside the tables may have changed
    folder, key = context.run.findings.parent, _key(context, stores)
    done = AuditDone.find(context.run.path)
    known = find_npz(folder / "groups.npz") if done is not None and done.key == key else None
    if known is None:
        found = audit_table(table, recipe, console)
        write_audit(found, recipe, folder, review=_review(context))
        log_audit(found, folder)
        write_npz(folder / "groups.npz", {"group": found.group})
        context.run.write(AuditDone(key=key))
        return found.group
    return known["group"]


def _review(context: RunContext) -> ReviewTarget | None:
    """Return the run that a review on the audit's page continues; None before its folder has a state."""
    return review_of_run(Run.open(context.run.path)) if context.run.state.is_file() else None


def _key(context: RunContext, stores: list[str]) -> str:
    recipe = context.recipe
    folds = [recipe.folds.k, recipe.folds.seed, recipe.seed]
    return digest(fingerprint(context.table), recipe.audit.model_dump(), folds, recipe.model.backbone, stores)
