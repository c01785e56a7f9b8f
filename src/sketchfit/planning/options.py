"""What can be run next: heads on frozen features, and networks, with their costs and what is done of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sketchfit.planning.deadline import SLOW, TimeLeft
from sketchfit.planning.value import Networks


@dataclass(frozen=True)
class BankOption:
    """A bank member: a head on frozen features, all folds at once.

    Attributes:
        name: of the member.
        seconds: that it takes, with its pass over the images.
        size: side of the input in pixels.
        done: whether it is finished.
        filler: whether it is fitted only where nothing else fits.
        slow: see `deadline.slow_factor`.
        after: seconds of decoding and after its pass over the images, in which it cannot be stopped; None: all of them.
    """

    name: str
    seconds: float
    size: int
    done: bool = False
    filler: bool = False
    slow: float = SLOW
    after: float | None = None

    def fits(self, left: TimeLeft) -> bool:
        """Return whether it fits, even if the part that cannot be stopped is slow."""
        after = self.seconds if self.after is None else self.after
        return self.seconds <= left.before(after, self.slow)


@dataclass(frozen=True)
class NetworkOption:
    """A member that is fine-tuned, fold by fold.

    Attributes:
        name: of the member.
        start: seconds before the first update of a fold.
        epoch: seconds per epoch.
        after: seconds after the last update.
        updates: per epoch.
        size: side of the input in pixels.
        prior: see `value.Networks`.
        done: epochs of the finished folds.
        folds_done: numbers of these folds.
        once: seconds before the first fold, of what all folds share.
        copying: seconds per copy of the output of frozen layers, one per epoch, which is stored for all folds.
        copies: most copies.
        slow: see `deadline.slow_factor`.
        doubt: a network may take so many times as long as estimated; above 1 where none of the member was trained yet.
        follows: member whose folds must all be finished before; empty: none.
        failed: whether a training of it has failed, so that no further one is begun.
        decoding: the part of `once` in which images are decoded; it cannot be stopped.
    """

    name: str
    start: float
    epoch: float
    after: float
    updates: float
    size: int
    prior: float = 0.0
    done: tuple[int, ...] = ()
    folds_done: tuple[int, ...] = ()
    once: float = 0.0
    copying: float = 0.0
    copies: int = 0
    slow: float = SLOW
    doubt: float = 1.0
    follows: str = ""
    failed: bool = False
    decoding: float = 0.0

    def allowed(self, left: TimeLeft) -> float:
        """Return the seconds that its next networks may take by the estimates."""
        decoding = 0.0 if self.done else self.decoding
        return left.before(decoding + self.after, self.slow) / self.doubt

    def seconds(self, epochs: int, folds: int = 1) -> float:
        """Return the time of the next folds, one after the other."""
        return self.shared(epochs) + folds * self.each(epochs)

    def shared(self, epochs: int) -> float:
        """Return the time before the next fold, of what all folds share."""
        return (0.0 if self.done else self.once) + self.stored(epochs)

    def each(self, epochs: int) -> float:
        """Return the time of a fold, without what all folds share."""
        return self.start + epochs * self.epoch + self.after

    def stored(self, epochs: int) -> float:
        """Return the seconds in which the output of frozen layers is stored, without copies of finished networks."""
        return self.copying * max(0, min(epochs, self.copies) - max(self.done, default=0))

    def longest(self, seconds: float) -> int:
        """Return the most epochs of the next fold in this time."""
        count = int((seconds - self.seconds(0)) / self.epoch)
        while count > 0 and self.seconds(count) > seconds:
            count -= 1
        return count

    def with_folds(self, count: int, epochs: int) -> Networks:
        """Return its networks with so many more folds."""
        return Networks(self.done + (epochs,) * count, self.updates, self.size, self.prior)


@dataclass(frozen=True)
class Options:
    """Everything that can be run.

    Attributes:
        banks: the first one gives the first answer.
        networks: of all members.
        folds: their numbers, in the order in which they are trained.
        answered: whether there is an answer; it may be by members that are not among these.
        at_once: networks that are trained at the same time.
        least_folds: folds that each member should have, so that members are compared on enough rows.
    """

    banks: Sequence[BankOption]
    networks: Sequence[NetworkOption]
    folds: tuple[int, ...]
    answered: bool = False
    at_once: int = 1
    least_folds: int = 1

    @property
    def networks_open(self) -> list[NetworkOption]:
        """Members of which a further network may be trained now."""
        complete = {one.name for one in self.networks if len(one.done) == len(self.folds)}
        return [
            one
            for one in self.networks
            if not one.failed and one.name not in complete and one.follows in {"", *complete}
        ]

    @property
    def networks_done(self) -> list[Networks]:
        """Networks that are finished."""
        return [one.with_folds(0, 0) for one in self.networks if one.done]

    @property
    def unfinished(self) -> list[NetworkOption]:
        """Members with fewer folds than they should have, which can still be trained."""
        return [one for one in self.networks_open if 0 < len(one.done) < self.least_folds]

    @property
    def has_bank(self) -> bool:
        """Whether a bank member is finished; the first answer is by one."""
        return self.answered or any(bank.done for bank in self.banks)
