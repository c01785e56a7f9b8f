"""`last.ckpt` and `previous.ckpt`: all that a training needs to continue as if it had not stopped.

They consist of tensors and numbers; reading them runs no code. `previous.ckpt` is older than `last.ckpt` and at the end
of an epoch. A training that continues from it takes the same steps again, so it ends with the same weights.
"""

from __future__ import annotations

import logging
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from sketchfit.checksum import DamagedError
from sketchfit.errors import UserError
from sketchfit.files import atomic
from sketchfit.interruption import postponed_stop
from sketchfit.models.plain_pickle import load_plain
from sketchfit.moving import delete_file, move
from sketchfit.regular import check_archive

LAST, PREVIOUS = "last.ckpt", "previous.ckpt"

OTHER = "is of other settings, images, folds or start weights, or of an older version"
"""What is wrong with a checkpoint of another training."""

log = logging.getLogger(__name__)

State = dict[str, Any]


@dataclass
class Checkpoints:
    """The checkpoints of one training.

    Attributes:
        folder: of the training.
        fingerprint: of the training; checkpoints of another one are not read.
        rotates: whether the next one keeps the present `last.ckpt` as `previous.ckpt`.
        known: whether a checkpoint of this training was read or written.
    """

    folder: Path
    fingerprint: str
    rotates: bool = False
    known: bool = False

    def save(self, state: State) -> None:
        """Write a checkpoint atomically: a process killed at any moment leaves an earlier one or this one."""
        last, previous = self.folder / LAST, self.folder / PREVIOUS
        with postponed_stop():
            with atomic(last) as temporary:
                with temporary.open("wb") as file:  # by a path, torch hides why it cannot write
                    torch.save(state, file)
                if self.rotates and last.is_file():
                    move(last, previous)
            if not self.known:
                delete_file(previous)  # of another training, or damaged
            self.known, self.rotates = True, is_at_epoch(state)

    def load(self) -> State | None:
        """Read the newest checkpoint that is complete; None where there is none. A damaged one is logged."""
        damaged = []
        for name in (LAST, PREVIOUS):
            state, problem = self._read(self.folder / name)
            if problem == OTHER:
                log.warning(f"{self.folder / name} {OTHER}; it is not used")
            elif problem:
                damaged.append(f"{self.folder / name} is damaged ({problem})")
            if state is not None:
                self.known, self.rotates = True, name == LAST and is_at_epoch(state)
                if damaged:
                    log.warning(f"{damaged[0]}; the training continues from the checkpoint before it")
                return state
        if damaged:
            log.warning(f"{' and '.join(damaged)}; the training starts again")
        return None

    def of_epoch(self, epoch: int) -> State | None:
        """Read the checkpoint at the start of an epoch, from 0; None where there is none."""
        for name in (LAST, PREVIOUS):
            state, _ = self._read(self.folder / name)
            if state is not None and state["epoch"] == epoch and is_at_epoch(state):
                return state
        return None

    def _read(self, path: Path) -> tuple[State | None, str]:
        """Return the state of a checkpoint, and what is wrong with its file."""
        if not path.is_file():
            return None, ""
        try:
            state = read_checkpoint(path)
        except UserError:  # an old torch reads none
            raise
        except Exception as error:  # zipfile and torch raise many kinds for bytes that are not their own
            return None, str(error).partition("\n")[0] or type(error).__name__
        return (state, "") if state.get("fingerprint") == self.fingerprint else (None, OTHER)


def is_at_epoch(state: State) -> bool:
    """Return whether a checkpoint is at the end of an epoch."""
    return bool(state["batch"] == 0)


def read_checkpoint(path: Path) -> State:
    """Read a checkpoint, whose bytes are first compared with the checksums in it.

    Raises:
        Exception: of any kind, where it is damaged.
    """
    check_archive(path)
    with zipfile.ZipFile(path) as archive:
        if archive.testzip() is not None:
            raise DamagedError
    state: State = load_plain(path)
    return state


def delete_checkpoints(folder: Path) -> None:
    """Delete the checkpoints of a training that is finished."""
    for name in (LAST, PREVIOUS):
        delete_file(folder / name)
