"""What all parts of a run share: the context of the run, and its members."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.recipe import Recipe
from sketchfit.data.content_ids import content_ids
from sketchfit.data.store import Store
from sketchfit.data.table import Table
from sketchfit.runs.folder import RunFolder
from sketchfit.tracking.clock import Clock
from sketchfit.tracking.console import Console
from sketchfit.tracking.dispatcher import Dispatcher
from sketchfit.training.engine import Engine


@dataclass(frozen=True)
class Member:
    """One recipe of a run with its images.

    Attributes:
        name: of the folder of its networks.
        recipe: the member's own.
        train: images of the training table.
        test: images of the test table.
    """

    name: str
    recipe: Recipe
    train: Store
    test: Store


@dataclass(frozen=True)
class RunContext:
    """What does not change while a run works.

    Attributes:
        run: the run's folder.
        recipe: of the run; each member has its own.
        table: the checked tables.
        engine: device and processes.
        console: silent in all processes but the main one.
        dispatcher: to trackers and notifiers.
        clock: time by stage.
    """

    run: RunFolder
    recipe: Recipe
    table: Table
    engine: Engine
    console: Console
    dispatcher: Dispatcher = field(default_factory=Dispatcher)
    clock: Clock = field(default_factory=Clock)

    @cached_property
    def row_ids(self) -> NDArray[np.uint64]:
        """Numbers that name the content of all images, training rows first, then test rows: uint64 [N + M]."""
        table = self.table
        return content_ids(table.root, (*table.train.paths, *table.test.paths))
