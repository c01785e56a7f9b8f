"""The folder of one trained network: weights, probabilities of its out-of-fold and test rows, views, history."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sketchfit.checksum import DamagedError
from sketchfit.errors import RunError, UserError
from sketchfit.moving import delete_file
from sketchfit.regular import read_regular
from sketchfit.runs.arrays import find_npz, write_npz
from sketchfit.runs.artefact import FINISH, Artefact
from sketchfit.runs.file_crc import file_crc, has_crc
from sketchfit.runs.large_arrays import is_large
from sketchfit.runs.probabilities import Probabilities, read_probabilities, write_probabilities

MOST_HISTORY = 1 << 26
"""Bytes of `history.csv`."""

Split = Literal["oof", "test"]
Floats = NDArray[np.float32]


class Done(Artefact):
    """That a network is trained and its probabilities are written.

    Attributes:
        fingerprint: digest of all that decides it.
        seconds: that the training and the probabilities took.
        test: name of the store of the test images; empty in folders of before it was written down.
        history: checksum of `history.csv`, which cannot hold its own; empty likewise.
    """

    PLACE = "done.json"
    fingerprint: str
    seconds: float
    test: str = ""
    history: str = ""

    def _as_json(self, content: dict[str, Any]) -> Any:
        return {key: value for key, value in content.items() if key not in ("test", "history") or value}


@dataclass(frozen=True)
class NetworkFolder:
    """Paths and files of one network.

    Attributes:
        path: the folder, `members/NAME/foldK` or `derived/NAME/foldK`.
    """

    path: Path

    @property
    def name(self) -> str:
        """`NAME/foldK`."""
        return f"{self.path.parent.name}/{self.path.name}"

    @property
    def fold(self) -> int:
        """Number of the fold, K."""
        return int(self.path.name.removeprefix("fold"))

    @property
    def weights(self) -> Path:
        """The trained weights."""
        return self.path / "model.safetensors"

    @property
    def done(self) -> Done:
        """What is stored of the finished training."""
        return Done.read(self.path)

    @contextmanager
    def naming(self) -> Iterator[None]:
        """Add to an error of reading its files how the network is trained again."""
        try:
            yield
        except UserError as error:
            if type(error) not in (UserError, RunError):  # missing images or packages: the network is not at fault
                raise
            raise RunError(error.problems, self._again) from error

    @property
    def _again(self) -> str:
        return f"Delete the folder {self.path}, and run the command that made it: only this is trained again."

    def is_done(self, fingerprint: str | None = None) -> bool:
        """Return whether the network is finished, and is the one with this fingerprint."""
        done = Done.find(self.path)
        return done is not None and fingerprint in (None, done.fingerprint)

    def finish(self, fingerprint: str, seconds: float, test: str = "") -> None:
        """Mark the network as finished; everything else must be written before. `test`: store of the test images."""
        path = self.path / "history.csv"
        history = file_crc(path) if path.is_file() else ""
        Done(fingerprint=fingerprint, seconds=round(seconds, 1), test=test, history=history).write(self.path)

    def probabilities(self, split: Split) -> Probabilities:
        """Read the probabilities of the out-of-fold or the test rows."""
        with self.naming():
            return read_probabilities(self.path / f"{split}.npz")

    def write_probabilities(self, split: Split, row: NDArray[np.int64], prob: Floats) -> None:
        """Write the probabilities of the out-of-fold or the test rows."""
        write_probabilities(self.path / f"{split}.npz", row, prob)

    def views(self, split: Split, fingerprint: str) -> dict[str, Floats]:
        """Read the probabilities of each test-time view, float32 [n, C]; none where another network made them, or where
        the file is damaged."""
        path = self.path / f"{split}_views.npz"
        arrays = find_npz(path, mapped=path.is_file() and is_large(path.stat().st_size)) or {}
        if not arrays or arrays["fingerprint"].item() != fingerprint:
            return {}
        return {name.removeprefix("view:"): value for name, value in arrays.items() if name.startswith("view:")}

    def write_views(self, split: Split, fingerprint: str, views: Mapping[str, Floats]) -> None:
        """Write the probabilities of each test-time view, float32 [n, C]."""
        arrays = {f"view:{name}": value for name, value in views.items()}
        write_npz(self.path / f"{split}_views.npz", {"fingerprint": np.array(fingerprint)} | arrays)

    def forget_views(self, split: Split) -> None:
        """Delete the probabilities of test-time views."""
        delete_file(self.path / f"{split}_views.npz")

    def history(self) -> pd.DataFrame:
        """Read the table of epochs; it has neither rows nor columns where there was no epoch.

        Raises:
            UserError: there is none, or it is damaged.
        """
        path = self.path / "history.csv"
        try:
            if (done := Done.find(self.path)) and done.history and not has_crc(path, done.history):
                raise DamagedError
            content = read_regular(path, MOST_HISTORY)
            return pd.DataFrame() if content == b"\n" else pd.read_csv(io.BytesIO(content))
        except FileNotFoundError as error:
            raise RunError(f"{path} is missing", FINISH) from error
        except (OSError, ValueError) as error:
            raise RunError(f"{path} is damaged: {error}", self._again) from error
