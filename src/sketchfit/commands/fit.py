"""`sketchfit fit`: one network trained on all rows. Nothing is held out, so no figure is claimed."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from sketchfit.commands.request import DataRequest
from sketchfit.config.parse import member_recipes
from sketchfit.data.folds import Fold
from sketchfit.data.picture_processes import picture_processes_ended
from sketchfit.errors import UserError
from sketchfit.runs.create import locked_run
from sketchfit.stages.decode import open_members, unreadable_images
from sketchfit.stages.directions import with_directions
from sketchfit.stages.start import RunRequest, start_run
from sketchfit.tracking.callback import RunReport
from sketchfit.tracking.supervise import supervised
from sketchfit.training.bank_member import train_members
from sketchfit.verbosity import as_results
from sketchfit.wording import counted

log = logging.getLogger(__name__)


def fit(request: DataRequest, *, strict: bool = False, fresh: bool = False) -> Path:
    """Train one member on all rows; arguments and errors: `sketchfit.fit`.

    Returns:
        The folder of the run.
    """
    request, out = request.resolved(), request.out or Path("runs/fit")
    with locked_run(out, "fit", fresh=fresh), supervised() as dispatcher, picture_processes_ended():
        settings = request.checked_recipe()
        if len(members := member_recipes(settings)) > 1:
            raise UserError(
                f"fit trains one member, and the recipe has {', '.join(members)}", "Use run, or leave `members` out."
            )
        context = start_run(RunRequest(request.data, settings, out, strict, fresh, kind="fit"), dispatcher)
        (member,) = open_members(context, member_recipes(context.recipe)).values()
        unreadable_images(context, member)
        (member,) = with_directions(context, {member.name: member}, None).values()
        rows = np.flatnonzero(member.train.readable)
        train_members(context, [member], [Fold(0, rows, rows[:0])], callback=context.dispatcher)
        folder = context.run.fold(member.name, 0)
        line = f"trained on all {counted(len(rows), 'row')}, nothing held out: {folder / 'model.safetensors'}"
        with as_results():
            log.info(line)
        context.dispatcher.run_finished(RunReport({}, (line,), context.clock.since_start))
        return out
