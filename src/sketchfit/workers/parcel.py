"""A unit as bytes: paths, recipes and rows travel, images never do.

Members are replaced by the names of their image stores, which each node has or builds itself.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from sketchfit.config.recipe import Recipe
from sketchfit.data.store import Store
from sketchfit.data.table import Table
from sketchfit.training.context import Member, RunContext, TrainingUnit
from sketchfit.training.fold_result import FoldResult
from sketchfit.workers.messages import Files
from sketchfit.workers.network_files import read_files

DISPATCHER = "dispatcher"
"""Stands for the dispatcher of the run."""

Train = Callable[[RunContext], FoldResult]


@dataclass(frozen=True)
class SharedParcel:
    """What all units of a run need.

    Attributes:
        run: the run's folder, as the run names it.
        table: the checked tables: names of images, no images.
        row_ids: uint64 [N + M], see `RunContext.row_ids`.
        threads: of a unit.
    """

    run: Path
    table: Table
    row_ids: NDArray[np.uint64]
    threads: int

    @classmethod
    def of(cls, context: RunContext, threads: int) -> SharedParcel:
        """Return what the units of a run need; the working folder of a node may be another one."""
        table = replace(context.table, root=context.table.root.resolve())
        return cls(context.run.path, table, context.row_ids, threads)


@dataclass(frozen=True)
class UnitParcel:
    """A unit.

    Attributes:
        recipe: of the run.
        folder: name of the folder of the member's networks.
        fold: number.
        train: what trains it, pickled by `packed`.
        files: of the network's folder: checkpoints of an earlier start.
    """

    recipe: Recipe
    folder: str
    fold: int
    train: bytes
    files: Files

    @classmethod
    def of(cls, unit: TrainingUnit) -> UnitParcel:
        """Return the parcel of a unit, with the present files of its network's folder."""
        files = read_files(unit.network.path, checkpoints=True)
        return cls(unit.context.recipe, unit.folder, unit.fold, packed(unit), files)


@dataclass(frozen=True)
class StoreName:
    """An image store.

    Attributes:
        split: the table of its images.
        folder: where the run has it; its name names the content of the images.
    """

    split: str
    folder: Path


@dataclass(frozen=True)
class MemberName:
    """A member without its images."""

    name: str
    recipe: Recipe
    train: StoreName
    test: StoreName | None


Opener = Callable[[MemberName], Member]


class _Packer(pickle.Pickler):
    """Pickles what trains a unit; members and the dispatcher are replaced."""

    def __init__(self, file: io.BytesIO, context: RunContext) -> None:
        super().__init__(file)
        self._context = context

    @override
    def persistent_id(self, obj: Any) -> Any:
        if obj is self._context.dispatcher:
            return DISPATCHER
        if isinstance(obj, Member):
            test = StoreName("test", obj.test.folder.resolve()) if len(obj.test.errors) else None
            return MemberName(obj.name, obj.recipe, StoreName("train", obj.train.folder.resolve()), test)
        if isinstance(obj, Store | RunContext):
            raise TypeError(f"a unit must not carry a {type(obj).__name__}")
        return None


class _Unpacker(pickle.Unpickler):
    """Reads what `_Packer` wrote."""

    def __init__(self, file: io.BytesIO, opened: Opener, dispatcher: Any) -> None:
        super().__init__(file)
        self._opened, self._dispatcher = opened, dispatcher

    @override
    def persistent_load(self, pid: Any) -> Any:
        return self._opened(pid) if isinstance(pid, MemberName) else self._dispatcher


def packed(unit: TrainingUnit) -> bytes:
    """Return what trains a unit as bytes.

    Raises:
        TypeError: it would carry images.
    """
    file = io.BytesIO()
    _Packer(file, unit.context).dump(unit.train)
    return file.getvalue()


def unpacked(content: bytes, opened: Opener, dispatcher: Any) -> Train:
    """Return what trains a unit.

    Args:
        content: of `packed`.
        opened: opens the images of a member.
        dispatcher: takes the place of the run's.
    """
    train: Train = _Unpacker(io.BytesIO(content), opened, dispatcher).load()
    return train
