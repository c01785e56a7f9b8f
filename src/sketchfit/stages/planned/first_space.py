"""Disk space of a run with a deadline: what its first answer needs, and the image stores that it may add."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace

from sketchfit.bank.cache import LEAST_WIDTH
from sketchfit.data.stores import cache_folder
from sketchfit.disk import existing_folder
from sketchfit.errors import Problems
from sketchfit.planning.ladder import Rung
from sketchfit.stages.context import RunContext
from sketchfit.stages.disk_space import HALF, Need, check_space, store_needs
from sketchfit.stages.planned.more_folds import with_more_folds
from sketchfit.stages.planned.start import member_of
from sketchfit.stages.resources import PlannedNetwork

log = logging.getLogger(__name__)


def check_first_space(context: RunContext, rungs: Sequence[Rung]) -> None:
    """Compare the free space with what the first answer needs, and print a note where further members may not fit.

    Raises:
        UserError: there is no space for the first answer.
    """
    problems = Problems()
    found = check_space(list(_needs(context, rungs)), problems)
    problems.stop()
    for note in found.notes:
        log.info(note)


def _needs(context: RunContext, rungs: Sequence[Rung]) -> Iterator[Need]:
    """Yield what the first member needs, and the stores of all other sizes, which may come.

    The number of its features is not known yet; without space for them they are computed again where they are needed.
    """
    table, folder = context.table, context.run.path
    by_size = {rung.size: rung for rung in reversed(rungs)}
    networks = {
        size: PlannedNetwork(rung.name, member_of(context.recipe, rung.settings, rung.name), 1, folder)
        for size, rung in by_size.items()
    }
    first = networks.pop(rungs[0].size)
    yield from store_needs([first], table)
    yield from (replace(one, least=0) for one in store_needs(list(networks.values()), table))
    images = rungs[0].passes * (len(table.train) + len(table.test))
    cache = existing_folder(cache_folder(first.recipe))
    yield Need(cache, "frozen features", 0, HALF * LEAST_WIDTH * images)
    folds = with_more_folds(first.recipe, table).folds.k
    probabilities = 4 * table.class_count * (len(table.train) + folds * len(table.test))
    yield Need(existing_folder(folder), "probabilities", probabilities, probabilities)
