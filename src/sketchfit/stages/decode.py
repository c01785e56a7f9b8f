"""Decoding: every image of both tables into the image stores of all members."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace

from sketchfit.auditing.callback import AuditCallback
from sketchfit.config.parse import member_recipes
from sketchfit.config.recipe import Recipe
from sketchfit.config.student import student_of
from sketchfit.data.store import Store
from sketchfit.data.stores import load_stores
from sketchfit.distillation.student import distilled_name
from sketchfit.errors import DataError
from sketchfit.stages.context import Member, RunContext, RunState
from sketchfit.wording import counted

log = logging.getLogger(__name__)

PRINTED = 10
"""Unreadable images that are printed; all of them are in findings.json."""


def decode(context: RunContext, state: RunState) -> RunState:
    """Open the stores of all members and of the student; images that can't be read are listed."""
    callback = AuditCallback(context.table, context.recipe)
    recipes, student = member_recipes(context.recipe), None
    if context.recipe.distill.enabled:
        found = student_of(context.recipe)
        student = distilled_name(found.name)
        recipes |= {student: found.recipe}
    with context.engine.main_first():  # the process that audits must receive the images
        opened = open_members(context, recipes, callback)
    members = {name: member for name, member in opened.items() if name != student}
    first = next(iter(members.values()))
    _print_store(first.train)
    train, test = unreadable_images(context, first)
    damaged = damaged_images(context, first)
    return replace(
        state,
        members=members,
        student=None if student is None else opened[student],
        audit_callback=callback,
        unreadable_train=train,
        unreadable_test=test,
        damaged_train=damaged[0],
        damaged_test=damaged[1],
    )


def open_members(
    context: RunContext, recipes: Mapping[str, Recipe], callback: AuditCallback | None = None
) -> dict[str, Member]:
    """Open the stores of recipes by name; `callback` receives the images that are decoded."""
    table, console = context.table, context.console
    receivers = (callback.train, callback.test) if callback else (lambda _: None,) * 2
    train = load_stores(table, table.train, "training", list(recipes.values()), console, receivers[0])
    test = load_stores(table, table.test, "test", list(recipes.values()), console, receivers[1])
    return {
        name: Member(name, recipe, *stores)
        for (name, recipe), *stores in zip(recipes.items(), train, test, strict=True)
    }


def unreadable_images(context: RunContext, member: Member) -> tuple[dict[str, str], dict[str, str]]:
    """Return the images of the training and the test table that can't be read, with the reason, and print them.

    Raises:
        UserError: there are some and `data.missing` is `error`, or no training image can be read.
    """
    table = context.table
    train = {path: error for path, error in zip(table.train.paths, member.train.errors, strict=True) if error}
    test = {path: error for path, error in zip(table.test.paths, member.test.errors, strict=True) if error}
    problems = [f"{path}: {error}" for path, error in [*train.items(), *test.items()]]
    if context.recipe.data.missing == "error" and problems:
        raise DataError(
            [f"{counted(len(problems), 'image')} cannot be read", *problems],
            "Fix them, or leave out --strict and data.missing=error: such training rows are then dropped, and such "
            "test rows get the prior.",
        )
    if len(train) == len(table.train):
        raise DataError(["no training image can be read", *problems[:PRINTED]], "Check the paths and the files.")
    for found, one, several, effect in (
        (train, "training image cannot be read and is", "training images cannot be read and are", "dropped"),
        (test, "test image cannot be read and gets", "test images cannot be read and get", "the prior"),
    ):
        if found:
            log.info(f"{counted(len(found), one, several)} {effect}:")
            for path, error in list(found.items())[:PRINTED]:
                log.info(f"  {path}: {error}")
    return train, test


def damaged_images(context: RunContext, member: Member) -> tuple[dict[str, str], dict[str, str]]:
    """Return the damaged images of both tables that are used as far as they can be decoded, and print them."""
    parts = ((context.table.train, member.train), (context.table.test, member.test))
    train, test = (
        {path: text for path, text in zip(one.paths, store.damage, strict=True) if text} for one, store in parts
    )
    if train or test:
        log.info(
            f"{counted(len(train) + len(test), 'image is', 'images are')} damaged; what can be decoded of them is used:"
        )
        for path, text in [*train.items(), *test.items()][:PRINTED]:
            log.info(f"  {path}: {text}")
    return train, test


def _print_store(store: Store) -> None:
    _, size, _, channels = store.images.shape
    kind = "grey" if channels == 1 else "colour"
    log.info(f"images stored at {size} px, {kind}, in {store.folder}{'' if store.built else ' (from an earlier run)'}")
