"""`sketchfit fit`: one network trained on all rows. Nothing is held out, so no figure is claimed."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sketchfit.config.load import load_recipe
from sketchfit.config.parse import member_recipes
from sketchfit.data.folds import Fold
from sketchfit.errors import UserError
from sketchfit.runs.create import locked_run
from sketchfit.stages.decode import open_members, unreadable_images
from sketchfit.stages.directions import with_directions
from sketchfit.stages.start import RunRequest, start_run
from sketchfit.tracking.callback import RunReport
from sketchfit.tracking.supervise import supervised
from sketchfit.training.bank_member import train_member
from sketchfit.verbosity import as_results

log = logging.getLogger(__name__)


def fit(
    data: str | Path,
    recipe: str | Path | Mapping[str, Any] = "cpu",
    overrides: Sequence[str] | Mapping[str, Any] = (),
    out: str | Path = "runs/fit",
    *,
    strict: bool = False,
    fresh: bool = False,
) -> Path:
    """Train one member on all rows; arguments as for `run`.

    Returns:
        The folder of the trained network; its run's folder works for `predict`.

    Raises:
        UserError: a mistake in the recipe, the tables or the folder; or a recipe of several members.
    """
    with locked_run(Path(out), "fit", fresh=fresh), supervised() as dispatcher:
        settings = load_recipe(recipe, overrides)
        if len(members := member_recipes(settings)) > 1:
            raise UserError(
                f"fit trains one member, and the recipe has {', '.join(members)}", "Use run, or leave `members` out."
            )
        request = RunRequest(Path(data), settings, Path(out), strict, fresh, kind="fit")
        context = start_run(request, dispatcher)
        (member,) = open_members(context, member_recipes(context.recipe)).values()
        unreadable_images(context, member)
        (member,) = with_directions(context, {member.name: member}, None).values()
        rows = np.flatnonzero(member.train.readable)
        train_member(context, member, [Fold(0, rows, rows[:0])], callback=context.dispatcher)
        folder = context.run.fold(member.name, 0)
        line = f"trained on all {len(rows):,} rows, nothing held out: {folder / 'model.safetensors'}"
        with as_results():
            log.info(line)
        context.dispatcher.run_finished(RunReport({}, (line,), context.clock.since_start))
        return folder
