"""Directions: which classes become another one when a drawing is flipped or turned, and what training does about it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sketchfit.auditing.directions import find_directions
from sketchfit.config.policies import policy_of
from sketchfit.config.recipe import Recipe
from sketchfit.config.transforms import TURNS, TransformsSection
from sketchfit.data.store import Store
from sketchfit.data.table import fingerprint
from sketchfit.runs.artefacts import DirectionFigures, Directions
from sketchfit.runs.fingerprint import digest
from sketchfit.stages.context import Member, RunContext, RunState
from sketchfit.training.kernel_views import MIRRORED, wants_mirrored

log = logging.getLogger(__name__)

VERSION = 1
"""Increased when the same drawings would give other directions."""

SHOWN = 10
"""Classes that are printed."""


def directions(context: RunContext, state: RunState) -> RunState:
    """Measure which classes a flip changes, where a policy flips, and leave such flips out of their training."""
    members = dict(state.members)
    if state.student is not None:
        members[state.student.name] = state.student
    changed = with_directions(context, members, state.group)
    student = None if state.student is None else changed.pop(state.student.name)
    return replace(state, members=changed, student=student)


def with_directions(
    context: RunContext, members: Mapping[str, Member], group: NDArray[np.int64] | None
) -> dict[str, Member]:
    """Return the members with `transforms.directions` measured, where their recipe leaves that open.

    Args:
        context: of the run.
        members: by name.
        group: int64 [N], related rows share a number; None: rows are independent.
    """
    open_members = {name: one for name, one in members.items() if measures(one.recipe)}
    extra = context.recipe.pseudo_label.noisy_student if context.recipe.pseudo_label.enabled else None
    turns = used_turns([one.recipe for one in open_members.values()], extra)
    if not turns:
        return dict(members)
    with context.engine.main_first():
        store = next(iter(members.values())).train
        found = _stored(context, store, group, turns) or _measure(context, store, group, turns)
    _print(found.found, {one.recipe.transforms.mirror for one in open_members.values()})
    return {
        name: replace(one, recipe=applied(one.recipe, found.found)) if name in open_members else one
        for name, one in members.items()
    }


def measures(recipe: Recipe) -> bool:
    """Return whether a recipe leaves it to the data which classes a flip changes."""
    return recipe.transforms.mirror != "never" and not recipe.transforms.directions


def used_turns(recipes: Iterable[Recipe], policy: str | None = None) -> tuple[str, ...]:
    """Return the flips and turns in the policies of recipes, and of one more policy, in the order of `TURNS`.

    A kernel head that averages over the mirrored picture flips too.
    """
    names: set[str] = set()
    for recipe in recipes:
        names |= {MIRRORED} if wants_mirrored(recipe) else set()
        section, epochs = recipe.transforms, recipe.training.epochs
        stages = {section.stage(epoch, epochs): epoch for epoch in range(epochs)}
        for epoch in stages.values():
            names |= _names(policy_of(section, epoch, epochs))
    if policy:
        names |= _names(policy_of(TransformsSection(policy=policy)))
    return tuple(turn for turn in TURNS if turn in names)


def applied(recipe: Recipe, found: Sequence[DirectionFigures]) -> Recipe:
    """Return a recipe with these directions; unchanged where it keeps its flips."""
    if recipe.transforms.mirror == "keep":
        return recipe
    by_turn: dict[str, dict[str, str]] = {}
    for one in found:
        by_turn.setdefault(one.turn, {})[one.source] = one.target
    transforms = recipe.transforms.model_copy(update={"directions": by_turn})
    return recipe.model_copy(update={"transforms": transforms})


def _names(ops: Sequence[object]) -> set[str]:
    """Return the names of operations, and of those that they choose from."""
    inner = [name for op in ops for name in _names(getattr(op, "of", ()))]
    return {str(getattr(op, "op", "")) for op in ops} | set(inner)


def _stored(
    context: RunContext, store: Store, group: NDArray[np.int64] | None, turns: Sequence[str]
) -> Directions | None:
    found = Directions.find(context.run.path)
    return found if found is not None and found.key == _key(context, store, group, turns) else None


def _measure(context: RunContext, store: Store, group: NDArray[np.int64] | None, turns: Sequence[str]) -> Directions:
    """Measure directions, and write them."""
    table = context.table
    measured = find_directions(
        lambda row: (store.images[row], store.paper[row]),
        np.where(store.readable, table.label, -1),
        group,
        turns,
        context.recipe.compute.threads,
    )
    figures = tuple(
        DirectionFigures.model_validate(
            {**vars(one), "source": table.class_labels[one.source], "target": table.class_labels[one.target]}
        )
        for one in measured
    )
    found = Directions(key=_key(context, store, group, turns), found=figures)
    context.run.write(found)
    return found


def _key(context: RunContext, store: Store, group: NDArray[np.int64] | None, turns: Sequence[str]) -> str:
    groups = None if group is None else group.tolist()
    return digest(VERSION, fingerprint(context.table), context.table.class_labels, store.folder.name, groups, turns)


def _print(found: Sequence[DirectionFigures], modes: set[str]) -> None:
    if not found:
        return
    effects = {
        "auto": "training does not do that to them",
        "swap": "they are flipped and labelled as each other",
        "keep": "training does it nevertheless",
    }
    done = "; ".join(f"{effects[mode]} (transforms.mirror={mode})" for mode in sorted(modes))
    log.info(f"directions: {len(found)} times a class becomes another one when it is flipped or turned; {done}")
    for one in found[:SHOWN]:
        log.info(f"  {one}")
    if len(found) > SHOWN:
        log.info(f"  {len(found) - SHOWN} more in {Directions.PLACE}")
