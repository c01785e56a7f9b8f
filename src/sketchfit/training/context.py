"""What all parts of a run share: the context of the run, its members, and who trains its networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.recipe import Recipe
from sketchfit.data.content_ids import content_ids
from sketchfit.data.store import Store
from sketchfit.data.table import Table
from sketchfit.runs.folder import RunFolder
from sketchfit.runs.networks import NetworkFolder
from sketchfit.tracking.clock import Clock
from sketchfit.tracking.console import Console
from sketchfit.tracking.dispatcher import Dispatcher
from sketchfit.training.engine import Engine
from sketchfit.training.fold_result import FoldResult


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


class TrainingExecutor(Protocol):
    """Trains units: one after the other in this process, or several at the same time elsewhere.

    However it does so, the bits of the networks and the files in the run's folder are the same.
    """

    @property
    def at_once(self) -> int:
        """Most units that it trains at the same time."""

    def train(self, units: Sequence[TrainingUnit]) -> list[FoldResult]:
        """Train the units that are not finished; return the result of each, in their order.

        Raises:
            UserError: of a unit; the others keep their checkpoints.
        """


@dataclass(frozen=True)
class OneByOne:
    """Trains units in this process, in their order."""

    at_once: int = 1

    def train(self, units: Sequence[TrainingUnit]) -> list[FoldResult]:
        """Train the units; see `TrainingExecutor`."""
        return [unit.train(unit.context) for unit in units]


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
        executor: trains the networks.
    """

    run: RunFolder
    recipe: Recipe
    table: Table
    engine: Engine
    console: Console
    dispatcher: Dispatcher = field(default_factory=Dispatcher)
    clock: Clock = field(default_factory=Clock)
    executor: TrainingExecutor = OneByOne()

    @cached_property
    def row_ids(self) -> NDArray[np.uint64]:
        """Numbers that name the content of all images, training rows first, then test rows: uint64 [N + M]."""
        table = self.table
        return content_ids(table.root, (*table.train.paths, *table.test.paths))


@dataclass(frozen=True)
class TrainingUnit:
    """The training of one network: what is done at a time, and what can be done elsewhere.

    Attributes:
        context: of the run; a unit that is trained elsewhere gets another one, whose folder has nothing but the files
            of this network.
        folder: name of the folder of the member's networks.
        fold: number.
        train: trains the network into the folder of a context, unless that is done, and returns its probabilities. It
            must be possible to pickle it.
        fingerprint: of the finished network; None: any finished network is this one, or an error.
        prepare: writes into the network's folder what the training reads there and a training elsewhere cannot compute.
    """

    context: RunContext
    folder: str
    fold: int
    train: Callable[[RunContext], FoldResult]
    fingerprint: str | None = None
    prepare: Callable[[], object] | None = None

    @property
    def network(self) -> NetworkFolder:
        """Where the network is stored."""
        return self.context.run.network(self.folder, self.fold)

    @property
    def name(self) -> str:
        """`MEMBER/foldK`."""
        return self.network.name

    @property
    def is_done(self) -> bool:
        """Whether the network is finished."""
        return self.network.is_done(self.fingerprint)
