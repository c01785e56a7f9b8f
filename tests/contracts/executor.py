"""The contract of executors, which train the units of a run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sketchfit.config.parse import parse_recipe
from sketchfit.data.folds import Fold
from sketchfit.training.bank_member import member_units
from sketchfit.training.context import RunContext, TrainingExecutor, TrainingUnit
from sketchfit.training.divergence import DivergedError
from tests.factories import open_context, tiny_recipe

Make = Callable[[RunContext], TrainingExecutor]

FOLDS = tuple(Fold(number, np.arange(32)[np.arange(32) % 2 != number], np.arange(number, 32, 2)) for number in (0, 1))


def check_executor(make: Make, folder: Path, data: Path) -> None:
    """Check an executor: results in order, the files of a run, nothing trained twice, errors of a training.

    Args:
        make: returns a new executor for a context.
        folder: empty.
        data: drawings.
    """
    context, units = units_of(folder / "run", data)
    executor = make(context)
    found = executor.train(units)
    assert [one.rows.tolist() for one in found] == [fold.valid.tolist() for fold in FOLDS]
    assert files_of(context.run.path) == expected_files(folder, data)
    before = {path: path.stat().st_mtime_ns for path in context.run.path.rglob("model.safetensors")}
    again = executor.train(units[::-1])
    assert [one.rows.tolist() for one in again] == [fold.valid.tolist() for fold in FOLDS[::-1]]
    assert {path: path.stat().st_mtime_ns for path in before} == before
    _check_error(make, folder / "error", data)


def _check_error(make: Make, folder: Path, data: Path) -> None:
    context, units = units_of(folder, data, lr=1e30)
    for finished, unit in enumerate(units):
        with pytest.raises(DivergedError) as caught:
            make(context).train([unit])
        assert f"fold{finished}" in caught.value.problems[0]
        assert "optimizer.lr" in caught.value.hint
        assert (f"{folder} has 1 network finished" if finished else "no network is finished") in caught.value.hint
        assert not unit.is_done
        assert (unit.network.path / "divergence.json").is_file()
        units_of(folder, data)[1][0].train(context)


def units_of(folder: Path, data: Path, lr: float = 2e-3, epochs: int = 2) -> tuple[RunContext, list[TrainingUnit]]:
    """A context, and the units of one member with two folds."""
    recipe = parse_recipe(tiny_recipe({"optimizer": {"lr": lr}, "training": {"epochs": epochs}}))
    context, members = open_context(folder, data, recipe)
    (member,) = members.values()
    return context, member_units(context, replace(member, name="net"), FOLDS, context.dispatcher)


def expected_files(folder: Path, data: Path, epochs: int = 2) -> dict[str, str]:
    """The files of a run that trains one network after the other; trained once per data folder."""
    if (data, epochs) not in _EXPECTED:
        context, units = units_of(folder / "expected", data, epochs=epochs)
        for unit in units:
            unit.train(context)
        _EXPECTED[data, epochs] = files_of(context.run.path)
    return _EXPECTED[data, epochs]


_EXPECTED: dict[tuple[Path, int], dict[str, str]] = {}


def files_of(run: Path) -> dict[str, str]:
    """The digest of each file of networks that does not depend on the time; of weights, that of their tensors."""
    return {
        path.relative_to(run).as_posix(): hashlib.sha256(_content(path)).hexdigest()
        for path in sorted((*run.glob("members/**/*"), *run.glob("derived/**/*")))
        if path.is_file() and path.name not in ("done.json", "history.csv", "log.txt")
    }


def _content(path: Path) -> bytes:
    """The bytes of a file; its library writes the facts about weights in any order."""
    content = path.read_bytes()
    if path.suffix != ".safetensors":
        return content
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    return json.dumps(header, sort_keys=True).encode() + content[end:]
