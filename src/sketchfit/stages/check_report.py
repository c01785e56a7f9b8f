"""What the checks of a run found: trials of its networks, time, memory and disk."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sketchfit.tracking.console import duration
from sketchfit.tracking.outlook import ExpectedTraining
from sketchfit.training.trial import Trial
from sketchfit.wording import size_text

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CheckReport:
    """What was found. All sizes and times are estimates, and those of trainings are 0 where none is left.

    Attributes:
        trials: of each kind of network that was tried, by name.
        seconds: of all trainings that are left, with the networks' probabilities.
        memory: bytes of the training that needs most.
        disk: bytes of image stores and of the run's folder.
        notes: further facts for the user.
        trainings: by the name of the network, number and seconds of those that are left.
    """

    trials: Mapping[str, Trial]
    seconds: float
    memory: int
    disk: int
    notes: tuple[str, ...] = ()
    trainings: Mapping[str, ExpectedTraining] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        """Yield what was found, one line per fact."""
        for name, trial in self.trials.items():
            size = f"{trial.parameters:,} parameters, {size_text(trial.weights)} of weights"
            yield f"{name}: a trial of its training works; {size}"
        if self.trials:
            yield (
                f"estimate: about {duration(self.seconds)} of training, {size_text(self.memory)} of memory, "
                f"{size_text(self.disk)} on disk; the stages after training are not included"
            )
        yield from self.notes

    def log(self) -> None:
        """Print what was found."""
        for line in self.lines():
            log.info(line)
