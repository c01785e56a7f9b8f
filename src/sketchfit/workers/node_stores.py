"""The image stores of a node: found in its cache or on shared storage, else built once from the data."""

from __future__ import annotations

import socket
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from sketchfit.config.recipe import Recipe
from sketchfit.data.store import Store, stored
from sketchfit.data.store_files import INDEX
from sketchfit.data.stores import cache_folder, load_store
from sketchfit.data.table import Table
from sketchfit.errors import DataError
from sketchfit.tracking.console import Console
from sketchfit.training.context import Member
from sketchfit.workers.parcel import MemberName, StoreName

SAME = "Put the data at the same path on every node, or on storage that all of them share."


def open_member(name: MemberName, table: Table, console: Console) -> Member:
    """Open the images of a member on this node.

    Raises:
        UserError: they are neither in its cache nor below the data's path, or they are others.
    """
    train = _opened(name.train, name.recipe, table, console)
    test = without_rows(train) if name.test is None else _opened(name.test, name.recipe, table, console)
    return Member(name.name, name.recipe, train, test)


def without_rows(store: Store) -> Store:
    """Return a store of no images."""
    return replace(store, images=np.array(store.images[:0]), paper=store.paper[:0], errors=(), damage=())


def check_data(root: Path) -> None:
    """Refuse a node without the data.

    Raises:
        UserError: the folder is not there.
    """
    if not root.is_dir():
        raise DataError(f"{socket.gethostname()}: {root} is not there", SAME)


def _opened(name: StoreName, recipe: Recipe, table: Table, console: Console) -> Store:
    for folder in (name.folder, cache_folder(recipe) / name.folder.name):
        if (folder / INDEX).is_file():
            return _stored(folder)
    check_data(table.root)
    rows = table.train if name.split == "train" else table.test
    built = load_store(table, rows, name.split, recipe, console)
    if name.folder.name not in (built.folder.name, *built.names):
        raise DataError(
            f"{socket.gethostname()}: the {name.split} images below {table.root} are not those of the run", SAME
        )
    return replace(built, folder=built.folder.with_name(name.folder.name))


@lru_cache(maxsize=16)
def _stored(folder: Path) -> Store:
    return stored(folder)
