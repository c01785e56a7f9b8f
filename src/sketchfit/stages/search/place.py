"""The run of the chosen trials of a search, which begins with their networks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from sketchfit.config.recipe import Recipe
from sketchfit.moving import delete_folder, move
from sketchfit.remains import clear_parts, part_of
from sketchfit.runs.folder import RunFolder
from sketchfit.runs.lock import one_writer
from sketchfit.stages.search.study import EndedTrial
from sketchfit.stages.search.trials import Trials, trial_name


def place_networks(trials: Trials, recipe: Recipe, chosen: Sequence[EndedTrial], run: RunFolder) -> None:
    """Write the networks of the chosen trials into the folder of a run, unless they are there.

    Args:
        trials: of the search.
        recipe: of the run; its members are the chosen trials.
        chosen: whose networks on all folds are finished.
        run: its folder, which need not exist; other trials have another one.

    Raises:
        UserError: another process writes into it.
    """
    with one_writer(run.path):
        if not run.recipe.is_file():
            run.write_recipe(recipe)  # marks the folder as that of a run
        for one in chosen:
            name = trial_name(one.number)
            for fold in trials.trainer.folds:
                source = trials.folder(one.number).network(name, fold.number).path
                target = run.network(name, fold.number)
                if not target.is_done():
                    _copy_folder(source, target.path)


def _copy_folder(source: Path, target: Path) -> None:
    """Copy a folder completely or not at all; files are linked where the file system can."""
    target.parent.mkdir(parents=True, exist_ok=True)
    clear_parts(target)
    if target.exists():  # the run was stopped while it trained this network again
        delete_folder(target)
    part = part_of(target)
    shutil.copytree(source, part, copy_function=_link)
    move(part, target)


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target
